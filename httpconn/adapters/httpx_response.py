"""The responses of httpx, and of httpx2, as its clients get them from our transports.

A client looks at little of most responses: whether there are cookies, a redirect, a content coding. So what is kept of
one is made when somebody looks at it; from then on it is the library's own.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from http import cookiejar
from http.cookiejar import CookieJar
from types import CodeType, FunctionType
from typing import Any, Final

from .._exchange.job import Job
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING
from .._wire.head import ResponseHead, field_lines_of, field_values_of
from ..aio import AsyncResponse
from ..errors import (
    ConnectTimeout,
    FingerprintMismatch,
    HTTPException,
    IncompleteRead,
    InvalidField,
    InvalidURL,
    MalformedFraming,
    MissingExtra,
    PoolTimeout,
    ProxyError,
    RemoteDisconnected,
    RequestTimeout,
    UnsupportedScheme,
)
from ..model import Response

LIBRARIES: Final = ("httpx", "httpx2")

_LATE: Final = "_late"
_MOST_KINDS: Final = 64
_VERSIONS: Final = {10: b"HTTP/1.0", 11: b"HTTP/1.1"}


def _codes_beside(witness: Any, *functions: Any) -> frozenset[CodeType]:
    """Return the codes of *functions*, if they are of the file of *witness*; none where one is somebody else's."""
    found = [getattr(function, "__code__", None) for function in (witness, *functions)]
    codes = [code for code in found if isinstance(code, CodeType)]
    if len(codes) < len(found) or len({code.co_filename for code in codes}) > 1:
        return frozenset()
    return frozenset(codes[1:])


_OF_JARS: Final = _codes_beside(CookieJar.__iter__, CookieJar.extract_cookies, CookieJar.make_cookies)
"""Who asks for all fields of a response, and looks at its cookies alone."""
_WAYS: Final = ("read", "iter_bytes", "iter_raw", "close")


