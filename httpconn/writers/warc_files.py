"""The files of a WARC: one, or several that are cut at a size, ``pages-00000.warc.gz`` and so on.

What belongs together is never cut. A file is whole when the next one has been begun, so that a kill concerns the last.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from .blocks import BlockFile
from .spool import Opening

SUFFIXES: Final = (".warc.gz", ".warc")


def _split(path: str) -> tuple[str, str]:
    suffix = next(suffix for suffix in SUFFIXES if path.lower().endswith(suffix))
    at = len(path) - len(suffix)
    return path[:at], path[at:]


def parts_of(path: str) -> list[str]:
    """Return the files that *path* was cut into, in their order: from 00000, without a gap.

    What has a number further on, a date for example, is somebody else's.
    """
    parts: list[str] = []
    while os.path.exists(part := _part(path, len(parts))):
        parts.append(part)
    return parts


def _part(path: str, number: int) -> str:
    begin, suffix = _split(path)
    return f"{begin}-{number:05}{suffix}"


class WARCFiles:
    """What is appended goes into the file *path*, or into parts of it of about *file_bytes*."""

    def __init__(
        self,
        path: str,
        opening: Opening,
        *,
        begin_of: Callable[[str], bytes],
        read: Callable[[BlockFile], int],
    ) -> None:
        """*begin_of* makes what a file of that name begins with, *read* returns how much of one is whole.

        Raises as ``BlockFile``, and ValueError for what cannot be resumed.
        """
        resume, replace, most = opening.resume, opening.replace, opening.file_bytes
        self._path = path
        self._most = most
        self._begin_of = begin_of
        parts = parts_of(path)
        whole = [path] if os.path.exists(path) else []
        mine, others = (whole, parts) if most is None else (parts, whole)
        if others and not replace:
            if resume and not (mine and most is None):
                told = "was begun as one file" if most is not None else "was cut into files of a size"
                raise ValueError(f"{path} cannot be resumed: it {told}")
            if not resume:
                raise FileExistsError(17, "this is there already", others[0])
        if mine and not resume and not replace:
            raise FileExistsError(17, "this is there already", mine[0])
        if replace:
            for old in () if most is None else (*parts, *whole):
                os.remove(old)
            mine = []
        self._number = max(0, len(mine) - 1)
        for part in mine[:-1]:
            self._read_whole(part, read)
        self._file = BlockFile(self._name(), resume=resume, replace=replace)
        try:
            if resume:
                self._file.cut(read(self._file))
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _name(self) -> str:
        return self._path if self._most is None else _part(self._path, self._number)

    def _read_whole(self, part: str, read: Callable[[BlockFile], int]) -> None:
        file = BlockFile(part, resume=True, replace=False)
        try:
            end = read(file)
        finally:
            file.close()
        if end != os.path.getsize(part):
            raise ValueError(f"{part} cannot be resumed: it is damaged behind byte {end}, and not the last part")

    def _begin(self) -> None:
        if not self._file.size:
            self._file.append(self._begin_of(os.path.basename(self._file.path)))
        self._begin_size = self._file.size

    def append(self, groups: list[bytes]) -> None:
        """Write *groups*, each whole into one file."""
        if self._most is None:
            self._file.append(b"".join(groups))
            return
        held: list[bytes] = []
        size = self._file.size
        for group in groups:
            if size + len(group) > self._most and size > self._begin_size:
                self._file.append(b"".join(held))
                self._file.close()
                self._number += 1
                self._file = BlockFile(self._name(), resume=False, replace=False)
                self._begin()
                held, size = [], self._file.size
            held.append(group)
            size += len(group)
        self._file.append(b"".join(held))

    def close(self) -> None:
        self._file.close()
