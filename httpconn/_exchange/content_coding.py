"""Content codings, undone by libraries, and bounded.

gzip and deflate by zlib, or by isal where it is installed (2.7 times as fast); br by brotli 1.2 or newer (older
ones give out whatever the input expands to, in one piece); zstd by Python 3.14's own module or backports.zstd,
which is the same. Each is looked for when it is first needed.

A ``Decoder`` takes one small step at a time: some KiB of input at most, and some hundred KiB of output. Between two of
them whoever drives it may look at the clock, and do something else first. It is asked for more until it says that it
holds nothing back, not until its input is used up: libraries keep output.

Codings on top of each other are bounded in number (CVE-2022-32206), and each of them in what comes out of it
(CVE-2025-66471): what is expanded in the middle need not come out at the end.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Protocol

from .._wire.head import Defect, ResponseHead
from ..errors import MAX_QUOTED_BYTES, ContentDecodingError, ContentTooLong, MissingDecoder, quote, without_frames

DEFAULT_MAX_RATIO: Final = 250.0
"""How much larger decoded content may be than what came; zlib cannot do more than 1032."""
RATIO_FREE_BYTES: Final = 1_048_576
"""Content up to this size is never too much of an expansion."""
MAX_CODINGS: Final = 5
STEP_BYTES: Final = 262_144
"""The output that a decoder is asked for at once; brotli gives up to twice as much."""
SLICE_BYTES: Final = 32_768
"""The input that a decoder is given at once."""

_FIRST_SLICE_BYTES: Final = 512
_DECODER_BYTES: Final = 65_536
"""What any decoder takes at least, beside its window: 30 to 70 KiB were seen."""
_ZSTD_WINDOW_LOG: Final = 23
"""RFC 9659: a content coding's window is at most 8 MiB."""


class DataBehind(ValueError):
    """Data follows the end of a coded stream and does not begin another. All output before it has been given."""

    def __init__(self) -> None:
        super().__init__("data behind the end of the compressed stream")


class Decoder(Protocol):
    """Undoes one coding."""

    window_bytes: int
    """How much of its output it may remember."""
    is_idle: bool
    """It holds nothing back, and waits for more input."""

    def feed(self, data: bytes) -> None:
        """Give it input; only while ``is_idle``."""

    def step(self) -> bytes:
        """Return the next decoded bytes, maybe none. Not to be called once ``is_idle``.

        Raises ValueError for corrupt data, DataBehind for bytes behind the coded content.
        """

    def is_complete(self) -> bool:
        """Return whether what has come so far may end here."""

    def rest(self) -> bytes:
        """Return the input that has not been used, as far as it is known."""


class _Input:
    """What a decoder has been given, handed on in slices."""

    def __init__(self) -> None:
        self.is_idle = True
        self._data = b""
        self._at = 0
        self._slice_bytes = SLICE_BYTES

    def feed(self, data: bytes) -> None:
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0
        self.is_idle = not self._data

    def rest(self) -> bytes:
        return self._data[self._at :]

    def _take(self) -> bytes:
        part = self._data[self._at : self._at + self._slice_bytes]
        self._at += len(part)
        return part

    def _has_some(self) -> bool:
        return self._at < len(self._data)


