"""Behind http.client's two classes: what HTTPConnection does most often, done at once.

For: the common request and its response on a kept connection, over a plain socket (``cycle.py``).

Not for: what people subclass, patch and read (``connection.py`` and ``response.py``, which are never compiled); what
bytes mean (``_wire``).
"""

from .._wire.interpreter import compiled_path

__path__[:0] = compiled_path(__name__)
