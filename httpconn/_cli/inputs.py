"""The input of ``httpconn fetch``: URLs as lines, JSON Lines or a CSV column, from a file or an endless pipe.

What comes from a pipe is read by a thread, since the fetcher must not wait for it: "nothing now" is None.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import json
import os
import queue
import stat
import threading
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple, cast

from .._wire.urls import url_meant_by
from ..errors import quote
from ..model import Request
from ..writers.blocks import zstd_library

MOST_LINE_BYTES: Final = 16 << 20
CHUNK_BYTES: Final = 1 << 16
CHUNKS_AHEAD: Final = 64
_COMMENT: Final = ord("#")

_SUFFIXES: Final = (".bz2", ".csv", ".gz", ".jsonl", ".lst", ".ndjson", ".tsv", ".txt", ".xz", ".zst")
"""Of files that somebody would have URLs in."""

KEYS: Final = ("url", "method", "headers", "body", "tag")
"""Of an object in JSON Lines. Another key is an error: it may be one of these, misspelt."""


class UsageError(Exception):
    """The command's arguments are invalid, or it cannot even begin; the text says why."""


class BadInput(ValueError):
    """An entry of the input is no request."""


class Entry(NamedTuple):
    """One entry of the input: a request, or what is wrong with it. A bare URL to GET is an entry itself, as str."""

    url: str
    request: Request | str
    problem: Exception | None = None


def entry_of(url: str, method: str) -> Entry | str:
    """Return the entry of a URL of which nothing else is said."""
    return url if method == "GET" else Entry(url, Request(method, url))


def opened(path: str, stack: contextlib.ExitStack) -> BinaryIO:
    """Return a file to read, "-" for standard input, with its compression undone; *stack* closes it.

    But for what a thread reads: it may be waiting, and nobody could close it then. Raises UsageError.
    """
    try:
        # Not sys.stdin: at its end the interpreter would wait for the thread that reads it.
        raw = open(0 if path == "-" else path, "rb", closefd=path != "-")  # noqa: SIM115  # the stack closes it
        if path != "-" and is_regular(raw):
            stack.callback(raw.close)
        begin = cast(Any, raw).peek(4)[:4]
    except OSError as error:
        hint = as_url(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"the input {path!r} cannot be read: {error.strerror or error}{hint}") from None
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(f"the input {path!r} is in UTF-16; expected UTF-8")
    return _decompressed(raw, begin)


def as_url(path: str) -> str:
    """Return what is said behind *path*, which is no file, where it looks like a URL without its scheme; "" else."""
    meant = None if path.lower().endswith(_SUFFIXES) else url_meant_by(path)
    return "" if meant is None else f"; as a URL, {path!r} is {meant!r}"


def _decompressed(raw: BinaryIO, begin: bytes) -> BinaryIO:
    """Return *raw*, or what undoes the compression that its first bytes tell of."""
    made: Any = raw
    if begin.startswith(b"\x1f\x8b"):
        import gzip

        made = gzip.GzipFile(fileobj=raw)
    elif begin == b"\x28\xb5\x2f\xfd":
        made = zstd_library().ZstdFile(raw)
    elif begin.startswith(b"BZh"):
        import bz2

        made = bz2.BZ2File(raw)
    elif begin == b"\xfd7zX":
        import lzma

        made = lzma.LZMAFile(raw)  # noqa: SIM115  # it has nothing to close but raw
    return cast(BinaryIO, made)


def is_regular(file: BinaryIO) -> bool:
    """Whether *file* lies on a disk, so that reading it does not wait for anybody."""
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):  # of a decompressor of another kind
        return False