class _Streams(_Input):
    """One stream behind the other, each undone by a decompressor of its own.

    A library hands back what lies behind the end of a stream as a copy. So that thousands of short streams in a row
    take no more time than their length, the slices begin small behind each of them, and grow within it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream: Any = None
        self._has_ended = False  # one of them at least
        self._used = 0
        self._holds_back = False

    def _begin(self) -> Any:
        """Return a decompressor for what comes next, None where there is not enough of it, or nothing but padding."""
        raise NotImplementedError

    def _advance(self) -> bytes:
        """Have the decompressor take one step; note whether it ``_holds_back``. Raises ValueError."""
        raise NotImplementedError

    def step(self) -> bytes:
        if self._stream is None:
            self._stream = self._begin()
            if self._stream is None:
                self.is_idle = True
                return b""
        before = self._at
        part = self._advance()
        self._used += self._at - before
        if self._stream.eof:
            unused = len(self._stream.unused_data)
            self._at -= unused
            self._used -= unused
            self._stream = None
            self._holds_back = False
            self._slice_bytes = min(max(_FIRST_SLICE_BYTES, 2 * self._used), SLICE_BYTES)
            self._used = 0
            self._has_ended = True
        elif self._slice_bytes < SLICE_BYTES:
            self._slice_bytes *= 2
        self.is_idle = not self._holds_back and not self._has_some()
        return part

    def is_complete(self) -> bool:
        return self._has_ended and self._stream is None and not self._has_some()


class _Inflater(_Streams):
    """zlib's formats. Source: RFC 1950, 1951, 1952; several members follow each other (RFC 1952 section 2.2)."""

    window_bytes = 1 << zlib.MAX_WBITS

    def __init__(self, library: Any, window_bits: int) -> None:
        super().__init__()
        self._library = library
        self._window_bits = window_bits
        self._error: Any = (zlib.error, library.error)
        self._is_padded = False

    def _begin(self) -> Any:
        if self._window_bits == _DEFLATE:
            if self._has_ended:
                return self._pass_over_padding()
            # "deflate" is zlib's format (RFC 9110 section 8.4.1.2); some servers send the bare stream.
            is_bare = self._data[self._at] & 0x0F != 8
            return self._library.decompressobj(-zlib.MAX_WBITS if is_bare else _DEFLATE)
        begin = self._data[self._at : self._at + _GZIP_FLAGS + 1]
        if self._has_ended and (self._is_padded or not _GZIP_MAGIC.startswith(begin[: len(_GZIP_MAGIC)])):
            return self._pass_over_padding()
        if len(begin) <= _GZIP_FLAGS:
            return None
        # isal 1.9.1 fails where the header's optional fields are cut between two calls.
        library = zlib if begin[_GZIP_FLAGS] & _GZIP_OPTIONAL_FIELDS else self._library
        return library.decompressobj(_GZIP)

    def _pass_over_padding(self) -> None:
        """Pass over zeros behind the last stream, as gzip(1) does. Raises DataBehind for anything else."""
        if self._data[self._at :].strip(b"\0"):
            raise DataBehind
        self._is_padded = True
        self._at = len(self._data)

    def _advance(self) -> bytes:
        try:
            part: bytes = self._stream.decompress(self._take(), STEP_BYTES)
        except self._error as error:
            raise ValueError(str(error)) from None
        if not self._stream.eof:  # then isal leaves there what it has in ``unused_data`` too
            self._at -= len(self._stream.unconsumed_tail)
        # What is left of the input does not tell: it may be used up while output waits. Both libraries stop short only
        # where there is no more.
        self._holds_back = len(part) >= STEP_BYTES
        return part


_GZIP: Final = 16 + zlib.MAX_WBITS
_DEFLATE: Final = zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_FLAGS: Final = 3
_GZIP_OPTIONAL_FIELDS: Final = 0xFE  # FHCRC, FEXTRA, FNAME, FCOMMENT, and what is reserved; FTEXT adds no field


class _Zstd(_Streams):
    """Several frames follow each other, empty and skippable ones too (RFC 8878 section 3.1)."""

    window_bytes = 1 << _ZSTD_WINDOW_LOG

    def __init__(self, library: Any) -> None:
        super().__init__()
        self._library = library
        self._options = {library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}

    def _begin(self) -> Any:
        begin = self._data[self._at : self._at + _ZSTD_MAGIC_BYTES]
        if self._has_ended and not _begins_as_zstd(begin):
            raise DataBehind
        if self._has_ended and len(begin) < _ZSTD_MAGIC_BYTES:
            return None
        return self._library.ZstdDecompressor(options=self._options)

    def _advance(self) -> bytes:
        given = b"" if self._holds_back else self._take()  # what it has not used of the last one it keeps
        try:
            part: bytes = self._stream.decompress(given, STEP_BYTES)
        except self._library.ZstdError as error:
            raise ValueError(str(error)) from None
        self._holds_back = not self._stream.needs_input and bool(given or part)
        return part


