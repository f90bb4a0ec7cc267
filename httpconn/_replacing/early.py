"""http.client's own classes, and subclasses of them, that go on being used while ours stand in the module.

Whoever was imported before ``install`` has them. Three things would break there, and are kept from breaking without a
cost for anybody else:

- A method that calls its base by the module's name, ``http.client.HTTPConnection.connect(self)``, gets ours, and so
  does ``HTTPSConnection.__init__`` of http.client, which says ``super(HTTPSConnection, self)``. So early subclasses
  have ours among their bases, behind their own: what ours calls is there, and ``super`` and ``isinstance`` agree.
  (Not so ``http.client.HTTPConnection`` itself: a class right below ``object`` cannot be given other bases.)
- Classes of responses cannot have ours among their bases, since ours has slots. Where one calls its base by name,
  those methods of ours ask first whose response it is.
- ``isinstance(response, http.client.HTTPResponse)``: both are abstract base classes, which know registered ones.
"""

from __future__ import annotations

import functools
import http.client as _standard
from abc import ABCMeta
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType

from .._io.connect import create_https_context
from .._wire.annotations import Any, Final
from ..connection import HTTPConnection, HTTPSConnection
from ..response import HTTPResponse, is_ours

ORIGINALS: Final[dict[str, type]] = {
    name: vars(_standard)[name]
    for name in ("HTTPConnection", "HTTPSConnection", "HTTPResponse")
    if name in vars(_standard)
}
"""http.client's own classes. Taken while this package is imported, so before ours can stand in http.client."""

_is_adopted = False
_guarded: dict[str, Callable[..., Any]] = {}
"""The methods of our HTTPResponse that ask whose response it is, as they were."""


class _EarlyConnection(HTTPConnection):
    """What early subclasses get among their bases: ours, with what http.client's ``__init__`` does not set."""

    max_response_headers: int | None = None
    _raw_proxy_headers: list[bytes] | None = None
    _HTTPConnection__awaited: Any = None
    _HTTPConnection__cycle: Any = None
    _HTTPConnection__opened: Any = None
    _HTTPConnection__watch: Any = None
    _HTTPConnection__itself: Any = None
    _HTTPConnection__spent = False
    _HTTPConnection__lost_request = False
    _HTTPConnection__is_sending = False
    _HTTPConnection__is_tunnelling = False
    _HTTPConnection__host_named: tuple[Any, ...] = ()
    _HTTPConnection__host_value_cached = b""


class _EarlyHTTPSConnection(_EarlyConnection, HTTPSConnection):
    """The same over TLS, with the context where http.client has it: in the instance, from the beginning."""

    _context: Any = None  # no property, as ours is: that would hide the instance's own

    @property
    def _HTTPSConnection__context(self) -> Any:
        return self._context

    @_HTTPSConnection__context.setter
    def _HTTPSConnection__context(self, value: Any) -> None:
        self._context = create_https_context(self._http_vsn) if value is None else value


class _EarlyResponse(metaclass=ABCMeta):  # noqa: B024  # nobody makes one, or a subclass
    """Whose subclasses are http.client's own responses, while ours stand in their place.

    Registered with our HTTPResponse instead of http.client's, with which ours is registered: no cycle is allowed.
    """

    @classmethod
    def __subclasshook__(cls, subclass: type) -> bool:
        return _is_adopted and is_early(subclass)


def is_early(cls: type) -> bool:
    """Return whether *cls* is one of http.client's own classes, or made from one."""
    return not {*ORIGINALS.values()}.isdisjoint(cls.__mro__)


def adopt() -> None:
    """Let early classes find ours where they call them by name. Again, it finds those that have been made since."""
    global _is_adopted
    for cls in _below_connection():
        if not issubclass(cls, HTTPConnection):
            base = _EarlyHTTPSConnection if cls is ORIGINALS.get("HTTPSConnection") else _EarlyConnection
            bases = list(cls.__bases__)
            bases.insert(bases.index(ORIGINALS["HTTPConnection"]) + 1, base)
            cls.__bases__ = tuple(bases)
    if not _is_adopted:
        _is_adopted = True
        response_class = ORIGINALS["HTTPResponse"]
        if isinstance(response_class, ABCMeta):  # it is, by io.BufferedIOBase
            # Cannot be taken back, and need not: a response of ours does what http.client's does.
            response_class.register(HTTPResponse)
            HTTPResponse.register(_EarlyResponse)
    for name in _called_by_name():
        if name not in _guarded:
            own = _guarded[name] = vars(HTTPResponse)[name]
            setattr(HTTPResponse, name, _asking_whose(own, vars(ORIGINALS["HTTPResponse"])[name]))


def release() -> None:
    """Undo ``adopt``."""
    global _is_adopted
    for cls in _below_connection():
        bases = tuple(base for base in cls.__bases__ if base not in (_EarlyConnection, _EarlyHTTPSConnection))
        if bases != cls.__bases__:
            cls.__bases__ = bases
    unguard()
    _is_adopted = False


def unguard() -> None:
    """Give our HTTPResponse its own methods back, which asked whose response it is."""
    for name, own in _guarded.items():
        setattr(HTTPResponse, name, own)
    _guarded.clear()


def subclasses(cls: type) -> Iterator[type]:
    """Yield the real subclasses of *cls*, at any depth; those that were registered are none."""
    direct: list[type] = type.__subclasses__(cls)
    for subclass in direct:
        yield subclass
        yield from subclasses(subclass)


def _below_connection() -> list[type]:
    """Return the classes right below http.client's HTTPConnection."""
    found: list[type] = type.__subclasses__(ORIGINALS["HTTPConnection"])
    return found


def _called_by_name() -> set[str]:
    """Return which methods early subclasses may call by our class's name (``http.client.HTTPResponse.read``)."""
    found: set[str] = set()
    for cls in subclasses(ORIGINALS["HTTPResponse"]):
        for value in vars(cls).values():
            function = getattr(value, "__func__", value)
            if isinstance(function, FunctionType):
                names = names_in(function.__code__)
                if "HTTPResponse" in names:
                    found |= names
    return {
        name
        for name in found
        if isinstance(vars(HTTPResponse).get(name), FunctionType)
        and isinstance(vars(ORIGINALS["HTTPResponse"]).get(name), FunctionType)
    }


def names_in(code: CodeType) -> set[str]:
    """Return the names of globals and attributes in *code*, and in functions that are made there."""
    inner = (names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return {*code.co_names}.union(*inner)


def _asking_whose(own: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        return (own if is_ours(self) else original)(self, *arguments, **keywords)

    return method
