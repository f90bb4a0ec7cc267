"""Exchanges over many connections in one thread, which polls: what a fetcher and an AsyncClient work with.

For: what runs when (``scheduler.py``; what not every request comes to: ``loop.py``; what connections know of it:
``state.py``), what happens on one connection (``connection.py``, the common exchange ``turn.py``), what is kept of a
host (``host.py``), how many connections may be open (``places.py``), how much content is held (``memory.py``), names
that are looked up (``names.py``), results and their order (``ordering.py``), the input (``intake.py``), rates and
``Retry-After`` (``pacing.py``), what waits for robots.txt (``robots.py``); the same under an event loop of others
(``driver.py``; who awaits which result: ``awaited.py``), which event loops those are (``runners.py``), and what stands
behind an AsyncClient: jobs with hooks to await and bodies that tasks feed (``fed.py``), sinks in threads
(``sinks.py``), many results (``results.py``).

Not for: what waits or takes a lock in the engine's thread; threads that ask (``_engine/threads``).
"""

from ..._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
