from typing import Any, Never, Self, final

from ._wire.grammar import Limits

__all__ = (
    "BodyBuffer",
    "ChunkedDecoder",
    "FieldLayout",
    "ResponseHead",
    "TurnLimits",
    "begin_plain_response",
    "find_head_end",
    "parse_response_head",
    "plain_get",
    "plain_request",
    "replaces_any",
    "send_if_quiet",
    "serialize_plain_request_head",
    "take_plain_response",
    "take_turn",
)

@final
class ResponseHead:
    def __init__(self, *args: object, **kwargs: object) -> Never: ...
    @property
    def block(self) -> bytes: ...
    @property
    def version(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def content_length(self) -> str | None: ...
    @property
    def transfer_encoding(self) -> str | None: ...
    @property
    def connection(self) -> str | None: ...
    @property
    def defects(self) -> tuple[()]: ...
    def field_lines(self) -> list[tuple[str, str]]: ...
    def field_values(self, name: str) -> list[str]: ...
    def get_joined(self, name: str) -> str | None: ...

@final
class BodyBuffer:
    @property
    def size(self) -> int: ...
    def add(self, part: bytes) -> None: ...
    def room(self, wanted: int, most: int) -> memoryview: ...
    def advance(self, count: int) -> None: ...
    def whole(self) -> bytes: ...

@final
class ChunkedDecoder:
    chunk_left: int
    in_trailers: bool
    complete: bool
    position: int
    searched: int
    error: int
    @property
    def lax_line(self) -> bytes: ...
    def __new__(cls, line_bytes: int, trailer_lines: int, overhead_bytes: int, strict: bool = False) -> Self: ...
    def decode(self, buffer: bytes | bytearray, start: int, max_bytes: int) -> bytes: ...
    @property
    def trailer_block(self) -> bytes: ...

def parse_response_head(block: bytes, max_line_bytes: int, max_field_lines: int) -> ResponseHead | None: ...
def find_head_end(buffer: bytes | bytearray, start: int = 0) -> int: ...
def serialize_plain_request_head(
    method: str, target: str, host: bytes, headers: dict[str, str], content_length: int
) -> bytes | None: ...
def take_plain_response(
    data: bytes, method: str | None, limits: Limits
) -> tuple[ResponseHead, bytes, bytes] | None: ...
def replaces_any(instance: object, names: tuple[str, ...], originals: tuple[object, ...]) -> bool: ...

@final
class TurnLimits:
    def __init__(
        self,
        line_bytes: int,
        field_lines: int,
        trailer_lines: int,
        overhead_bytes: int,
        max_content: int | None,
        judged_from: int,
        retried_from: int,
        keeps_cookies: bool,
        takes_coded: bool = False,
    ) -> None: ...

@final
class FieldLayout:
    def __init__(
        self,
        names: tuple[str, ...],
        fixed: tuple[str | None, ...],
        front: bytes,
        sends_host: bool,
        keeps: bool = True,
    ) -> None: ...

def begin_plain_response(
    data: bytes, limits: TurnLimits, is_head: bool = False
) -> tuple[ResponseHead, bytes, int] | None: ...
def plain_get(known: dict[str, tuple[Any, Any, bytes]], url: str) -> tuple[tuple[Any, Any, bytes], bytes] | None: ...
def plain_request(
    known: dict[str, tuple[Any, Any, bytes]], url: str, headers: Any, layouts: dict[tuple[str, ...], Any]
) -> tuple[tuple[Any, Any, bytes], bytes] | None: ...
def send_if_quiet(descriptor: int, head: bytes) -> int: ...
def take_turn(
    descriptor: int, next_request: bytes | None, limits: TurnLimits
) -> tuple[ResponseHead, bytes, int, int] | bytes | None: ...
