"""Moving bytes: sockets, TLS and file-like objects. Nothing here knows what the bytes mean.

For: opening a connection (``connect.py``, ``channel.py``), TLS in TLS (``nested.py``) and TLS sessions
(``sessions.py``), names and addresses (``lookups.py``, ``resolving.py``, ``addresses.py``), waiting (``polling.py``),
where HTTPResponse reads from (``source.py``), whether a kept connection may still be used (``watch.py``), file
descriptors (``descriptors.py``).

Not for: HTTP messages; who waits for a connection, and for how long (``_engine``).
"""

from .._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
