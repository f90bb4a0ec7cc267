"""Parquet, in parts: ``pages.parquet`` is written as ``pages-00000.parquet``, ``pages-00001.parquet`` and so on.

A part has its name when it is whole; until then it is ``pages-00000.parquet.open``, and a kill loses that one. It is
closed when it has *file_bytes* of content, so that *flush_s* does not hold here. All readers take the parts together:
``pages-*.parquet``.
"""

from __future__ import annotations

import glob
import importlib
import os
import re
from collections.abc import Iterable
from typing import Any, Final

from ..errors import MissingExtra
from ..model import Response
from .columns import Records, arrow_schema, asked_url, chosen, for_arrow
from .recorded import Recorded
from .spool import Opening, Spool, SpoolingWriter

GROUP_BYTES: Final = 32 << 20
"""Of content in one row group, which is what is held in memory."""
PART_BYTES: Final = 256 << 20


def _library() -> Any:
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError:
        raise MissingExtra('Parquet needs a package: pip install "httpconn[parquet]"') from None


class ParquetWriter(SpoolingWriter):
    """See ``Writer``. ``content`` is bytes; ``flush`` ends a part, so that all that was written is in whole files."""

    takes_coded = False

    def __init__(self, path: str, coding: str, opening: Opening) -> None:
        """Raises as ``writers.open``; with *replace*, the parts that are there are removed."""
        self._arrow = _library()
        self._parquet: Any = importlib.import_module("pyarrow.parquet")
        names = chosen(opening.fields, ("content",))
        self._records = Records(name for name in names if name != "content")
        self._has_content = "content" in names
        self._schema = arrow_schema(self._arrow, ["index", "url", *names])
        self._begin = path.removesuffix(".parquet")
        self._most = PART_BYTES if opening.file_bytes is None else opening.file_bytes
        self.recorded = Recorded()
        parts = self._parts()
        if parts and not opening.resume and not opening.replace:
            raise FileExistsError(17, "there are parts of this already", parts[0])
        if opening.resume:
            self._read(parts)
        for old in (*(parts if opening.replace else ()), *glob.glob(f"{glob.escape(self._begin)}-*.parquet.open")):
            os.remove(old)
        self._number = 1 + max((self._number_of(part) for part in parts), default=-1) if opening.resume else 0
        self._file: Any = None
        self._rows: list[dict[str, Any]] = []
        self._group_bytes = self._part_bytes = 0
        # Somebody has to be told now where nothing can be written.
        with open(self._open_name(), "xb"):
            pass
        self._spool: Spool[list[tuple[dict[str, Any] | None, int]]] = Spool(self._add, opening.flush_s, list)

    def _name(self) -> str:
        return f"{self._begin}-{self._number:05}.parquet"

    def _open_name(self) -> str:
        return f"{self._name()}.open"

    def _number_of(self, part: str) -> int:
        return int(part[len(self._begin) + 1 : -len(".parquet")])

    def _parts(self) -> list[str]:
        found = glob.glob(f"{glob.escape(self._begin)}-*.parquet")
        return sorted(part for part in found if re.fullmatch(r"-\d{5,9}\.parquet", part[len(self._begin) :]))

    def _read(self, parts: Iterable[str]) -> None:
        for part in parts:
            try:
                file = self._parquet.ParquetFile(part)
                for batch in file.iter_batches(columns=["index", "url"]):
                    for place, url in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        self.recorded.add(place, url)
            except (ValueError, TypeError, self._arrow.ArrowException) as error:
                raise ValueError(f"{part} cannot be resumed: {error}") from None

    def write(self, response: Response, index: int | None = None) -> None:
        place = self.recorded.place_of(response, index)
        url = asked_url(response)
        record = self._records.record_of(response, place, url)
        row = {name: for_arrow(name, value) for name, value in record.items()}
        size = 512
        if self._has_content:
            row["content"] = response.content
            size += len(response.content)
        self.recorded.add(place, for_arrow("url", url))
        self._spool.put(((row, size),), size)

    def _add(self, rows: list[tuple[dict[str, Any] | None, int]]) -> None:
        for row, size in rows:
            if row is None:
                self._end_part()
                continue
            self._rows.append(row)
            self._group_bytes += size
            if self._part_bytes + self._group_bytes >= self._most:
                self._end_part()
            elif self._group_bytes >= GROUP_BYTES:
                self._end_group()

    def _end_group(self) -> None:
        if not self._rows:
            return
        if self._file is None:
            self._file = self._parquet.ParquetWriter(self._open_name(), self._schema, compression="zstd")
        columns = [
            self._arrow.array([row[name] for row in self._rows], self._schema.field(name).type)
            for name in self._schema.names
        ]
        self._file.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))
        self._part_bytes += self._group_bytes
        self._rows, self._group_bytes = [], 0

    def _end_part(self) -> None:
        self._end_group()
        if self._file is None:
            return
        self._file.close()
        self._file = None
        os.rename(self._open_name(), self._name())
        self._number += 1
        self._part_bytes = 0

    def flush(self) -> None:
        self._end()
        super().flush()

    def _end(self) -> None:
        self._spool.put(((None, 0),), 0)

    def _finish(self) -> None:
        if self._file is not None:  # what had come before the error
            self._file.close()
        if os.path.exists(self._open_name()):
            os.remove(self._open_name())
