"""The common cycle of an HTTPConnection: a GET of a path over a kept plain socket, and a plain response to it.

``HTTPConnection`` asks its ``Cycle`` first. What is not common is declined, before anything has been done, and the
methods of the connection do it step by step. So this may know a little, and has to be sure of it: that the class of the
connection is as it was when its methods were last found to be our own (``Backend.version_of`` tells), and that the
connection has none of them of its own. That is read from its ``__dict__``, as the rest is, which takes a tenth of what
it takes to ask for attributes.

Compiled too, with the types of ``cycle.pxd``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from .._backends.contract import Backend, Engine
from .._io.source import LINE, STANDARD_SOCKET, SocketSource
from .._wire.annotations import Any, Final
from .._wire.grammar import Limits
from .._wire.plain import Plain, take_plain_response
from .._wire.state import IDLE, REQ_SENT, UNREAD

# Of the attributes of a connection, the private ones are those of its class.
_STATE: Final = "_HTTPConnection__state"
_SPENT: Final = "_HTTPConnection__spent"
_RESPONSE: Final = "_HTTPConnection__response"
_READ_HERE: Final = (
    "host", "port", "_tunnel_host", "max_response_headers", "sock", "_buffer", "_method", _RESPONSE, _STATE,
    "_HTTPConnection__watch", "_HTTPConnection__itself", _SPENT, "_HTTPConnection__is_sending",
)  # fmt: skip
"""What is read or set in an instance, in the order in which ``HTTPConnection.__init__`` sets them, in a row."""
_OF_THE_ANSWER: Final = ("response_class", "debuglevel", "strict", "limits")
"""What the class has, and an instance may have of its own; a response goes by it."""
OF_RESPONSES: Final = ("__init__", "begin", "_read_status", "strict", "limits")
_OF_RESPONSES: Final = OF_RESPONSES
"""What the class of a response is not asked for where the response is made here."""
_RESPONSE_SLOTS: Final = (
    "_source", "_head", "_plain", "_method", "_owner", "status", "code", "reason", "version", "will_close",
    "_is_reading", "debuglevel", "_headers", "_reader", "_witness", "_failure", "_msg",
)  # fmt: skip
UNKNOWN: Final[Any] = "UNKNOWN"
"""What a response has where nothing is known yet, as in http.client."""
_IDLE: Final = IDLE
_REQ_SENT: Final = REQ_SENT
_UNREAD: Final = UNREAD
_sendall: Final = STANDARD_SOCKET.sendall


class Cycle:
    """What one connection needs to know for it; and what does it."""

    __slots__ = ("_backend", "_host", "_host_field", "_is_quiet", "_later", "_make", "_may_answer", "_port",
                 "_position", "_response_class", "_response_slots", "_response_steps", "_response_version",
                 "_seen_version", "_send", "_serialize", "_steps", "_values_of", "_version", "_version_of")  # fmt: skip

    def __init__(
        self,
        backend: Backend,
        engine: Engine,
        steps: tuple[str, ...],
        response_class: type,
        response_steps: tuple[object, ...],
    ) -> None:
        """*steps*: the methods and values of the connection's class that a request goes by.

        *response_steps*: the original ones of OF_RESPONSES.
        """
        self._backend = backend
        self._serialize = backend.serialize_request_head
        self._version_of = backend.version_of
        self._values_of = backend.values_of
        self._is_quiet = engine.is_quiet
        self._send = engine.send_at_once
        self._steps = steps
        self._make = backend.with_slots
        self._version = 0  # of the connection's class; 0: it has to be asked
        self._seen_version = 0  # of the class that was last looked at
        self._response_version = 0  # of *response_class*
        self._response_class = response_class
        self._response_slots = tuple(map(response_class.__dict__.__getitem__, _RESPONSE_SLOTS))
        self._response_steps = response_steps
        self._position = 0  # of what is read here among the attributes of the connection, none of which is a step
        self._later: tuple[str, ...] = ()  # its attributes behind those
        self._may_answer = False
        self._host: Any = None
        self._port: Any = None
        self._host_field = b""

    def __reduce__(self) -> Any:
        return _nothing, ()

    def learn(self, kind: type, own: dict[str, Any], host: object, port: object, host_field: bytes) -> None:
        """Note that *kind* and *own* replace none of the steps, and what Host is for a connection to *host*, *port*."""
        version: int = self._version_of(kind)
        is_known = version == self._seen_version and host is self._host and port is self._port
        if is_known and self._values_of(own, self._position, _READ_HERE, self._later) is not None:
            return
        self._version = 0
        self._seen_version = version
        self._host, self._port, self._host_field = host, port, host_field
        keys = tuple(own)
        self._position = keys.index(_READ_HERE[0]) if _READ_HERE[0] in own else 0
        self._later = keys[self._position + len(_READ_HERE) :]
        attributes: tuple[Any, Any] = (kind.__getattribute__, kind.__setattr__)
        if attributes != (object.__getattribute__, object.__setattr__):
            return
        for name in _READ_HERE:
            if getattr(kind, name, None) is not None:
                return
        if not own.keys().isdisjoint(self._steps) or "default_port" in own:
            return
        if self._values_of(own, self._position, _READ_HERE, self._later) is not None:
            self._version = version
            self._may_answer = own.keys().isdisjoint(_OF_THE_ANSWER)

    def learn_response(self, response: object, replaces_any: Callable[..., bool]) -> None:
        """Note whether responses like this one are made and begun as *make* does it."""
        if type(response) is self._response_class and not self._response_version:
            is_usual = not replaces_any(response, _OF_RESPONSES, self._response_steps)
            self._response_version = self._version_of(type(response)) if is_usual else 0

    def knows(self, kind: type) -> bool:
        """Return whether *kind* is the class that was learnt, and as it was then."""
        version: int = self._version
        if version and self._version_of(kind) == version:
            return True
        self._version = 0
        return False

    def knows_responses(self) -> bool:
        """The same of the class of responses."""
        version: int = self._response_version
        if version and self._version_of(self._response_class) == version:
            return True
        self._response_version = 0
        return False

    def request(
        self, connection: Any, own: dict[str, Any], method: Any, url: object, body: object, headers: Any
    ) -> bool:
        """Send a request and return True; False: it is not a common one, and nothing has been done.

        *own* is the ``__dict__`` of *connection*. Raises what ``send`` raises.
        """
        if body is not None or method != "GET" or type(url) is not str or not url or url[0] == "h":
            return False
        if not self.knows(type(connection)) or STANDARD_SOCKET.sendall is not _sendall:
            return False
        values = self._values_of(own, self._position, _READ_HERE, self._later)
        if values is None:
            return False
        (host, port, tunnel_host, _, sock, buffer, _, _, state, watch, _, spent, is_sending) = values
        if state is not _IDLE or spent or is_sending or tunnel_host is not None:
            return False
        if host is not self._host or port is not self._port or type(buffer) is not list or buffer:
            return False
        if watch is None or watch.sock is not sock:
            return False
        descriptor = watch.plain_descriptor()
        if descriptor < 0 or not self._is_quiet(descriptor):
            return False  # which is found again, and gone into
        head = self._serialize(method, url, self._host_field, headers, -1)
        if head is None or own[_STATE] is not _IDLE:  # again, with nothing in between that lets another thread in
            return False
        own[_STATE] = _REQ_SENT
        own["_method"] = method
        sys.audit("http.client.send", connection, head)
        sent = 0
        # A hook may have done anything.
        if watch.plain_descriptor() == descriptor and not own["_HTTPConnection__is_sending"]:
            sent = self._send(descriptor, head)
        if sent != len(head):
            connection._HTTPConnection__send_rest(sock, head, sent)
        return True

    def answer(self, connection: Any, own: dict[str, Any], direct: object, current_limits: Callable[[], Limits]) -> Any:
        """Return the response to the request that was sent; None: it is not a common one, and nothing has been done.

        *direct* is the class of the sockets that may be received from. Raises what ``getresponse`` raises.
        """
        if not self._may_answer or not self.knows(type(connection)) or not self.knows_responses():
            return None
        values = self._values_of(own, self._position, _READ_HERE, self._later)
        if values is None:
            return None
        (_, _, _, max_headers, sock, _, method, awaited, state, watch, itself, spent, _) = values
        if state is not _REQ_SENT or awaited is not None or max_headers is not None or itself is None:
            return None
        if type(sock) is not direct or watch is None or watch.sock is not sock:
            return None
        own[_STATE] = _UNREAD  # before the wait, so that another thread cannot ask for the same response
        if spent:
            own[_SPENT] = False
        source = SocketSource.__new__(SocketSource)  # and not a call of the class, which takes four times as much
        source.hold(sock)
        try:
            data = source.receive(LINE, -1)
        except BaseException as error:
            connection._HTTPConnection__give_up(source, error)
            raise
        plain: Plain | None = take_plain_response(self._backend, data, method, current_limits())
        if plain is None or own.get("sock") is not sock:
            return connection._HTTPConnection__go_on(source, data)
        (head, _, _, _, status, reason) = plain
        # What ``HTTPResponse(sock, 0, method)`` and ``begin`` come to.
        response = self._make(self._response_class, self._response_slots, (
            source, head, plain, method, itself, status, status, reason, 11, False, False, 0, None, None, None, None,
            UNKNOWN,
        ))  # fmt: skip
        own[_RESPONSE] = response
        return response


def _nothing() -> None:
    """Return what a connection that was pickled has in place of a Cycle: it goes step by step."""
