"""Fuzzing: what must hold for any bytes at all. ``targets`` says what, ``run`` tries, ``planted`` shows its teeth."""
