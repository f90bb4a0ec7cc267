"""The commands, as they are called: what goes in, what comes out, and with which exit code.

For: an argument, a form of input, an exit code, a message, a kill and what comes after it.

Not for: what is in a file (`tests/writers`).
"""
