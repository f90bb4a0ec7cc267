"""The protocol, without any I/O: bytes in, answers out. The only place with protocol logic.

For: a rule about bytes: a head (``head.py``, ``reference.py``), framing (``framing.py``), a body and its chunks
(``body.py``), a whole response (``reader.py``, ``plain.py``), a limit (``grammar.py``), a request head
(``request.py``), a state of a connection (``state.py``), a URL (``urls.py``, ``hosts.py``, ``references.py``); and
whether there is a compiled one of a module (``interpreter.py``).

Not for: sockets, clocks, and reading the same bytes faster, which is a backend's (``_backends``).
"""

from .interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