def chunks_of(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the bytes of *file* in parts, None for "nothing now". Raises UsageError where it cannot be read."""
    return _read_directly(file) if is_regular(file) else _read_by_thread(file)


def _read(file: BinaryIO) -> bytes:
    try:
        return cast(bytes, cast(Any, file).read1(CHUNK_BYTES))
    except Exception as error:  # OSError, EOFError, and each decompressor's own
        raise UsageError(f"the input cannot be read further: {type(error).__name__}: {error}") from None


def _read_directly(file: BinaryIO) -> Iterator[bytes]:
    while chunk := _read(file):
        yield chunk


def _read_by_thread(file: BinaryIO) -> Iterator[bytes | None]:
    chunks: queue.Queue[bytes | UsageError] = queue.Queue(CHUNKS_AHEAD)

    def run() -> None:
        try:
            while chunk := _read(file):
                chunks.put(chunk)
            chunks.put(b"")
        except UsageError as error:
            chunks.put(error)

    threading.Thread(target=run, name="httpconn input", daemon=True).start()
    while True:
        try:
            chunk = chunks.get_nowait()
        except queue.Empty:
            yield None
            continue
        if isinstance(chunk, UsageError):
            try:
                raise chunk
            finally:
                del chunk
        if not chunk:
            return
        yield chunk


def lines_of(chunks: Iterable[bytes | None]) -> Iterator[tuple[int, list[bytes]] | None]:
    """Yield lines as they come, with the number of the first, from 1; without ends and without a byte order mark."""
    rest: list[bytes] = []
    size = 0
    number = 1
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        lines = chunk.split(b"\n")
        rest.append(lines[0])
        size += len(lines[0])
        if size > MOST_LINE_BYTES:
            raise UsageError(f"line {number} of the input is longer than {MOST_LINE_BYTES >> 20} MiB")
        if len(lines) > 1:
            lines[0] = b"".join(rest)
            last = lines.pop()
            rest, size = [last], len(last)
            yield number, _without_mark(lines, number)
            number += len(lines)
    if size:
        yield number, _without_mark([b"".join(rest)], number)


def _without_mark(lines: list[bytes], number: int) -> list[bytes]:
    if number == 1:
        lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
    return lines


class Input:
    """The entries of one input, in their order: iterate it once. None is "nothing now"."""

    def __init__(self, file: BinaryIO, form: str, column: str, method: str) -> None:
        """*form* is "lines", "jsonl", "csv", or "auto" for the first two, by how the first line begins.

        *method* is of those that say none.
        """
        self._file = file
        self._form = form
        self._column = column
        self._method = method

    def __iter__(self) -> Iterator[Entry | str | None]:
        lines = lines_of(chunks_of(self._file))
        return self._rows(lines) if self._form == "csv" else self._lines(lines)

    def _lines(self, parts: Iterator[tuple[int, list[bytes]] | None]) -> Iterator[Entry | str | None]:
        is_json = {"jsonl": True, "lines": False}.get(self._form)
        for part in parts:
            if part is None:
                yield None
                continue
            for number, line in enumerate(part[1], part[0]):
                line = line.strip()
                if not line:
                    continue
                if is_json is None:
                    is_json = line.startswith(b"{")
                if is_json:
                    yield self._of_json(line, number)
                elif line[0] != _COMMENT:
                    try:
                        url = line.decode()
                    except UnicodeDecodeError as error:
                        yield bad(line, number, f"it is no UTF-8: {error.reason} at byte {error.start}")
                        continue
                    yield entry_of(url, self._method)

    def _of_json(self, line: bytes, number: int) -> Entry | str:
        try:
            told = json.loads(line)
            if not isinstance(told, dict):
                raise ValueError(f"expected an object with {', '.join(KEYS)}, got {type(told).__name__}")
            return self._of_object(told)
        except (ValueError, TypeError, RecursionError) as error:
            return bad(line, number, str(error))

    def _of_object(self, told: dict[str, Any]) -> Entry | str:
        unknown = sorted(told.keys() - {*KEYS})
        if unknown:
            raise ValueError(f"expected the keys {', '.join(KEYS)}, got {', '.join(map(repr, unknown))}")
        url, method, body, headers = told.get("url"), told.get("method"), told.get("body"), told.get("headers")
        if not isinstance(url, str):
            raise ValueError(f"expected a url as text, got {url!r:.64}")
        if not isinstance(method, str | None):
            raise ValueError(f"expected a method as text, got {method!r:.64}")
        if not isinstance(body, str | None):
            raise ValueError(f"expected a body as text, got {body!r:.64}")
        if not isinstance(headers, dict | list | None):
            raise ValueError(f"expected headers as an object, or a list of pairs, got {headers!r:.64}")
        if all(value is None for value in (method, headers, body, told.get("tag"))):
            return entry_of(url, self._method)
        request = Request(method or self._method, url, headers, body, tag=told.get("tag"))
        return Entry(request.url, request)

    def _rows(self, parts: Iterator[tuple[int, list[bytes]] | None]) -> Iterator[Entry | str | None]:
        at: int | None = None
        held = b""
        number = 0
        for part in parts:
            if part is None:
                yield None
                continue
            for number, line in enumerate(part[1], part[0]):
                line = line.removesuffix(b"\r")
                held = held + b"\n" + line if held else line
                if held.count(b'"') % 2:  # a quoted value goes on in the next line
                    if len(held) > MOST_LINE_BYTES:
                        raise UsageError(f"the row that ends in line {number} has a quote without an end")
                    continue
                row, held = held, b""
                if not row.strip():
                    continue
                if at is None:
                    at = self._place_of_column(row)
                else:
                    yield self._of_row(row, number, at)
        if held:
            yield bad(held, number, "the quote has no end")

    def _place_of_column(self, row: bytes) -> int:
        try:
            names = _values_of(row)
        except ValueError as error:
            raise UsageError(f"the first row of the input has no names of columns: {error}") from None
        if self._column not in names:
            raise UsageError(f"the input has no column {self._column!r}; it has {', '.join(names)}")
        return names.index(self._column)

    def _of_row(self, row: bytes, number: int, at: int) -> Entry | str:
        try:
            values = _values_of(row)
        except ValueError as error:
            return bad(row, number, str(error))
        if at >= len(values) or not values[at].strip():
            return bad(row, number, f"there is nothing in the column {self._column!r}")
        return entry_of(values[at].strip(), self._method)


def _values_of(row: bytes) -> list[str]:
    """Return the values of one row of CSV. Raises ValueError."""
    try:
        [values] = csv.reader([row.decode("utf-8")], strict=True)
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return values


def bad(line: bytes, number: int, why: str) -> Entry:
    """Return the entry of a *line* that is no request."""
    shown = line[:256].decode("utf-8", "replace")
    return Entry(shown, shown, BadInput(f"line {number} of the input, {quote(line)}: {why}"))
