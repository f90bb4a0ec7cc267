"""Fuzzing: what must hold for any bytes at all. ``targets`` says what, ``run`` tries, ``planted`` shows its teeth.

For: a property for any bytes (``targets.py``), a bug that the fuzzer has to find (``planted.py``).

Not for: what has a known input, which is a row of ``tests/cases``.
"""
