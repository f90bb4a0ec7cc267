"""HTTPResponse: one response as a readable stream, the counterpart of http.client's class of that name.

The bytes come from a source (``_io/source.py``) and are understood by a reader (``_wire/reader.py``); this
module moves them from the one to the other and offers what comes out as ``io.BufferedIOBase``.

``fp`` is there for programs that read the connection by themselves. As long as nobody looks at it, bytes go
straight from the socket through the reader. Once it is looked at or replaced, it is the source, and exactly
what had not been read stands in it.
"""

from __future__ import annotations

import _weakref as weakref  # all that is needed of it, and loaded with the interpreter
import io
from collections.abc import Sequence
from http.client import HTTPMessage
from operator import index
from time import monotonic
from types import FunctionType

from . import _backends
from ._client.cycle import UNKNOWN, let_go
from ._io.file_source import FileSource, SocketFile, Source
from ._io.source import FRAMING, LINE, STANDARD_SOCKET, SocketSource, look_for_replaced_reads, open_socket
from ._wire import reference
from ._wire.annotations import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, TypeGuard, TypeVar, overload
from ._wire.framing import UNTIL_CLOSE
from ._wire.gathered import STEP_BYTES, Gathered
from ._wire.grammar import CONTINUE, Limits
from ._wire.head import Defect, ResponseHead, field_lines_of, field_value_of, field_values_of
from ._wire.plain import VERSION as PLAIN_VERSION
from ._wire.plain import Plain, take_plain_response
from ._wire.reader import NEED_DATA, ResponseReader
from .errors import (
    BadStatusLine,
    HTTPException,
    IncompleteRead,
    RemoteDisconnected,
    ResponseNotReady,
    line_too_long,
)
from .headers import KEEPS_EMPTY_LINE, current_limits, message_from_lines, with_max_headers

if TYPE_CHECKING:
    # typeshed's http.client says so too: a response goes where a BinaryIO is asked for.
    class _Base(io.BufferedIOBase, BinaryIO):
        pass
else:
    _Base = io.BufferedIOBase

_T = TypeVar("_T")
_UNKNOWN: Final[Any] = UNKNOWN  # the types tell what is there once the head has been read, as typeshed's do
_DIRECT_BYTES: Final = 32_768


def read_field_lines(fp: Any, limits: Limits) -> list[bytes]:
    """Read the lines of a field section up to and with the empty one, b"" where the stream ends instead.

    Stops at the first line beyond a limit, which whoever parses them refuses.
    """
    lines: list[bytes] = []
    while True:
        line = fp.readline(limits.line_bytes + 1)
        lines.append(line)
        if line in (b"\r\n", b"\n", b"") or len(line) > limits.line_bytes or len(lines) > limits.field_lines:
            return lines


class Owner(Protocol):
    """The connection that a response came over, as far as the response knows it."""

    def _release(self, response: HTTPResponse, may_persist: bool) -> None: ...


