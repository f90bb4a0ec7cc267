"""One request and its response, whoever carries them: how they are made, read, limited and decided on.

For: what pool, fetcher and AsyncClient have in common: an option (``settings.py``), how a request is made
(``preparing.py``, ``layouts.py``, ``request_fields.py``, ``request_body.py``, ``forms.py``, ``cookie_field.py``) and
sent (``job.py``, ``outgoing.py``), proxies and what they are told
(``proxies.py``, ``no_proxy.py``), how a response is read and bounded (``incoming.py``, ``fast_reading.py``,
``content_coding.py``, ``charsets.py``, ``lines.py``) and what is told of it (``response_fields.py``), where its content
goes (``sink.py``), whether it is sent once more since its kept connection was dead (``outcome.py``) and what follows
it (``follow_up.py``).

Not for: sockets and waiting (``_io``, ``_engine``); the decision itself whether to follow or to retry (``policies``).
"""

from .._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
