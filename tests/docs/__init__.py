"""The programs of the documentation run, and what the pages claim is asked of the other side.

For: a page of ``docs``, its programs and its claims.

Not for: the behaviour that a page tells of, which has its test elsewhere.
"""
