"""What carries exchanges over connections: one at a time for a thread that waits, many for one that polls.

For: what both ways have in common: what is made once from the settings (``shared.py``), the clock of deadlines
(``clock.py``), connections that have to rest (``rests.py``), forks (``fork.py``), what is told of a request that is
traced (``tracing.py``).

Not for: what is sent and how it is read, which is the same whoever carries it (``_exchange``).
"""

from .._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
