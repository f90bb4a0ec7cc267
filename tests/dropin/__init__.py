"""That httpconn can stand where http.client stands: CPython's own suites, other people's libraries, their habits.

For: a program or library that stands on http.client, run on both modules; a deliberate difference from it, a row with
its program in ``differences.py``.

Not for: what http.client does not have.
"""
