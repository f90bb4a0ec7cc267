"""A folder: the content of each response in a file of its own, and ``index.jsonl`` with the rest.

The index has a record only when its file is written. So after a kill there may be files without a record; whoever goes
on writes them anew, under the same names.
"""

from __future__ import annotations

import functools
import os
import re
from typing import Any, Final, NamedTuple

from ..model import Response
from .blocks import BlockFile
from .columns import Records, asked_url, chosen, content_type
from .jsonl import place_of, serializer
from .recorded import Recorded
from .spool import Opening, Spool, SpoolingWriter

INDEX: Final = "index.jsonl"

_MOST_CHARS: Final = 100
_MOST_SUFFIX_CHARS: Final = 8
_PARTS: Final = re.compile(r"([^/?#\\]*)([^?#]*)(\??[^#]*)").match
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.=-]+").sub
_OPEN_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)")
"""Names that Windows keeps for devices, whatever follows behind a dot."""

_SUFFIXES: Final = {
    "application/gzip": ".gz",
    "application/javascript": ".js",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/xhtml+xml": ".html",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/css": ".css",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/javascript": ".js",
    "text/plain": ".txt",
    "text/xml": ".xml",
}
"""For URLs that end in none; not by the system's own table, which is another one on each machine."""


def file_name(url: str, index: int, content_type: str) -> str:
    """Return the name of the file for *url*, with its folder, as ``host/0000017-path-query.html``.

    The place comes first, so that no two have one name, whatever the system makes of capitals; letters, digits, ``.``,
    ``-``, ``=`` and ``_`` is all there is besides; and no part of it has more than 130 characters.
    """
    _, _, rest = url.partition("://")
    authority, path, query = _PARTS(rest or url).groups()  # type: ignore[union-attr]  # always matches
    before, dot, suffix = path.rpartition(".")
    if dot and "/" in before and len(suffix) <= _MOST_SUFFIX_CHARS and suffix.isalnum() and suffix.isascii():
        suffix = f".{suffix.lower()}"
        if len(query) < 2:
            path = before
    else:
        suffix = _suffix_of(content_type[:_MOST_CHARS])
    slug = _UNSAFE("_", path + query)[:_MOST_CHARS].strip("._")
    return f"{_folder_of(authority)}/{index:07}{'-' if slug else ''}{slug}{suffix}"


@functools.lru_cache(maxsize=4096)
def _folder_of(authority: str) -> str:
    host = _UNSAFE("_", authority.rpartition("@")[2].lower())[:_MOST_CHARS].strip("._") or "_"
    return f"_{host}" if _RESERVED.match(host) else host


@functools.lru_cache(maxsize=256)
def _suffix_of(content_type: str) -> str:
    return _SUFFIXES.get(content_type.partition(";")[0].strip().lower(), "")


class _Page(NamedTuple):
    name: str
    content: bytes
    line: bytes


class FolderWriter(SpoolingWriter):
    """See ``Writer``. The column ``file`` is the name within the folder, "" where there is no content."""

    takes_coded = False

    def __init__(self, path: str, coding: str, opening: Opening) -> None:
        """Raises as ``writers.open``; with *replace*, the index is begun anew, and no file is removed."""
        names = chosen(opening.fields, ("file",))
        self._records = Records(name for name in names if name != "file")
        self._has_file = "file" in names
        self._serialize = serializer()
        self._begin = os.path.join(path, "")
        self.recorded = Recorded()
        os.makedirs(path, exist_ok=True)
        if not opening.resume and not opening.replace and os.listdir(path):
            raise FileExistsError(17, "this folder is not empty", path)
        self._index = BlockFile(os.path.join(path, INDEX), resume=opening.resume, replace=opening.replace)
        try:
            if opening.resume:
                self._index.cut(self._read())
        except BaseException:
            self._index.close()
            raise
        self._spool: Spool[list[_Page]] = Spool(self._append, opening.flush_s, list)

    def _read(self) -> int:
        whole = 0
        for line, end in self._index.whole_parts("plain"):
            try:
                self.recorded.add(*place_of(line))
            except ValueError as error:
                raise ValueError(f"{self._index.path} cannot be resumed: {error}") from None
            whole = end
        return whole

    def write(self, response: Response, index: int | None = None) -> None:
        place = self.recorded.place_of(response, index)
        url = asked_url(response)
        content = response.content
        record: dict[str, Any] = self._records.record_of(response, place, url)
        name = file_name(url, place, content_type(response)) if content else ""
        if self._has_file:
            record["file"] = name
        line = bytes(memoryview(self._serialize(record)))  # a copy, which is kept
        self.recorded.add(place, url)
        self._spool.put((_Page(name, content, line),), len(content) + len(line))

    def _append(self, pages: list[_Page]) -> None:
        for page in pages:
            if page.name:
                self._save(self._begin + page.name, page.content)
        self._index.append(b"".join([page.line for page in pages]))

    def _save(self, path: str, content: bytes) -> None:
        try:
            descriptor = os.open(path, _OPEN_FLAGS, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(path, _OPEN_FLAGS, 0o666)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)

    def _finish(self) -> None:
        self._index.close()
