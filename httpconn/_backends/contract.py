"""What a parser backend promises.

A backend tokenises; it never interprets. It is handed complete heads and says what stands in them, or None:
"not mine". Then the reference reader decides, the same one for all backends, so that they can differ in
speed but not in their answers. Three laws hold, and tests show them:

- for every block, ``parse_response_head(block, ...)`` is None or equals the reference reader's answer;
- it is None for no realistic head;
- ``begin_response_head`` says the same of the head that stands in front of other bytes;
- however the bytes of a chunked body are cut into pieces, ``ChunkedDecoder`` gives the same bytes, the same end and
  the same refusal at the same place, whoever takes the chunks for it.
"""

from __future__ import annotations

from collections.abc import Callable

from .._wire.annotations import Any, Final, Protocol, TypeAlias
from .._wire.head import Begun, ResponseHead
from .._wire.records import Record

TakeChunks: TypeAlias = Callable[[bytes | bytearray, int, int, int], tuple[bytes, int, int]]


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

    __slots__ = ("is_quiet", "receive_response", "receive_waiting", "send_at_once", "send_if_quiet")
    __match_args__ = ("receive_response", "receive_waiting", "is_quiet", "send_at_once", "send_if_quiet")

    receive_response: Callable[[int, int, int], Begun | bytes | None]
    """(descriptor, most bytes of a line, most field lines) to what has come, b"" at the end of the stream; None where
    there is nothing now. Where it begins with a head, to what ``begin_response_head`` says of it. Raises OSError."""
    receive_waiting: Callable[[int, int], bytes]
    """(descriptor, most bytes) to what waits; b"" where nothing does, or an end or an error: the next look finds it."""
    is_quiet: Callable[[int], bool]
    """(descriptor) to whether nothing has come, not even an end or an error."""
    send_at_once: Callable[[int, bytes], int]
    """(descriptor, bytes) to how much went out without waiting; 0 also for an error, which the next send finds."""
    send_if_quiet: Callable[[int, bytes], int]
    """(descriptor, head) to how much of it went out; NOT_SENT where nothing goes; UNASKED where something has come that
    nobody asked for, an end, or an error. Who looks then finds it again."""

    def __init__(
        self,
        receive_response: Callable[[int, int, int], Begun | bytes | None],
        receive_waiting: Callable[[int, int], bytes],
        is_quiet: Callable[[int], bool],
        send_at_once: Callable[[int, bytes], int],
        send_if_quiet: Callable[[int, bytes], int],
    ) -> None:
        self._set(receive_response, receive_waiting, is_quiet, send_at_once, send_if_quiet)


class Backend(Record):
    __slots__ = (
        "begin_response_head",
        "body_buffer",
        "engine",
        "find_head_end",
        "frame_target",
        "has_version",
        "is_unchanged",
        "name",
        "parse_response_head",
        "replaces_any",
        "serialize_request_head",
        "take_chunks",
        "version_of",
        "with_slots",
    )
    __match_args__ = (
        "name",
        "parse_response_head",
        "begin_response_head",
        "find_head_end",
        "take_chunks",
        "body_buffer",
        "frame_target",
        "serialize_request_head",
        "replaces_any",
        "has_version",
        "is_unchanged",
        "with_slots",
        "version_of",
        "engine",
    )

    name: str
    parse_response_head: Callable[[bytes, int, int], ResponseHead | None]
    """(block, max line bytes, max field lines) to a head, or None for "declined"."""
    begin_response_head: Callable[[bytes, int, int], Begun | None]
    """The same for the head that bytes begin with, whatever is behind it; None also where it is not all there."""
    find_head_end: Callable[[bytes | bytearray, int], int]
    """(buffer, start) to the offset behind the empty line, or -1."""
    take_chunks: TakeChunks
    """(buffer, start, bytes left of a chunk, most bytes) to the data that comes from *start* on, where it stopped, and
    what is left there of a chunk; left as in ``ChunkedDecoder.chunk_left``, most bytes -1 for all.

    Goes from chunk to chunk while size and line end are plain: 12 hex digits at most, and CRLF. Stops in front of
    anything else: the last chunk, an extension, what is not all there, what is to be refused; and as soon as so many
    bytes have been given. Raises IndexError for a *start* outside the buffer."""
    body_buffer: Callable[[], BodyBuffer]
    frame_target: Callable[[bytes, str, int, bytes], bytes | None]
    """(start, text, offset, end) to these around what the text has from there on; None where that is not plain."""
    serialize_request_head: Callable[[str, str, bytes, dict[str, str], int], bytes | None]
    """(method, target, Host, headers, Content-Length or -1) to a request's head, or None for "declined"."""
    replaces_any: Callable[[object, tuple[str, ...], tuple[object, ...]], bool]
    """(instance, names, originals): whether its class, a class between or it itself has another one of *names*."""
    has_version: Callable[[type, int], bool]
    """(class, what ``version_of`` has told of it) to whether it is the same still; 0 never is."""
    is_unchanged: Callable[[type, int, object, int, object], bool]
    """(class, its version, an instance's dict, how many keys that had, the last of them) to whether all is the same."""
    with_slots: Callable[[type, tuple[object, ...], tuple[object, ...]], Any]
    """(class, descriptors of its slots, values) to an instance that has these, and was not initialized."""
    version_of: Callable[[type], int]
    """(class) to a number that changes with it and with the classes it is made from; 0 where that is not known."""
    engine: Engine | None

    def __init__(
        self,
        name: str,
        parse_response_head: Callable[[bytes, int, int], ResponseHead | None],
        begin_response_head: Callable[[bytes, int, int], Begun | None],
        find_head_end: Callable[[bytes | bytearray, int], int],
        take_chunks: TakeChunks,
        body_buffer: Callable[[], BodyBuffer],
        frame_target: Callable[[bytes, str, int, bytes], bytes | None],
        serialize_request_head: Callable[[str, str, bytes, dict[str, str], int], bytes | None],
        replaces_any: Callable[[object, tuple[str, ...], tuple[object, ...]], bool],
        has_version: Callable[[type, int], bool],
        is_unchanged: Callable[[type, int, object, int, object], bool],
        with_slots: Callable[[type, tuple[object, ...], tuple[object, ...]], Any],
        version_of: Callable[[type], int],
        engine: Engine | None = None,
    ) -> None:
        self._set(
            name,
            parse_response_head,
            begin_response_head,
            find_head_end,
            take_chunks,
            body_buffer,
            frame_target,
            serialize_request_head,
            replaces_any,
            has_version,
            is_unchanged,
            with_slots,
            version_of,
            engine,
        )
