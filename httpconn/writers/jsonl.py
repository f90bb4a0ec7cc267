"""JSON Lines: a record a line, with every key in every line, plain, gzip or zstd."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ..model import Response
from .blocks import BlockFile, encoder_of
from .columns import OF_CONTENT, Records, asked_url, chosen
from .recorded import Recorded
from .spool import Opening, Spool, SpoolingWriter

_BEGIN: Final = re.compile(rb'\{"index":(\d{1,12}),"url":"((?:[^"\\]|\\.)*)"[,}]')


def _with_surrogates(dumps: Callable[[Any], str], record: dict[str, Any]) -> bytes:
    """Return *record* as JSON in UTF-8; half a surrogate pair, which is no text, becomes a question mark."""
    return dumps(record).encode("utf-8", "replace") + b"\n"


def serializer() -> Callable[[dict[str, Any]], bytes]:
    """Return what makes one line of a record, with its end: by orjson where it is installed.

    A line is for use at once, not to be kept: bytes that orjson 3.13 has made hold up to twelve times their size.
    """
    standard = partial(_with_surrogates, partial(json.dumps, ensure_ascii=False, separators=(",", ":")))
    try:
        orjson = importlib.import_module("orjson")
    except ImportError:
        return standard
    fast: Callable[[dict[str, Any], None, int], bytes] = orjson.dumps
    ends: int = orjson.OPT_APPEND_NEWLINE

    def serialize(record: dict[str, Any]) -> bytes:
        try:
            return fast(record, None, ends)
        except TypeError:  # a surrogate, or a number beyond 64 bits
            return standard(record)

    return serialize


def place_of(line: bytes) -> tuple[int, str]:
    """Return the place and the URL of a line of ours. Raises ValueError for another one."""
    found = _BEGIN.match(line)
    if found is None:
        raise ValueError(f"expected a line that begins with its index and its url, got {line[:64]!r}")
    return int(found[1]), json.loads(b'"%b"' % found[2])


STANDARD_OUTPUT: Final = "-"


class StandardOutput:
    """In the place of a file: what is appended goes to whoever reads standard output."""

    path = "standard output"

    def append(self, data: bytes | bytearray) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """It is the process's."""


class JSONLinesWriter(SpoolingWriter):
    """See ``Writer``. A block is what came within *flush_s*, or some MiB."""

    takes_coded = False

    def __init__(self, path: str, coding: str, opening: Opening) -> None:
        """Raises as ``writers.open``."""
        self._records = Records(chosen(opening.fields, OF_CONTENT))
        self._encode = encoder_of(coding)
        self._serialize = serializer()
        self.recorded = Recorded()
        self._file: BlockFile | StandardOutput
        self._file = (
            BlockFile(path, resume=opening.resume, replace=opening.replace)
            if path != STANDARD_OUTPUT
            else StandardOutput()
        )
        try:
            if opening.resume and isinstance(self._file, BlockFile):
                self._file.cut(self._read(self._file, coding))
        except BaseException:
            self._file.close()
            raise
        self._spool = Spool(self._append, opening.flush_s, bytearray)

    def _read(self, file: BlockFile, coding: str) -> int:
        """Note what the file has, and return where its last whole block ends. Raises ValueError."""
        whole = 0
        for block, end in file.whole_parts(coding):
            for line in block.splitlines(keepends=True) if coding != "plain" else (block,):
                try:
                    self.recorded.add(*place_of(line))
                except ValueError as error:
                    raise ValueError(f"{file.path} cannot be resumed: {error}") from None
            whole = end
        return whole

    def write(self, response: Response, index: int | None = None) -> None:
        place = self.recorded.place_of(response, index)
        url = asked_url(response)
        line = self._serialize(self._records.record_of(response, place, url))
        self.recorded.add(place, url)
        self._spool.put(line, len(line))

    def _append(self, lines: bytearray) -> None:
        self._file.append(self._encode(lines))

    def _finish(self) -> None:
        self._file.close()