_ZSTD_MAGIC_BYTES: Final = 4
# A frame, or one to be skipped; or the beginning of what tells them.
_begins_as_zstd: Final = re.compile(
    rb"\x28(?:\xb5(?:\x2f(?:\xfd)?)?)?|[\x50-\x5f](?:\x2a(?:\x4d(?:\x18)?)?)?", re.DOTALL
).fullmatch


class _Brotli(_Input):
    """One stream. Source: RFC 7932; its largest window is 16 MiB less 16 bytes.

    Where its end comes with bytes behind it, the library fails, and gives nothing of what was before. So none are ever
    dropped: that would depend on how they were cut.
    """

    window_bytes = 1 << 24

    def __init__(self, library: Any) -> None:
        super().__init__()
        self._stream = library.Decompressor()
        self._error = library.error
        self._holds_back = False
        self._is_finished = False

    def step(self) -> bytes:
        if self._is_finished:
            raise ValueError("data behind the end of the compressed stream")
        try:
            part: bytes = self._stream.process(
                b"" if self._holds_back else self._take(), output_buffer_limit=STEP_BYTES
            )
        except self._error as error:
            raise ValueError(str(error)) from None
        self._is_finished = self._stream.is_finished()
        # It says that it can accept more while it still has some to give, once all of the input is in.
        self._holds_back = bool(part) and not self._is_finished
        self.is_idle = not self._holds_back and not self._has_some()
        return part

    def is_complete(self) -> bool:
        return self._is_finished


