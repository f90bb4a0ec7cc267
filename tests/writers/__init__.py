"""Files of responses, read back by the programs that they are for.

For: a format and its columns, what of a file is whole, readers of others.

Not for: the command that writes them (`tests/cli`).
"""
