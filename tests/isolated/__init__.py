"""What must run in processes of its own: sanitizers, leaks, misuse. Not collected by pytest; `make` and CI call it.

For: sanitizers, leaks, misuse by threads and signals, interpreters.

Not for: what may share a process with other tests.
"""
