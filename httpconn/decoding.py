"""Content codings, undone by libraries, and bounded.

gzip and deflate by zlib, or by isal where it is installed (2.7 times as fast); br by brotli 1.2 or newer (older
ones give out whatever the input expands to, in one piece); zstd by Python 3.14's own module or backports.zstd,
which is the same. Each is looked for when it is first needed.

No decoder is ever asked for more than ``STEP_BYTES`` at once, so a bomb is seen after one step too many
(CVE-2025-66471), and the number of codings on top of each other is bounded (CVE-2022-32206).
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, Protocol

from .errors import ContentDecodingError, ContentTooLong, MissingDecoder, quote

DEFAULT_MAX_RATIO: Final = 250.0
"""How much larger decoded content may be than what came; zlib cannot do more than 1032."""
RATIO_FREE_BYTES: Final = 1_048_576
"""Content up to this size is never too much of an expansion."""
MAX_CODINGS: Final = 5
STEP_BYTES: Final = 262_144

_ZSTD_WINDOW_LOG: Final = 23
"""RFC 9659: a content coding's window is at most 8 MiB."""


class Decoder(Protocol):
    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* decodes to, in pieces of STEP_BYTES or less. Raises ValueError for corrupt data."""

    def is_complete(self) -> bool:
        """Return whether what has come so far may end here."""


class _Inflater:
    """zlib's formats. Source: RFC 1950, 1951, 1952; several members follow each other (RFC 1952 section 2.2)."""

    def __init__(self, library: Any, window_bits: int) -> None:
        self._library = library
        self._window_bits = window_bits
        self._stream: Any = None
        self._at_end = False
        self._held = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held + data, b""
        while data:
            if self._at_end and not self._begins_member(data):
                return
            if self._stream is None:
                self._stream = self._library.decompressobj(self._choose(data))
            try:
                part = self._stream.decompress(data, STEP_BYTES)
                # What it holds back is given out with no more input.
                data = self._stream.unconsumed_tail
            except self._library.error as error:
                raise ValueError(str(error)) from None
            if self._stream.eof:
                data = self._stream.unused_data
                self._stream = None
                self._at_end = True
            if part:
                yield part

    def _begins_member(self, data: bytes) -> bool:
        """Return whether another member begins; zeros are padding (gzip(1) has it so), anything else is corrupt."""
        if self._window_bits == _GZIP and data.startswith(b"\x1f\x8b"):
            self._at_end = False
            return True
        if self._window_bits == _GZIP and data == b"\x1f":
            self._held = data
            return False
        if data.strip(b"\0"):
            raise ValueError("data behind the end of the compressed stream")
        return False

    def _choose(self, data: bytes) -> int:
        # "deflate" is zlib's format (RFC 9110 section 8.4.1.2); some servers send the bare stream.
        if self._window_bits == _DEFLATE and data[0] & 0x0F != 8:
            return -zlib.MAX_WBITS
        return self._window_bits

    def is_complete(self) -> bool:
        return self._at_end and not self._held


_GZIP: Final = 16 + zlib.MAX_WBITS
_DEFLATE: Final = zlib.MAX_WBITS


class _Brotli:
    def __init__(self, library: Any) -> None:
        self._stream = library.Decompressor()
        self._error = library.error

    def decode(self, data: bytes) -> Iterator[bytes]:
        if data and self._stream.is_finished():
            raise ValueError("data behind the end of the compressed stream")
        while True:
            try:
                part = self._stream.process(data, output_buffer_limit=STEP_BYTES)
            except self._error as error:
                raise ValueError(str(error)) from None
            data = b""
            if part:
                yield part
            if self._stream.can_accept_more_data() or self._stream.is_finished():
                return

    def is_complete(self) -> bool:
        return bool(self._stream.is_finished())


class _Zstd:
    """Several frames follow each other (RFC 8878 section 3.1)."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._options = {library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        self._stream: Any = None
        self._at_end = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._stream is None:
                if not data:
                    return
                self._stream = self._library.ZstdDecompressor(options=self._options)
                self._at_end = False
            try:
                part = self._stream.decompress(data, STEP_BYTES)
            except self._library.ZstdError as error:
                raise ValueError(str(error)) from None
            data = b""
            if part:
                yield part
            if self._stream.eof:
                data = self._stream.unused_data
                self._stream = None
                self._at_end = True
            elif self._stream.needs_input:
                return

    def is_complete(self) -> bool:
        return self._at_end


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
_EXTRAS: Final = frozenset({"br", "zstd"})


@cache
def accept_encoding() -> str:
    """Return the value of Accept-Encoding: what can be undone here, and nothing else."""
    return ", ".join(_makers())


def check_asked_for(value: str) -> None:
    """Raise MissingDecoder where *value*, a caller's own Accept-Encoding, asks for what cannot be undone here."""
    for member in value.split(","):
        coding, _, weight = member.strip().lower().partition(";")
        if coding.strip() in _EXTRAS and coding.strip() not in _makers() and weight.replace(" ", "") != "q=0":
            raise MissingDecoder(
                f"Accept-Encoding asks for {coding.strip()!r}, which has no decoder here; "
                f"pip install 'httpconn[{coding.strip()}]', or take the content as it comes with decode=False"
            )


class ContentDecoder:
    """Undoes the codings of one response, the last applied first, and watches how much comes out."""

    def __init__(self, content_encoding: str, max_ratio: float) -> None:
        """Raises MissingDecoder for a coding that cannot be undone, ContentDecodingError for too many of them."""
        codings = [
            name for part in content_encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")
        ]
        if len(codings) > MAX_CODINGS:
            raise ContentDecodingError(f"expected at most {MAX_CODINGS} content codings, got {len(codings)}")
        self._decoders: list[tuple[str, Decoder]] = []
        for name in reversed(codings):
            make = _makers().get(_ALIASES.get(name, name))
            if make is None:
                raise MissingDecoder(f"there is no decoder here for the content coding {quote(name)}")
            self._decoders.append((name, make()))
        self._max_ratio = max_ratio
        self._received = 0
        self._decoded = 0

    def __bool__(self) -> bool:
        return bool(self._decoders)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the content that *data* decodes to. Raises ContentDecodingError, ContentTooLong."""
        self._received += len(data)
        for part in self._through(data, 0):
            self._decoded += len(part)
            if self._decoded > RATIO_FREE_BYTES and self._decoded > self._received * self._max_ratio:
                raise ContentTooLong(
                    f"{self._received} bytes have expanded to more than {self._decoded}, "
                    f"{self._max_ratio:g} times as much at most is allowed (max_ratio)"
                )
            yield part

    def _through(self, data: bytes, stage: int) -> Iterator[bytes]:
        if stage == len(self._decoders):
            yield data
            return
        name, decoder = self._decoders[stage]
        try:
            for part in decoder.decode(data):
                yield from self._through(part, stage + 1)
        except ValueError as error:
            raise ContentDecodingError(f"the content is no good {name!r}: {error}") from None

    def finish(self) -> None:
        """Raise ContentDecodingError where the content was cut short. No content at all is whole."""
        if not self._received:
            return
        for name, decoder in self._decoders:
            if not decoder.is_complete():
                raise ContentDecodingError(f"the content ends in the middle of its content coding {name!r}")