class _LateHeaders:
    """The fields of a response that nobody has looked at; with the first look they become a Headers of the library."""

    def __init__(self, head: ResponseHead, library: Library) -> None:
        self.__dict__[_LATE] = head, library

    def __getattr__(self, name: str) -> Any:
        _become_headers(self)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _become_headers(self)
        object.__setattr__(self, name, value)

    def __contains__(self, key: Any) -> bool:
        late = self.__dict__.get(_LATE)
        if late is None or type(key) is not str or not key.isascii():
            _become_headers(self)
            return key in self
        return late[0].get_joined(key) is not None

    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        if key in self:  # of a content coding, which is asked for each time, most responses have none
            _become_headers(self)
            found: list[str] = self.get_list(key, split_commas)
            return found
        return []

    def multi_items(self) -> list[tuple[str, str]]:
        """Return the fields, with names in lower case; where a CookieJar asks, those with cookies.

        It asks twice for each response, and has a Message be made of all that it gets, a field at a time: that takes
        longer than all that is done here for a response.
        """
        late = self.__dict__.get(_LATE)
        if late is None or not late[0].block.isascii():
            _become_headers(self)
            return self.multi_items()
        head, library = late
        caller = sys._getframe(1)
        if caller.f_code in library.for_jars and not getattr(cookiejar, "debug", True):  # which prints them all
            asking = caller.f_back
            if asking is not None and asking.f_code in _OF_JARS:
                found = [("set-cookie", value) for value in field_values_of(head, "set-cookie")]
                if head.get_joined("set-cookie2") is not None:
                    found += [("set-cookie2", value) for value in field_values_of(head, "set-cookie2")]
                return found
        return [(name.lower(), value) for name, value in _lines_of(head)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        _become_headers(self)
        return object.__reduce_ex__(self, protocol)


def _become_headers(headers: _LateHeaders) -> None:
    """Make of *headers* what the library would have; no method of theirs, since another thread may be quicker."""
    made = headers.__dict__
    late = made.get(_LATE)
    if late is not None:
        head, library = late
        made.setdefault("_list", _list_of(head))  # where two look at once, one's list is both's
        made.setdefault("_encoding", None)
        object.__setattr__(headers, "__class__", library.headers)
        made.pop(_LATE, None)


class _ResponseAtHand:
    """A response that has come whole with its head, until somebody reads it. Then it is the library's own."""

    _library: Library | None

    def read(self) -> bytes:
        """Return the content, decoded."""
        library, made = _become_response(self), self.__dict__
        stream = made["stream"]
        if library is not None and type(stream) is library.bound and library.is_unread(made):
            whole = stream._stream
            if type(whole) is library.byte_stream and "content-encoding" not in made["headers"]:
                # What its own way comes to, which goes through three generators and as many contexts for one part.
                content: bytes = whole._stream
                made["is_stream_consumed"] = True
                made["_num_bytes_downloaded"] = len(content)
                made["is_closed"] = True
                stream.close()
                made["_content"] = content
        return self.read()

    def __reduce_ex__(self, protocol: Any) -> Any:
        _become_response(self)
        return object.__reduce_ex__(self, protocol)


def _become_response(response: _ResponseAtHand) -> Library | None:
    """Have *response* be of the library's own class, and return the library; None where another thread was quicker."""
    library = getattr(response, "_library", None)
    if library is not None:
        object.__setattr__(response, "__class__", library.response)
    return library


class _Parts:
    """The content of a response as it comes; a SyncByteStream of the library."""

    def __init__(self, library: Library, job: Job, response: Response) -> None:
        self._library = library
        self._job = job
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_bytes()
        except (HTTPException, OSError) as error:
            raise as_theirs(error, self._job, self._library) from error

    def close(self) -> None:
        self._response.close()


class _AsyncParts:
    """The same, asynchronous; an AsyncByteStream of the library."""

    def __init__(self, library: Library, job: Job, response: AsyncResponse) -> None:
        self._library = library
        self._job = job
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._response.aiter_bytes():
                yield part
        except (HTTPException, OSError) as error:
            raise as_theirs(error, self._job, self._library) from error

    async def aclose(self) -> None:
        self._response.close()


def _subclass(base: Any, ways: type, **told: Any) -> Any:
    """Return a subclass of *base* with the methods of *ways*; of two bases no object could become one of *base*."""
    methods = {name: value for name, value in vars(ways).items() if isinstance(value, FunctionType)}
    told |= {"__doc__": ways.__doc__, "__module__": base.__module__}
    return type(base.__name__, (base,), methods | told)  # which its ``repr`` tells


class Library:
    """Of one of the libraries, what a response to its request is made of."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.response = module.Response
        self.not_read = module.RequestNotRead
        self.byte_stream = module.ByteStream
        self.headers = module.Headers
        kept = vars(module.Headers([(b"A-b", b"c")]))
        self._has_list = kept == {"_list": [(b"A-b", b"a-b", b"c")], "_encoding": None}
        """Whether it keeps fields as it has for years: each name as it came, in lower case, and the value."""
        self._late_headers: Any = _subclass(module.Headers, _LateHeaders)
        self.stream: Any = type("ResponseStream", (_Parts, module.SyncByteStream), {})
        self.async_stream: Any = type("AsyncResponseStream", (_AsyncParts, module.AsyncByteStream), {})
        self.at_hand: Any = _subclass(module.Response, _ResponseAtHand, _library=self)
        as_message = getattr(getattr(module.Cookies, "_CookieCompatResponse", None), "info", None)
        self.for_jars = _codes_beside(getattr(module.Cookies, "extract_cookies", None), as_message)
        """Who asks for all fields of a response in order to make a Message of them."""
        stream = module.ByteStream(b"c")
        self._attributes = vars(module.Response(200, stream=stream)).keys()
        self._way = vars(module.Response).get
        self._ways = [*map(self._way, _WAYS)]
        is_known = vars(stream) == {"_stream": b"c"} and bool(_codes_beside(module.Response.json, *self._ways))
        self.bound: Any = getattr(getattr(module, "_client", None), "BoundSyncStream", None) if is_known else None
        """What a client makes of a response's stream, which it keeps as ``_stream``; None: it is not looked into."""

    def content_of(self, stream: Any) -> bytes | None:
        """Return the body that *stream* has at hand, None for any other: a redirect's request has but the stream."""
        return b"".join(stream) if type(stream) is self.byte_stream else None

    def is_unread(self, attributes: dict[str, Any]) -> bool:
        """Return whether a response with these is to be read, and as the library does: by nobody's own way."""
        if attributes["is_closed"] or attributes["is_stream_consumed"]:
            return False
        return attributes.keys() == self._attributes and [*map(self._way, _WAYS)] == self._ways

    def response_of(self, kind: Any, head: ResponseHead, stream: Any, extensions: dict[str, Any]) -> Any:
        """Return a Response of that *kind*, ``response`` or ``at_hand``."""
        if not self._has_list:
            return kind(head.status, headers=pairs_of(head), stream=stream, extensions=extensions)
        response = kind(head.status, stream=stream, extensions=extensions)
        response.headers = self._late_headers(head, self)
        return response


def head_of(response: Response) -> tuple[ResponseHead, dict[str, Any]]:
    """Return the head, and what httpx calls extensions. The connection is none of them ("network_stream")."""
    head = response._head
    assert head is not None
    return head, {"http_version": _VERSIONS[head.version], "reason_phrase": head.reason.encode("latin-1")}


def pairs_of(head: ResponseHead) -> list[tuple[bytes, bytes]]:
    """Return the fields as httpx is given them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _lines_of(head)]


def _list_of(head: ResponseHead) -> list[tuple[bytes, bytes, bytes]]:
    """Return the fields as httpx keeps them: as if it had been given each, which takes three calls a field."""
    return [((key := name.encode("latin-1")), key.lower(), value.encode("latin-1")) for name, value in _lines_of(head)]


def _lines_of(head: ResponseHead) -> list[tuple[str, str]]:
    """Return the fields as httpx gets them from h11: of equal lengths one, which programs take for a number."""
    lines, lengths, coding = field_lines_of(head), head.content_length, head.transfer_encoding
    if coding is not None and not coding.islower():
        lines = [(name, value.lower() if name.lower() == TRANSFER_ENCODING else value) for name, value in lines]
    if lengths is not None and "," in lengths:
        first, *others = (length.strip(" \t") for length in lengths.split(","))
        if all(length == first for length in others):
            at = next(at for at, (name, _) in enumerate(lines) if name.lower() == CONTENT_LENGTH)
            rest = (line for line in lines[at + 1 :] if line[0].lower() != CONTENT_LENGTH)
            lines = [*lines[:at], (lines[at][0], first), *rest]
    return lines


_libraries: dict[type, Library] = {}


def library_of(request: Any) -> Library:
    """Return the library that has made *request*. Raises TypeError for another one's."""
    found = _libraries.get(type(request))
    return _find_library(type(request)) if found is None else found


def _find_library(kind: type) -> Library:
    for base in kind.__mro__:
        name = base.__module__.partition(".")[0]
        if name in LIBRARIES and base.__name__ == "Request":
            library = next((known for known in [*_libraries.values()] if known.module is sys.modules[name]), None)
            if len(_libraries) >= _MOST_KINDS:
                _libraries.clear()
            library = _libraries[kind] = library or Library(sys.modules[name])
            return library
    raise TypeError(f"expected a Request of {' or '.join(LIBRARIES)}, got one of {kind.__module__}.{kind.__name__}")


def as_theirs(error: BaseException, job: Job | None, library: Library) -> Exception:
    """Return the exception of *library* for *error*; *job* is None where nothing has been sent."""
    kind = _kind_of(error, job, library.module)
    words = _known_words(error) if kind is library.module.RemoteProtocolError else ""
    return kind(words or str(error))  # type: ignore[no-any-return]  # of a module found late


def _known_words(error: Any) -> str:
    """Return the words by which programs know *error* from httpx; "" where there are none."""
    if isinstance(error, RemoteDisconnected):
        return "Server disconnected without sending a response."
    head: ResponseHead | None = getattr(getattr(error, "response", None), "_head", None)
    if head is None or not isinstance(error, IncompleteRead) or isinstance(error, MalformedFraming):
        return ""
    if head.transfer_encoding is not None:
        told = "incomplete chunked read"
    elif head.content_length is not None and error.expected is not None:
        size = int(head.content_length.split(",")[0])
        told = f"received {size - error.expected} bytes, expected {size}"
    else:
        return ""
    return f"peer closed connection without sending complete message body ({told})"


def _kind_of(error: BaseException, job: Job | None, theirs: Any) -> Any:
    if isinstance(error, (UnsupportedScheme, MissingExtra)):
        return theirs.UnsupportedProtocol
    if job is None or isinstance(error, (InvalidField, InvalidURL)) or not isinstance(error, (HTTPException, OSError)):
        return theirs.LocalProtocolError  # the last: a body that is not as long as it was said to be
    if isinstance(error, ConnectTimeout):
        return theirs.ConnectTimeout
    if isinstance(error, PoolTimeout):
        return theirs.PoolTimeout
    if isinstance(error, RequestTimeout):
        return theirs.ReadTimeout
    if isinstance(error, ProxyError):
        return theirs.ProxyError
    if isinstance(error, FingerprintMismatch) or (job.has_failed_unopened and isinstance(error, OSError)):
        return theirs.ConnectError
    if isinstance(error, RemoteDisconnected) or not isinstance(error, OSError):
        return theirs.RemoteProtocolError
    return theirs.ReadError
