"""Bytes: parsers and their laws, chunks, the body buffer, states, tables; the wire cases on all of them.

For: parsers and that they agree, chunks, where limits come from, states, byte tables.

Not for: a message that somebody got wrong, which is a row of ``tests/cases``.
"""
