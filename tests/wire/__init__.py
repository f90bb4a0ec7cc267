"""Bytes: parsers and their laws, chunks, the body buffer, states, tables; the wire cases on all of them."""
