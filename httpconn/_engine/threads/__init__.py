"""Exchanges for threads that wait, one connection at a time: what a pool works with.

For: connections that threads share (``slots.py``), one exchange in the thread that asks for it, and its stream
(``attempt.py``), rates and ``Retry-After`` (``pacing.py``).

Not for: many connections in one thread (``_engine/many``).
"""

from ..._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
