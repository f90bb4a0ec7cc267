"""What a parser backend promises.

A backend tokenises; it never interprets. It is handed complete heads and says what stands in them, or None:
"not mine". Then the reference reader decides, the same one for all backends, so that they can differ in
speed but not in their answers. Three laws hold, and tests show them:

- for every block, ``parse_response_head(block, ...)`` is None or equals the reference reader's answer;
- it is None for no realistic head;
- ``begin_response_head`` says the same of the head that stands in front of other bytes;
- however the bytes of a chunked body are cut into pieces, the decoders give the same bytes, the same end and
  the same refusal at the same place.
"""

from __future__ import annotations

from collections.abc import Callable

from .._wire.annotations import Final, Protocol
from .._wire.head import Begun, ResponseHead
from .._wire.records import Record


class ChunkedDecoder(Protocol):
    """The chunked transfer coding (RFC 9112 section 7.1), decoded where it lies in a buffer.

    The decoder holds no bytes: what it does not consume stays in the caller's buffer, never part of a line
    is consumed, and no byte is searched twice. So the position in the stream is exact at any moment, and a
    caller may go on reading the connection by other means (``HTTPResponse.fp``).
    """

    chunk_left: int
    """Data bytes left of this chunk; 0 when its CRLF comes next; -1 when a chunk-size line comes next."""
    in_trailers: bool
    """The last-chunk has been read; the trailer section or the final empty line comes next."""
    complete: bool
    position: int
    """Where in the buffer ``decode`` stopped; all before it is consumed."""
    searched: int
    """Bytes behind ``position`` known to hold no line end; set to 0 when others have read on from there."""
    error: int
    """One of grammar's codes. Once it is not CHUNK_OK nothing more is decoded."""

    def __init__(self, line_bytes: int, trailer_lines: int, overhead_bytes: int, strict: bool = False) -> None:
        """*strict* refuses such an extension; else it is passed over, as all of them are."""

    def decode(self, buffer: bytes | bytearray, start: int, max_bytes: int) -> bytes:
        """Return the data that follows *start*, at most *max_bytes* of it (-1: all that is there).

        Stops as soon as *max_bytes* have been given, and before anything that is refused. With 0, consumes the
        framing in front of the next data, or to the end of the message.
        """

    @property
    def lax_line(self) -> bytes:
        """The first chunk-size line with an extension outside the grammar, without its line end; b"" for none."""

    @property
    def trailer_block(self) -> bytes:
        """The trailer section as it was read, b"" where there was none. Its empty line is not part of it."""


class BodyBuffer(Protocol):
    """A large body while it comes, received into the very object that is returned.

    It grows with what has come, by half at most beyond what is asked for, never by what is announced (CVE-2025-13836).
    """

    @property
    def size(self) -> int:
        """How many bytes have been put in."""

    def add(self, part: bytes) -> None:
        """Put *part* behind what is there. Raises BufferError while a view of the room is in use, as all here do."""

    def room(self, wanted: int, most: int) -> memoryview:
        """Return where the next *wanted* bytes may be put, 1 or more; *most* is how many may come in all."""

    def advance(self, count: int) -> None:
        """Note that *count* bytes have been put into the room, from where the last ones ended.

        May be called while the view is in use. Raises ValueError for more than there is room for.
        """

    def whole(self) -> bytes:
        """Return all that was put in, and be empty."""


NOT_SENT: Final = -1
UNASKED: Final = -2


class Engine(Record):
    """What the fetch engine has done on the descriptor of a socket by compiled code, without waiting."""

    __slots__ = ("receive_response", "receive_waiting", "send_if_quiet")
    __match_args__ = ("receive_response", "receive_waiting", "send_if_quiet")

    receive_response: Callable[[int, int, int], Begun | bytes | None]
    """(descriptor, most bytes of a line, most field lines) to what has come, b"" at the end of the stream; None where
    there is nothing now. Where it begins with a head, to what ``begin_response_head`` says of it. Raises OSError."""
    receive_waiting: Callable[[int, int], bytes]
    """(descriptor, most bytes) to what waits; b"" where nothing does, or an end or an error: the next look finds it."""
    send_if_quiet: Callable[[int, bytes], int]
    """(descriptor, head) to how much of it went out; NOT_SENT where nothing goes; UNASKED where something has come that
    nobody asked for, an end, or an error. Who looks then finds it again."""

    def __init__(
        self,
        receive_response: Callable[[int, int, int], Begun | bytes | None],
        receive_waiting: Callable[[int, int], bytes],
        send_if_quiet: Callable[[int, bytes], int],
    ) -> None:
        self._set(receive_response, receive_waiting, send_if_quiet)


class Backend(Record):
    __slots__ = (
        "begin_response_head",
        "body_buffer",
        "chunked_decoder",
        "engine",
        "find_head_end",
        "frame_target",
        "name",
        "parse_response_head",
        "replaces_any",
        "serialize_request_head",
    )
    __match_args__ = (
        "name",
        "parse_response_head",
        "begin_response_head",
        "find_head_end",
        "chunked_decoder",
        "body_buffer",
        "frame_target",
        "serialize_request_head",
        "replaces_any",
        "engine",
    )

    name: str
    parse_response_head: Callable[[bytes, int, int], ResponseHead | None]
    """(block, max line bytes, max field lines) to a head, or None for "declined"."""
    begin_response_head: Callable[[bytes, int, int], Begun | None]
    """The same for the head that bytes begin with, whatever is behind it; None also where it is not all there."""
    find_head_end: Callable[[bytes | bytearray, int], int]
    """(buffer, start) to the offset behind the empty line, or -1."""
    chunked_decoder: Callable[[int, int, int, bool], ChunkedDecoder]
    body_buffer: Callable[[], BodyBuffer]
    frame_target: Callable[[bytes, str, int, bytes], bytes | None]
    """(start, text, offset, end) to these around what the text has from there on; None where that is not plain."""
    serialize_request_head: Callable[[str, str, bytes, dict[str, str], int], bytes | None]
    """(method, target, Host, headers, Content-Length or -1) to a request's head, or None for "declined"."""
    replaces_any: Callable[[object, tuple[str, ...], tuple[object, ...]], bool]
    """(instance, names, originals): whether its class, a class between or it itself has another one of *names*."""
    engine: Engine | None

    def __init__(
        self,
        name: str,
        parse_response_head: Callable[[bytes, int, int], ResponseHead | None],
        begin_response_head: Callable[[bytes, int, int], Begun | None],
        find_head_end: Callable[[bytes | bytearray, int], int],
        chunked_decoder: Callable[[int, int, int, bool], ChunkedDecoder],
        body_buffer: Callable[[], BodyBuffer],
        frame_target: Callable[[bytes, str, int, bytes], bytes | None],
        serialize_request_head: Callable[[str, str, bytes, dict[str, str], int], bytes | None],
        replaces_any: Callable[[object, tuple[str, ...], tuple[object, ...]], bool],
        engine: Engine | None = None,
    ) -> None:
        self._set(
            name,
            parse_response_head,
            begin_response_head,
            find_head_end,
            chunked_decoder,
            body_buffer,
            frame_target,
            serialize_request_head,
            replaces_any,
            engine,
        )
