"""The common cycle of an HTTPConnection: a GET of a path over a kept plain socket, and a plain response to it.

``HTTPConnection`` asks its ``Cycle`` first. What is not common is declined, before anything has been done, and the
methods of the connection do it step by step. So this may know a little, and has to be sure of it: that the class of the
connection is as it was when its methods were last found to be our own (``Backend.version_of`` tells), and that the
connection has none of them of its own: that its ``__dict__`` has the keys that it had (``Backend.is_unchanged``). The
rest is read from there, too, which takes less than to ask for attributes.

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
from .._wire.state import END_OF_MESSAGE, IDLE, REQ_SENT, UNREAD

# Of the attributes of a connection, the private ones are those of its class.
_STATE: Final = "_HTTPConnection__state"
_SPENT: Final = "_HTTPConnection__spent"
_RESPONSE: Final = "_HTTPConnection__response"
_WATCH: Final = "_HTTPConnection__watch"
_ITSELF: Final = "_HTTPConnection__itself"
_IS_SENDING: Final = "_HTTPConnection__is_sending"
_CYCLE: Final = "_HTTPConnection__cycle"
_READ_HERE: Final = (
    "host", "port", "_tunnel_host", "max_response_headers", "sock", "_buffer", "_method", _RESPONSE, _STATE, _WATCH,
    _ITSELF, _SPENT, _IS_SENDING,
)  # fmt: skip
"""What is read or set in an instance, and so must be no property of its class."""
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
_END_OF_MESSAGE: Final = END_OF_MESSAGE
_IDLE: Final = IDLE
_REQ_SENT: Final = REQ_SENT
_UNREAD: Final = UNREAD
_sendall: Final = STANDARD_SOCKET.sendall
_audit: Final = sys.audit


class Cycle:
    """What one connection needs to know for it; and what does it."""

    __slots__ = ("_backend", "_count", "_has_version", "_host", "_host_field", "_is_quiet", "_is_unchanged", "_last",
                 "_make", "_may_answer", "_originals", "_port", "_response_class", "_response_slots", "_response_steps",
                 "_response_version", "_seen_version", "_send", "_serialize", "_steps", "_version",
                 "_version_of")  # fmt: skip

    def __init__(
        self,
        backend: Backend,
        engine: Engine,
        steps: tuple[str, ...],
        originals: tuple[object, ...],
        response_class: type,
        response_steps: tuple[object, ...],
    ) -> None:
        """*steps*: the methods and values of the connection's class that are done without here; the original ones.

        *response_steps*: the original ones of OF_RESPONSES.
        """
        self._backend = backend
        self._serialize = backend.serialize_request_head
        self._version_of = backend.version_of
        self._has_version = backend.has_version
        self._is_unchanged = backend.is_unchanged
        self._is_quiet = engine.is_quiet
        self._send = engine.send_at_once
        self._steps = steps
        self._originals = originals
        self._make = backend.with_slots
        self._version = 0  # of the connection's class; 0: it has to be asked
        self._seen_version = 0  # of the class that was last looked at
        self._response_version = 0  # of *response_class*
        self._response_class = response_class
        self._response_slots = tuple(map(response_class.__dict__.__getitem__, _RESPONSE_SLOTS))
        self._response_steps = response_steps
        # How many attributes the connection had when none of them was a step, and the last of them.
        self._count = 0
        self._last: str | None = None
        self._may_answer = False
        self._host: Any = None
        self._port: Any = None
        self._host_field = b""

    def __reduce__(self) -> Any:
        return _nothing, ()

    def learn(self, connection: Any, own: dict[str, Any], host: object, port: object, host_field: bytes) -> None:
        """Note whether *connection*, whose ``__dict__`` is *own*, goes by the original steps, and what Host is for it.

        That it does was found before, but since then others may have had their turn: so it is looked at once more,
        behind the look at the version.
        """
        if own.get("_tunnel_host") is not None:
            return  # Host is another one then
        kind: Any = type(connection)
        version: int = self._version_of(kind)
        is_known = version == self._seen_version and host is self._host and port is self._port
        if is_known and self._is_unchanged(kind, version, own, self._count, self._last):
            return
        self._version = 0
        self._seen_version = version
        self._host, self._port, self._host_field = host, port, host_field
        self._count = len(own)
        self._last = ([None, *own])[-1]
        attributes: tuple[Any, Any] = (kind.__getattribute__, kind.__setattr__)
        if attributes != (object.__getattribute__, object.__setattr__):
            return
        for name in _READ_HERE:
            if getattr(kind, name, None) is not None:
                return
        if type(kind.default_port) is not int or "default_port" in own or not own.keys().isdisjoint(self._steps):
            return
        if self._backend.replaces_any(connection, self._steps, self._originals):
            return
        if self._is_unchanged(
            kind, version, own, self._count, self._last
        ):  # else some were deleted, and it is not known where the last one stands
            self._version = version
            usual = (self._response_class, 0, False, None)
            self._may_answer = own.keys().isdisjoint(_OF_THE_ANSWER) and self._of_the_answer(kind) == usual

    def _of_the_answer(self, kind: Any) -> tuple[object, ...]:
        return kind.response_class, kind.debuglevel, kind.strict, kind.limits

    def learn_response(self, response: object, replaces_any: Callable[..., bool]) -> None:
        """Note whether responses like this one are made and begun as *make* does it."""
        if type(response) is self._response_class and not self._response_version:
            version: int = self._version_of(self._response_class)
            is_usual = self._response_class.__setattr__ is object.__setattr__
            if is_usual and not replaces_any(response, _OF_RESPONSES, self._response_steps):
                self._response_version = version

    def knows(self, kind: type, own: object) -> bool:
        """Return whether these, the class of a connection and its ``__dict__``, are as they were learnt."""
        return self._is_unchanged(kind, self._version, own, self._count, self._last)

    def request(
        self, connection: Any, given: dict[str, Any], method: Any, url: object, body: object, headers: Any
    ) -> bool:
        """Send a request and return True; False: it is not a common one, and nothing has been done.

        *given* is the ``__dict__`` of *connection*. Raises what ``send`` raises.
        """
        if body is not None or method != "GET" or type(url) is not str or not url or url[0] == "h":
            return False
        if not self.knows(type(connection), given) or STANDARD_SOCKET.sendall is not _sendall:
            return False
        own = given
        if own.get(_STATE) is not _IDLE or own.get("_tunnel_host") is not None:
            return False
        if own.get(_SPENT) is not False or own.get(_IS_SENDING) is not False:
            return False
        buffer, watch, sock = own.get("_buffer"), own.get(_WATCH), own.get("sock")
        if own.get("host") is not self._host or own.get("port") is not self._port or type(buffer) is not list or buffer:
            return False
        if watch is None or watch.sock is not sock:
            return False
        descriptor = watch.plain_descriptor()
        if descriptor < 0 or not self._is_quiet(descriptor):
            return False  # which is found again, and gone into
        head = self._serialize(method, url, self._host_field, headers, -1)
        if head is None or own.get(_STATE) is not _IDLE:  # again, with nothing in between that lets another thread in
            return False
        own[_STATE] = _REQ_SENT
        own["_method"] = method
        _audit("http.client.send", connection, head)
        sent = 0
        # A hook may have done anything.
        if watch.plain_descriptor() == descriptor and own.get(_IS_SENDING) is False:
            sent = self._send(descriptor, head)
        if sent != len(head):
            connection._HTTPConnection__send_rest(sock, head, sent)
        return True

    def answer(
        self, connection: Any, given: dict[str, Any], direct: object, current_limits: Callable[[], Limits]
    ) -> Any:
        """Return the response to the request that was sent; None: it is not a common one, and nothing has been done.

        *direct* is the class of the sockets that may be received from. Raises what ``getresponse`` raises.
        """
        if not self._may_answer or not self.knows(type(connection), given):
            return None
        if not self._has_version(self._response_class, self._response_version):
            self._response_version = 0
            return None
        own = given
        if own.get(_STATE) is not _REQ_SENT or own.get(_RESPONSE) is not None:
            return None
        watch, sock, itself, method = own.get(_WATCH), own.get("sock"), own.get(_ITSELF), own.get("_method")
        if own.get("max_response_headers") is not None or itself is None:
            return None
        if type(sock) is not direct or watch is None or watch.sock is not sock:
            return None
        own[_STATE] = _UNREAD  # before the wait, so that another thread cannot ask for the same response
        if own.get(_SPENT) is not False:
            own[_SPENT] = False
        source = SocketSource.__new__(SocketSource)  # and not a call of the class, which takes four times as much
        source.hold(sock)
        try:
            data = source.receive(LINE, -1)
            # Where Python runs, as it does here, a signal's handler may, and raise anything.
            plain: Plain | None = take_plain_response(self._backend, data, method, current_limits())
            if plain is not None and own.get("sock") is sock:
                (head, _, _, _, status, reason) = plain
                # What ``HTTPResponse(sock, 0, method)`` and ``begin`` come to.
                response = self._make(self._response_class, self._response_slots, (
                    source, head, plain, method, itself, status, status, reason, 11, False, False, 0, None, None, None,
                    None, UNKNOWN,
                ))  # fmt: skip
                own[_RESPONSE] = response
                return response
            response = connection._HTTPConnection__over(source, data)
        except BaseException as error:
            connection._HTTPConnection__give_up(source, error)
            raise
        return connection._HTTPConnection__begin(response, False)


def let_go(response: Any, source: Any, reference: Callable[[], Any], may_persist: bool) -> None:
    """Close *source*, and tell the connection that *reference* gives that *response*, a plain one, is done with.

    Done here is what ``HTTPConnection._release`` comes to where the connection is kept.
    """
    try:
        if source is not None:
            source.close()
    except BaseException:
        response._owner = reference
        raise
    owner = reference()
    if owner is None:
        return
    given = owner.__dict__
    if may_persist and type(given) is dict:
        own = given
        cycle = own.get(_CYCLE)
        if cycle is not None and own.get(_RESPONSE) is response and cycle.knows(type(owner), own):
            state = own.get(_STATE)
            after = None if state is None else _END_OF_MESSAGE.get(state)
            if after is not None:
                own[_RESPONSE] = None
                own[_STATE] = after
                return
    owner._release(response, may_persist)


def _nothing() -> None:
    """Return what a connection that was pickled has in place of a Cycle: it goes step by step."""