class HTTPResponse(_Base):
    """The response to one request. Source: http.client, HTTPResponse.

    Besides what http.client has: ``complete`` (None while unread, then whether the whole message came),
    ``defects`` (what was read outside the grammar), ``trailers``, ``interim`` (the 1xx responses before it) and
    ``strict`` (refuse what http.client lets pass).
    """

    # Slots, since a dict for each response costs more than all of them. Some programs' subclasses (vcrpy's) do
    # without our __init__, and find nothing in them, as with http.client's attributes, before they set ``fp``.
    __slots__ = (
        "_failure",
        "_head",
        "_headers",
        "_is_reading",
        "_method",
        "_msg",
        "_owner",
        "_plain",
        "_reader",
        "_source",
        "_witness",
        "code",
        "debuglevel",
        "reason",
        "status",
        "version",
        "will_close",
    )

    strict = False
    limits: Limits | None = None
    url: str

    version: int
    status: int
    reason: str
    code: int
    will_close: bool
    debuglevel: int

    _status_line = b""

    def __init__(
        self,
        sock: Any,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        strict: bool | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Make a response that will be read from *sock*: a socket, or anything that has ``makefile``."""
        if strict is not None:
            self.strict = strict
        if limits is not None:
            self.limits = limits
        HTTPResponse._set_up(self, sock, debuglevel, method)  # a subclass may have a method of that name

    def _set_up(self, sock: Any, debuglevel: int, method: str | None) -> None:
        """Be a response that nothing has been read of yet: ``__init__`` without its options."""
        self.debuglevel = debuglevel
        self._method = method
        self.version = self.status = self.reason = self.will_close = _UNKNOWN
        self._head: ResponseHead | None = None
        self._headers: HTTPMessage | None = None
        self._msg: Any = _UNKNOWN
        # A response that came whole with its head needs no reader, unless somebody asks for more than all of it.
        self._plain: Plain | None = None
        self._reader: ResponseReader | None = None
        self._witness: ResponseReader | None = None  # of what others read through ``fp``
        self._failure: BaseException | None = None
        self._owner: weakref.ref[Owner] | None = None
        self._is_reading = False
        if type(sock) is _direct:
            source = _new_source(SocketSource)
            source.hold(sock)
            self._source: Source | None = source
            return
        self._source = open_socket(sock)
        if self._source is None:
            if sock is None:
                raise ConnectionAbortedError("there is no socket to read from: the connection was closed meanwhile")
            self.fp = sock.makefile("rb")

    # -- the head -----------------------------------------------------------------------------------------

    def _new_reader(self) -> ResponseReader:
        method = getattr(self, "_method", None)
        reader = ResponseReader(_backends.selected, method, self.limits or current_limits(), self.strict)
        head = getattr(self, "_head", None)
        if head is not None:
            plain, self._plain = self._plain, None
            reader.go_on_behind(head, plain[3] if plain is not None else b"", is_read=plain is None)
        self._reader = reader
        return reader

    def _any_reader(self) -> ResponseReader:
        return getattr(self, "_reader", None) or self._new_reader()

    def _reader_if_begun(self) -> ResponseReader | None:
        """Return the reader; None before there is anything that it could tell."""
        return self._reader or (self._new_reader() if self._head is not None else None)

    def _is_untouched(self) -> bool:
        """Return whether nothing of the response has been received. Of what a file has taken that is not known."""
        if self._witness is not None:
            return self._witness.is_untouched()
        if isinstance(self._source, FileSource):
            return False
        if self._reader is not None:
            return self._reader.is_untouched()
        return self._head is None and self._plain is None

    def begin(self, *, _max_headers: int | None = None) -> None:
        """Read the head of the final response; interim responses are passed over. A second call does nothing.

        *_max_headers*: the ``max_response_headers`` of the connection; it goes before ``limits``.

        Raises BadStatusLine, UnknownProtocol, LineTooLong, MalformedHead, RemoteDisconnected, HTTPException, and
        what the socket raises. Source: http.client, HTTPResponse.begin.
        """
        if self._head is not None or self._headers is not None:
            return
        if _max_headers is not None:
            self.limits = with_max_headers(self.limits, _max_headers)
        if self.debuglevel > 0 or type(self)._read_status is not _read_status:
            head = self._read_head_by_lines(self._new_reader())
        else:
            source = self._source
            if source is None:
                raise _closed_meanwhile()
            data = source.receive(LINE, -1)
            limits = self.limits or current_limits()
            plain = take_plain_response(_backends.selected, data, self._method, limits)
            if plain is not None:
                self._plain = plain
                self._head = head = plain[0]
                self.version = PLAIN_VERSION
                self.code = self.status = plain[4]
                self.reason = plain[5]
                self.will_close = False
                return
            head = self._read_head(source, data)
        self._head = head
        self.version = head.version
        self.code = self.status = head.status
        self.reason = head.reason

    def _read_head(self, source: Source, data: bytes) -> ResponseHead:
        """Return the head of which *data* has been received."""
        reader = self._new_reader()
        while True:
            reader.receive(data, is_clean=source.is_clean)
            head = reader.head()
            if head is not NEED_DATA:
                self.will_close = reader.will_close
                return head
            data = source.receive(LINE, -1)

    def _await_continue(self, timeout_s: float) -> bool:
        """Wait for what the server says to a request whose body waits for it; return whether to send that body.

        True after a 100, and where nothing that decides has come within *timeout_s* (or can be waited for: a file
        in the socket's place); False once the server has answered otherwise, or has ended the connection. What was
        received is only looked at, and read by ``begin``. Source: RFC 9110 section 10.1.1.
        """
        source = self._source
        if not isinstance(source, SocketSource):
            return True
        reader = ResponseReader(_backends.selected, self._method, self.limits or current_limits(), self.strict)
        pieces: list[bytes] = []
        ends = monotonic() + timeout_s
        is_open = True  # and the server has not said its last word
        while is_open:
            try:
                data = source.receive_within(max(0.0, ends - monotonic()))
            except ConnectionError:
                data = b""
            if data is None:
                break
            pieces.append(data)
            is_open = bool(data)
            if data:
                reader.receive(data)
                try:
                    is_open = reader.head() is NEED_DATA
                except HTTPException:
                    is_open = False  # ``begin`` will say what is wrong
            if any(head.status == CONTINUE for head in reader.interim):
                is_open = True  # whatever has come with it: the answer must not depend on the pieces
                break
            if monotonic() >= ends:
                break
        if pieces:
            source.give_again(pieces)
        return is_open

    def _read_head_by_lines(self, reader: ResponseReader) -> ResponseHead:
        """Read the head line by line: for a subclass with a ``_read_status`` of its own, and for debug output."""
        while True:
            version, status, reason = self._read_status()
            if type(self)._read_status is _read_status:
                block = bytearray(self._status_line)
            else:
                block = bytearray(f"{version} {status} {reason.rstrip()}".encode("latin-1", "replace") + b"\r\n")
            lines = read_field_lines(self.fp, reader.limits)
            line = lines[-1]
            block += b"".join(lines)
            passed_over = len(reader.interim)
            reader.receive(bytes(block))
            if not line:
                reader.receive(b"")
            head = reader.head()
            if head is NEED_DATA:
                if len(reader.interim) == passed_over:
                    raise line_too_long(reader.limits.line_bytes, "header line")
                if self.debuglevel > 0:
                    print("headers:", lines if KEEPS_EMPTY_LINE else lines[:-1])
                continue
            if self.debuglevel > 0:
                for name, value in head.field_lines():
                    print("header:", name + ":", value)
            self.will_close = reader.will_close
            return head

    def _read_status(self) -> tuple[str, int, str]:
        """Read a status-line; return its three parts. Source: http.client, HTTPResponse._read_status."""
        line_bytes = (self.limits or current_limits()).line_bytes
        line = self._status_line = self.fp.readline(line_bytes + 1)
        if len(line) > line_bytes:
            raise line_too_long(line_bytes, "status line")
        text = str(line, "iso-8859-1")
        if self.debuglevel > 0:
            print("reply:", repr(text))
        if not line:
            raise RemoteDisconnected("Remote end closed connection without response")
        try:
            status = reference.parse_status_line(line)[1]
        except BadStatusLine:
            self._close_conn()
            raise
        words = text.split(None, 2)
        return words[0], status, words[2] if len(words) > 2 else ""

    def _lines_of(self, head: ResponseHead) -> list[tuple[str, str]]:
        """Return the fields with http.client's values, or in strict mode with RFC 9110's."""
        return field_lines_of(head) if self.strict else head.field_lines()

    @property
    def headers(self) -> HTTPMessage:
        """The fields of the head; None before ``begin``. Made when first asked for."""
        if self._headers is None and self._head is not None:
            self._headers = message_from_lines(self._lines_of(self._head), self._head.defects)
        return self._headers  # type: ignore[return-value]  # None before begin

    @headers.setter
    def headers(self, value: HTTPMessage | None) -> None:
        if getattr(self, "_head", None) is not None and self._msg is _UNKNOWN:
            self._msg = self.headers  # which goes on being what ``begin`` has made
        self._headers = value

    @property
    def msg(self) -> HTTPMessage:
        """The same object as ``headers``, unless something else has been assigned (urllib.request does)."""
        return self.headers if self._msg is _UNKNOWN else self._msg

    @msg.setter
    def msg(self, value: HTTPMessage) -> None:
        self._msg = value

    @overload
    def getheader(self, name: str) -> str | None: ...

    @overload
    def getheader(self, name: str, default: _T) -> str | _T: ...

    def getheader(self, name: Any, default: Any = None) -> Any:
        """Return the values of all fields of that name joined with ", ", or *default* (joined, if iterable).

        Raises ResponseNotReady before the head has been read. Source: http.client, HTTPResponse.getheader.
        """
        if self._headers is None:
            if self._head is None:
                raise ResponseNotReady
            try:
                joined = self._head.get_joined(name)
                if joined is not None and self.strict:
                    joined = ", ".join(field_values_of(self._head, name))
            except (TypeError, AttributeError):
                if not isinstance(name, bytes):
                    raise
                joined = None  # no str equals it
            if joined is not None:
                return joined
            values = default
        else:
            values = self._headers.get_all(name) or default
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            return values
        return ", ".join(values)

    def getheaders(self) -> list[tuple[str, str]]:
        """Return the fields as (name, value) pairs in order. Raises ResponseNotReady before the head."""
        if self._headers is not None:
            return list(self._headers.items())
        if self._head is None:
            raise ResponseNotReady
        return self._lines_of(self._head)

    def info(self) -> HTTPMessage:
        """Return ``headers``."""
        return self.headers

    def geturl(self) -> str:
        """Return ``url``, which who made the request has set (urllib.request does)."""
        return self.url

    def getcode(self) -> int:
        """Return ``status``."""
        return self.status

    @property
    def interim(self) -> Sequence[ResponseHead]:
        """The interim (1xx) responses that came before this one, in order."""
        return self._reader.interim if self._reader is not None else ()  # a plain response has none

    @property
    def defects(self) -> list[Defect]:
        """What was read outside the grammar: (offset in the head, bytes, reason). Empty for good responses."""
        return self._reader.defects if self._reader is not None else []

    @property
    def trailers(self) -> HTTPMessage | None:
        """The fields of the trailer section; None before the end of the body."""
        reader = self._reader_if_begun()
        lines = reader.trailers if reader is not None else None
        if lines is not None and self.strict:
            lines = [(name, field_value_of(value)) for name, value in lines]
        return None if lines is None else message_from_lines(lines)

    @property
    def complete(self) -> bool | None:
        """None while unread; True when the whole message came; False when it was cut short or is malformed."""
        if self._failure is not None:
            return False
        if self._reader is not None:
            return self._reader.complete
        return True if self._head is not None and self._plain is None else None

    # -- where the body is ---------------------------------------------------------------------------------

    @property
    def fp(self) -> io.BufferedReader | Any:
        """The file-like object that the rest of the body can be read from, as it is on the wire; None at the end.

        Over a socket it is an ``io.BufferedReader``, and holds what had been received and not been read.
        """
        source = self._source
        if source is None:
            return None
        if isinstance(source, FileSource):
            return source.fp
        reader = self._reader or self._new_reader()
        unused = reader.take_unused()
        witness = self._witness = reader.witness()
        witness.observe(unused)
        fp = source.as_file(unused, witness.observe)
        self._source = FileSource(fp, reader.limits.line_bytes)
        return fp

    @fp.setter
    def fp(self, value: Any) -> None:
        if not hasattr(self, "_witness"):
            self._make_up_for_init()
        self._source = None if value is None else FileSource(value, (self.limits or current_limits()).line_bytes)

    def _make_up_for_init(self) -> None:
        """A subclass does without our ``__init__``, and sets what http.client's methods go by: it lacks our own."""
        made = HTTPResponse(_NoSocket())
        for name in HTTPResponse.__slots__:
            if name.startswith("_") and not hasattr(self, name):
                setattr(self, name, getattr(made, name))

    @property
    def chunked(self) -> bool:
        """Whether the body comes in the chunked transfer coding."""
        reader = self._reader_if_begun()
        return reader.chunked if reader is not None else _UNKNOWN

    @chunked.setter
    def chunked(self, value: bool) -> None:
        reader = self._any_reader()
        if value and not reader.chunked:
            reader.expect_chunks()
        elif not value and reader.chunked:
            reader.expect_length(UNTIL_CLOSE)

    @property
    def chunk_left(self) -> int | None:
        """Bytes left of this chunk: None between chunks, 0 in front of the CRLF that ends one."""
        reader = self._reader_if_begun()
        return reader.chunk_left if reader is not None else _UNKNOWN

    @chunk_left.setter
    def chunk_left(self, value: int | None) -> None:
        reader = self._any_reader()
        if value is not None or reader.chunked:
            reader.chunk_left = value

    @property
    def length(self) -> int | None:
        """Bytes of the body that are still to be read; None where that is not known."""
        reader = self._reader_if_begun()
        return reader.length if reader is not None else _UNKNOWN

    @length.setter
    def length(self, value: int | None) -> None:
        reader = self._any_reader()
        if value is not None or not reader.chunked:  # None is what http.client has there for a chunked body
            reader.expect_length(UNTIL_CLOSE if value is None else value)

    # -- the end -------------------------------------------------------------------------------------------

    def isclosed(self) -> bool:
        """Return whether the message has been read to its end, or the response was closed."""
        return self._source is None

    def _close_conn(self) -> None:
        """Let go of the connection. Source: http.client, HTTPResponse._close_conn."""
        source, self._source = self._source, None
        reader, reference = self._reader, self._owner
        may_persist = False
        if reader is None:
            # A plain response keeps the connection open. Unread, only a body of no bytes may be left behind.
            plain = self._plain
            may_persist = self._head is not None and (plain is None or not plain[3])
            if type(source) is _LET_GO_AT_ONCE and reference is not None:
                self._owner = None
                let_go(self, source, reference, may_persist)
                return
        elif self._witness is not None and isinstance(source, FileSource):
            self._settle_file(source.fp)
        if source is not None:
            source.close()
        if reference is not None:
            self._owner = None
            owner = reference()
            if owner is not None:
                if reader is not None:
                    may_persist = self._failure is None and reader.may_be_followed()
                owner._release(self, may_persist)

    def _settle_file(self, fp: Any) -> None:
        """Note what a file that others may have read shows of the message: bytes beyond it, or its end."""
        reader, witness = self._reader, self._witness
        if reader is None or witness is None or not isinstance(fp, SocketFile) or fp.closed:
            return
        if fp.has_buffered():
            reader.receive(b"?")
        elif reader.complete is None and witness.complete and witness.ends_here():
            reader.complete = True

    def close(self) -> None:
        """Close the response. Unless it was read to its end, the connection is closed with it."""
        try:
            super().close()
        finally:
            if getattr(self, "_source", None) is not None:
                self._close_conn()

    def __del__(self) -> None:
        # IOBase's own would close each response once more, through several layers. Nearly all have nothing left
        # to let go of by now.
        try:
            source = self._source
        except AttributeError:
            source = None  # __init__ has not come that far
        if source is not None or getattr(self.close, "__func__", None) is not _close:
            super().__del__()

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the socket's descriptor. Raises ValueError at the end of the message."""
        if self._source is None:
            raise ValueError("fileno() of a response that has been read to its end")
        return self._source.fileno()

    # -- the body ------------------------------------------------------------------------------------------

    def read(self, amt: int | None = None) -> bytes:
        """Return the rest of the body, or the next *amt* bytes; b"" at the end.

        Less than *amt* comes only where the message ends. Where the peer closes too early: IncompleteRead with all
        that came, or, for a known length and a given *amt*, what came and then b"" (strict: then IncompleteRead).
        Raises MalformedFraming or LineTooLong where the body cannot be understood, and what the socket raises.
        Source: http.client, HTTPResponse.read.
        """
        if self._source is None:
            return self._read_after_end()
        if amt is None or amt < 0:
            plain, self._plain = self._plain, None
            if plain is not None:
                self._close_conn()
                return plain[1]
            amt = -1
        reader = self._reader or self._new_reader()
        if amt == 0:
            # http.client closes a response of no bytes at any read.
            return self._collect(reader, -1) if reader.length == 0 else b""
        return self._collect(reader, amt)

    def _collect(self, reader: ResponseReader, amt: int) -> bytes:
        """Return *amt* bytes of the body, or all of it (-1); fewer at the end."""
        gathered = Gathered(_backends.selected.body_buffer)
        left = amt
        self._enter()
        try:
            while left:
                # By *amt*, not by what is left of it: a few bytes beyond that would be in the way of the next read.
                if (amt < 0 or amt >= _DIRECT_BYTES) and reader.contiguous() >= _DIRECT_BYTES:
                    count = self._receive_straight(reader, gathered, left)
                    if count:
                        reader.is_straight = True
                        if reader.complete:
                            self._close_conn()
                            break
                        if amt > 0:
                            left -= count
                        continue
                part = reader.body(left)
                if part is NEED_DATA:
                    self._fill(reader, left, framing_only=reader.is_straight)
                    reader.is_straight = False
                    continue
                if reader.complete or not part:
                    self._close_conn()
                    if not gathered.size:
                        return part
                    gathered.add(part)
                    break
                gathered.add(part)
                if amt > 0:
                    left -= len(part)
        except IncompleteRead as error:
            partial = gathered.whole()
            self._end_early(error, partial, is_whole=amt < 0)
            return partial
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._is_reading = False
        return gathered.whole()

    def _receive_straight(self, reader: ResponseReader, gathered: Gathered, most: int) -> int:
        """Receive a piece of the body into where it stays, at most *most* bytes (-1: any number); 0 at the end."""
        source = self._source
        if source is None:
            raise _closed_meanwhile()
        wanted = reader.contiguous()
        if 0 < most <= STEP_BYTES and type(source) is FileSource:
            # A socket gives pieces of all sizes; those are not made and freed in turn, which leaves a heap with holes.
            part = source.receive(min(wanted, most), most)
            if part:
                reader.advance(len(part))
                gathered.add(part)
            else:
                reader.receive(b"", is_clean=source.is_clean)
            return len(part)
        with gathered.room(wanted if most < 0 else min(wanted, most)) as view:
            got = 0
            while got < len(view):
                # Released here, or the traceback of a failed receive would keep a view, and the buffer not be had.
                with view[got:] as place:
                    count = source.receive_into(place)
                if not count:
                    break
                gathered.advance(count)
                reader.advance(count)
                got += count
            if got < len(view):
                reader.receive(b"", is_clean=source.is_clean)
        return got

    def _enter(self) -> None:
        """Refuse a second reader: another thread, or a signal handler, while a read is under way."""
        if self._is_reading:
            raise ResponseNotReady("this response is being read already, by another thread or below a signal handler")
        self._is_reading = True

    def _fill(self, reader: ResponseReader, asked: int, *, framing_only: bool = False) -> None:
        """Move what comes next from the source to the reader; at most *asked* body bytes (-1: any number).

        *framing_only*: data that lies behind framing shall go straight to its place.
        """
        source = self._source
        if source is None:
            raise _closed_meanwhile()
        wanted = reader.wanted()
        if reader.chunked and type(source) is not FileSource:
            # Such a source takes what is there, so that chunks need not be received one by one.
            wanted = FRAMING if framing_only else LINE
        reader.receive(source.receive(wanted, asked), is_clean=source.is_clean)

    def _end_early(self, error: IncompleteRead, partial: bytes, *, is_whole: bool) -> None:
        """Judge a body that was cut after *partial*; return where that is to be handed out.

        A chunked body, or one that was asked for whole, is never handed out in part. Else http.client gives
        what came and then b"", as if the body had ended there; strict tells.
        """
        chunked = self._reader is not None and self._reader.chunked
        if not chunked and not is_whole and (partial or not self.strict):
            if not partial:
                self._close_conn()
            return
        raise self._failed_early(partial, error.expected) from error.__cause__

    def _failed_early(self, partial: bytes, expected: int | None) -> IncompleteRead:
        """Fail, and return what of. Not in the frame that raises it: one that holds its error is the collector's."""
        error = IncompleteRead(partial, expected)
        self._fail(error)
        return error

    def _fail(self, error: BaseException) -> None:
        """Read no further: the place in the stream is lost, and late bytes must not come back as a body."""
        if not isinstance(error, HTTPException):
            what = f"{type(error).__name__}: {error}"
            error = OSError(f"cannot read from a response after reading it has failed ({what})")
        self._failure = _without_traceback(error)
        if self._source is not None:
            self._close_conn()

    def _read_after_end(self) -> bytes:
        failure = self._failure
        if failure is None or (isinstance(failure, IncompleteRead) and not self.strict):
            return b""
        raise _without_traceback(failure)

    def readinto(self, b: Any) -> int:
        """Fill *b* with the next bytes of the body; return how many, 0 at the end.

        Raises as ``read`` with an amount. Source: http.client, HTTPResponse.readinto.
        """
        if self._source is None:
            self._read_after_end()
            return 0
        reader = self._reader or self._new_reader()
        with memoryview(b).cast("B") as view:
            if view.readonly:
                raise TypeError(f"readinto() needs a writable buffer, got {type(b).__name__}")
            count = 0
            self._enter()
            try:
                while count < len(view):
                    with view[count:] as rest:  # which the traceback of an error would keep, and so the caller's buffer
                        step = self._read_into(reader, rest)
                    count += step
                    if reader.complete or not step:
                        self._close_conn()
                        break
            except IncompleteRead as error:
                self._end_early(error, bytes(view[:count]), is_whole=False)
            except BaseException as error:
                self._fail(error)
                raise
            finally:
                self._is_reading = False
            return count

    def _read_into(self, reader: ResponseReader, view: memoryview) -> int:
        """Put some bytes of the body into *view*, straight from the source where nothing stands between."""
        source = self._source
        if source is None:
            raise _closed_meanwhile()
        while True:
            direct = reader.contiguous()
            if direct:
                with view[:direct] as place:
                    count = source.receive_into(place)
                if count:
                    reader.advance(count)
                    return count
                reader.receive(b"", is_clean=source.is_clean)
            part = reader.body(len(view))
            if part is not NEED_DATA:
                view[: len(part)] = part
                return len(part)
            self._fill(reader, len(view), framing_only=len(view) >= _DIRECT_BYTES)

    def read1(self, n: int = -1) -> bytes:
        """Return up to *n* bytes of the body with at most one receive for them; b"" at the end.

        Raises as ``read`` with an amount. Source: http.client, HTTPResponse.read1.
        """
        if self._source is None:
            return self._read_after_end()
        n = index(n)
        if n == 0:
            return b""
        reader = self._reader or self._new_reader()
        self._enter()
        try:
            part = reader.body(n)
            while part is NEED_DATA:
                source = self._source
                if source is None:
                    raise _closed_meanwhile()
                reader.receive(source.receive_some(reader.wanted(), n), is_clean=source.is_clean)
                part = reader.body(n)
        except IncompleteRead as error:
            self._end_early(error, b"", is_whole=False)
            return b""
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._is_reading = False
        if not part or reader.complete:
            self._close_conn()
        return part

    def _safe_read(self, amt: int) -> bytes:
        """Return *amt* bytes as they are on the wire; urllib3 reads chunks so, and their lines through ``fp``.

        Raises IncompleteRead where there are fewer. Source: http.client, HTTPResponse._safe_read.
        """
        parts: list[bytes] = []
        left = amt
        # In steps, since a buffered file allocates at once what it is asked for, and the peer has announced it.
        while left and (part := self.fp.read(min(left, STEP_BYTES))):
            parts.append(part)
            left -= len(part)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if left:
            raise IncompleteRead(data, left)
        return data

    def peek(self, n: int = -1) -> bytes:
        """Return body bytes that come next, without reading them; b"" at the end, or where the body is cut.

        How many does not depend on *n*. Source: http.client, HTTPResponse.peek.
        """
        source = self._source
        if source is None:
            return b""
        reader = self._reader or self._new_reader()
        self._enter()
        try:
            while True:
                if isinstance(source, FileSource) and (direct := reader.contiguous()):
                    return bytes(source.peek(n, direct))
                part = reader.peek()
                if part is not NEED_DATA:
                    if not part and reader.chunked:
                        self._close_conn()  # as in http.client: who goes by peeks comes no further
                    return bytes(part)
                self._fill(reader, -1)
        except IncompleteRead:
            return b""
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._is_reading = False

    def readline(self, limit: int | None = -1) -> bytes:
        """Return the next line of the body with its LF, at most *limit* bytes of it; b"" at the end.

        Raises as ``read`` with an amount. Source: http.client, HTTPResponse.readline.
        """
        source = self._source
        if source is None:
            return self._read_after_end()
        reader = self._reader or self._new_reader()
        if limit == -1 and not self._is_reading:
            try:
                line = reader.inner_line()
            except BaseException as error:
                self._fail(error)
                raise
            if line:
                return line
        room = -1 if limit is None else index(limit)
        parts: list[bytes] = []
        self._enter()
        try:
            while room:
                if isinstance(source, FileSource) and (direct := reader.contiguous()):
                    part = source.readline(room, direct)
                    reader.receive(part, is_clean=source.is_clean)
                    if part:
                        reader.body(len(part))
                else:
                    part = self._next_line(reader, room)
                if not part:
                    reader.body(1)  # tells a cut from the end
                    self._close_conn()
                    break
                parts.append(part)
                if room > 0:
                    room -= len(part)
                if reader.complete:
                    self._close_conn()
                    break
                if part.endswith(b"\n"):
                    break
        except IncompleteRead as error:
            if not parts:
                self._end_early(error, b"", is_whole=False)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._is_reading = False
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next_line(self, reader: ResponseReader, room: int) -> bytes:
        """Return what is there of the next line, at most *room* bytes; b"" at the end."""
        while (part := reader.line(room)) is NEED_DATA:
            self._fill(reader, 1)
        return part

    # We override IOBase.__iter__ so that it does not check ``closed``, as http.client does.
    def __iter__(self) -> HTTPResponse:
        return self

    def __repr__(self) -> str:
        status = f"{self.status} {self.reason}".rstrip() if self._head is not None else "not begun"
        where = "closed" if self._source is None else "open"
        return f"<{type(self).__module__}.{type(self).__qualname__} [{status}] {where}, complete={self.complete}>"


_new_source: Final = SocketSource.__new__
_LET_GO_AT_ONCE: Final = None if isinstance(let_go, FunctionType) else SocketSource
"""The sources whose responses ``let_go`` ends, which is the short way only where that is compiled."""
_direct: type | None = STANDARD_SOCKET
"""The class whose sockets are received from without a further look; None while its methods are replaced."""


def notice_replaced_reads() -> None:
    """Have responses read through ``makefile`` while what that reads sockets by is replaced; see ``_io/source.py``."""
    global _direct
    _direct = None if look_for_replaced_reads() else STANDARD_SOCKET


def is_ours(response: Any) -> TypeGuard[HTTPResponse]:
    """Return whether *response* is a HTTPResponse, or of a class made from it.

    Not isinstance: while httpconn is installed, http.client's own responses pass as ours there.
    """
    return HTTPResponse in type(response).__mro__


class _NoSocket:
    """What a response is made from that has nothing to be read."""

    def makefile(self, mode: str) -> None:
        return None


def _closed_meanwhile() -> ValueError:
    """Another thread or a signal handler was quicker, or ``begin`` is called on a response that was closed."""
    return ValueError("the response was closed before this could be read from it")


def _without_traceback(error: BaseException) -> BaseException:
    """Return another such exception. One that is kept must not keep its traceback, and so the socket, alive."""
    again = type(error).__new__(type(error))
    again.args = error.args
    again.__dict__.update(error.__dict__)
    again.__cause__ = error.__cause__
    return again


_read_status: Final = HTTPResponse._read_status
_close: Final = HTTPResponse.close