def _import_first(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


@cache
def _zlib_library() -> Any:
    return _import_first("isal.isal_zlib", "zlib")


@cache
def _makers() -> dict[str, Callable[[], Decoder]]:
    """Return how to make a decoder of each coding that can be undone here, the best one first."""
    makers: dict[str, Callable[[], Decoder]] = {}
    makers["gzip"] = lambda: _Inflater(_zlib_library(), _GZIP)
    makers["deflate"] = lambda: _Inflater(_zlib_library(), _DEFLATE)
    brotli = _import_first("brotli", "brotlicffi")
    if brotli is not None and hasattr(brotli.Decompressor, "can_accept_more_data"):
        makers["br"] = lambda: _Brotli(brotli)
    zstd = _import_first("compression.zstd", "backports.zstd")
    if zstd is not None:
        makers["zstd"] = lambda: _Zstd(zstd)
    return makers


_ALIASES: Final = {"x-gzip": "gzip", "x-deflate": "deflate"}  # RFC 9110 section 8.4.1.3
_PACKAGES: Final = {"br": "brotli", "zstd": "backports.zstd"}
"""The codings that take a package, which is an extra of the coding's name."""


@cache
def accept_encoding() -> str:
    """Return the value of Accept-Encoding: what can be undone here, and nothing else."""
    return ", ".join(_makers())


def check_asked_for(value: str) -> None:
    """Raise MissingDecoder where *value*, a caller's own Accept-Encoding, asks for a coding without a decoder."""
    for member in value.split(","):
        coding, _, weight = member.strip().lower().partition(";")
        coding = coding.strip()
        if coding in _PACKAGES and coding not in _makers() and weight.replace(" ", "") != "q=0":
            raise MissingDecoder(f"Accept-Encoding asks for {quote(coding)}, {_which_is_missing(coding)}")


def _which_is_missing(coding: str) -> str:
    return (
        f"which takes the package {_PACKAGES[coding]} to undo: pip install 'httpconn[{coding}]', "
        f"or take the content as it comes with decode=False"
    )


def parse_content_encoding(value: str) -> tuple[str, ...] | None:
    """Return the codings of a Content-Encoding, in the order of their application, without ``identity``.

    None where there is one that is no content coding, or none at all: then the content is what came.
    Source: RFC 9110 section 8.4; Fetch, "handle content codings". ``compress`` counts as unknown, as it does there.
    """
    members = [name for part in value.split(",") if (name := part.strip(" \t").lower())]
    names = [_ALIASES.get(name, name) for name in members if name != "identity"]
    if not members or any(name not in _PACKAGES and name not in _makers() for name in names):
        return None
    return tuple(names)


def check_decoders(codings: Sequence[str]) -> None:
    """Raises MissingDecoder where one of *codings* has no decoder here, ContentDecodingError for too many of them."""
    if len(codings) > MAX_CODINGS:
        raise ContentDecodingError(f"expected at most {MAX_CODINGS} content codings, got {len(codings)}")
    for name in codings:
        if name not in _makers():
            raise MissingDecoder(f"the content came in the content coding {name!r}, {_which_is_missing(name)}")


class Decoding(Protocol):
    """What the content of a response goes through."""

    defects: list[Defect]
    missing: MissingDecoder | None
    """Why it is not decoded, where it should be; raised at the end, with what came in ``partial``."""

    @property
    def is_busy(self) -> bool:
        """Whether there is a step to take before it is fed again."""

    @property
    def memory(self) -> int:
        """Bytes that the decoders take, windows as far as they are filled."""

    def feed(self, data: bytes) -> None:
        """Give it what has come; only while it is not busy."""

    def step(self) -> bytes:
        """Take one step, while it is busy; return the content that came of it. Raises ContentDecodingError,
        ContentTooLong."""

    def finish(self) -> None:
        """See whether the content may end here. Raises ContentDecodingError, MissingDecoder."""


class AsItCame:
    """Undoes nothing."""

    memory = 0

    def __init__(self, defects: list[Defect], missing: MissingDecoder | None = None) -> None:
        self.defects = defects
        self.missing = missing
        self._data = b""

    @property
    def is_busy(self) -> bool:
        return bool(self._data)

    def feed(self, data: bytes) -> None:
        self._data = data

    def step(self) -> bytes:
        data, self._data = self._data, b""
        return data

    def finish(self) -> None:
        if self.missing is not None:
            raise self.missing


class _Stage:
    """One coding of several, and what has passed through its decoder."""

    __slots__ = ("decoder", "given", "is_dropping", "name", "taken")

    def __init__(self, name: str) -> None:
        self.name = name
        self.decoder = _makers()[name]()
        self.taken = 0
        self.given = 0
        self.is_dropping = False  # what lies behind the end of its stream

    def feed(self, data: bytes) -> None:
        if not self.is_dropping:
            self.taken += len(data)
            self.decoder.feed(data)

    @property
    def is_busy(self) -> bool:
        return not self.decoder.is_idle and not self.is_dropping


class ContentDecoder:
    """Undoes the codings of one response, the last applied first, step by step, and watches how much comes out."""

    def __init__(
        self,
        codings: Sequence[str],
        max_ratio: float,
        *,
        max_content: int | None = None,
        is_tolerant: bool = False,
    ) -> None:
        """*codings* are known ones, see ``check_decoders``.

        *max_content* bounds what goes from one coding to the next; what comes out at the end, the caller counts.
        *is_tolerant*: a stream that ends too early counts as far as it goes, and what lies behind the end of one is
        dropped; both are in ``defects``.
        """
        self._stages = [_Stage(name) for name in reversed(codings)]
        self._max_ratio = max_ratio
        self._max_between = None if max_content is None else max_content + RATIO_FREE_BYTES
        self._is_tolerant = is_tolerant
        self._received = 0
        self.missing: MissingDecoder | None = None
        self.defects: list[Defect] = []

    @property
    def is_busy(self) -> bool:
        return any(stage.is_busy for stage in self._stages)

    @property
    def memory(self) -> int:
        return sum(_DECODER_BYTES + min(stage.given, stage.decoder.window_bytes) for stage in self._stages)

    def feed(self, data: bytes) -> None:
        self._received += len(data)
        self._stages[0].feed(data)

    def step(self) -> bytes:
        last = len(self._stages) - 1
        for number in range(last, -1, -1):  # what is furthest first, so that little waits between them
            stage = self._stages[number]
            if not stage.is_busy:
                continue
            try:
                part = stage.decoder.step()
            except ValueError as error:
                self._drop_rest(stage, error)
                return b""
            if not part:
                return b""
            stage.given += len(part)
            self._check_size(stage, is_last=number == last)
            if number == last:
                return part
            self._stages[number + 1].feed(part)
            return b""
        return b""

    def _check_size(self, stage: _Stage, *, is_last: bool) -> None:
        given = stage.given
        if given > RATIO_FREE_BYTES and given > self._received * self._max_ratio:
            raise ContentTooLong(
                f"{self._received} bytes have expanded to more than {given} ({stage.name}), "
                f"{self._max_ratio:g} times as much at most is allowed (max_ratio)"
            )
        if not is_last and self._max_between is not None and given > self._max_between:
            raise ContentTooLong(
                f"more than {self._max_between} bytes have come out of {stage.name!r}, one of several content codings "
                f"(max_content)"
            )

    def _drop_rest(self, stage: _Stage, error: ValueError) -> None:
        """Go on without what lies behind the end of a stream, where that is allowed; else raise."""
        if not (self._is_tolerant and isinstance(error, DataBehind)):
            raise ContentDecodingError(f"the content is no good {stage.name!r}: {error}") from None
        stage.is_dropping = True
        rest = stage.decoder.rest()
        reason = f"behind the end of the content coding {stage.name!r}, dropped: {error}"
        self.defects.append(Defect(stage.taken - len(rest), rest[:MAX_QUOTED_BYTES], reason))

    def finish(self) -> None:
        """As ``Decoding``, and let go of the decoders. No content at all is whole."""
        stages, self._stages = self._stages, []
        for stage in stages:
            if stage.taken and not stage.is_dropping and not stage.decoder.is_complete():
                reason = f"the content ends in the middle of its content coding {stage.name!r}"
                if not self._is_tolerant:
                    raise ContentDecodingError(reason)
                self.defects.append(Defect(stage.taken, b"", reason))


def decoder_of(
    value: str, block: bytes, max_ratio: float, *, max_content: int | None, is_tolerant: bool
) -> Decoding | None:
    """Return what undoes the Content-Encoding *value* of a head; None where it names nothing but ``identity``.

    See ``ContentDecoder`` for the rest. Raises ContentDecodingError for too many codings.
    """
    codings = parse_content_encoding(value)
    if codings is None:
        return AsItCame([_content_encoding_defect(block)])
    try:
        check_decoders(codings)
    except MissingDecoder as error:
        return AsItCame([], without_frames(error))
    return ContentDecoder(codings, max_ratio, max_content=max_content, is_tolerant=is_tolerant) if codings else None


def is_missing(head: ResponseHead) -> bool:
    """Return whether what would undo the content codings of *head* is not installed."""
    value = head.get_joined("content-encoding")
    codings = None if value is None else parse_content_encoding(value)
    try:
        check_decoders(codings or ())
    except (MissingDecoder, ContentDecodingError) as error:
        return isinstance(error, MissingDecoder)
    return False


def _content_encoding_defect(block: bytes) -> Defect:
    at = block.lower().find(b"\ncontent-encoding:") + 1
    line = block[at:].partition(b"\n")[0].rstrip(b"\r")
    return Defect(at, line, "no content coding, or an unknown one: the content is as it came")
