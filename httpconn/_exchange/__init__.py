"""One request and its response, whoever carries them: how they are made, read, limited and decided on.

For: what pool, fetcher and AsyncClient have in common: an option (``settings.py``), how a request is made
(``preparing.py``, ``request_body.py``, ``forms.py``, ``cookie_field.py``), proxies and what they are told
(``proxies.py``, ``no_proxy.py``), how a response is read and bounded (``incoming.py``, ``fast_reading.py``,
``content_coding.py``, ``charsets.py``, ``lines.py``), where its content goes (``sink.py``), whether it is sent again
(``outcome.py``) and what follows it (``follow_up.py``).

Not for: sockets and waiting (``_io``, ``_engine``); the decision itself whether to follow or to retry (``policies``).
"""

from .._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
