"""Writers of responses: ``httpconn.writers.open(path)`` makes the one that the path's suffix asks for.

    with httpconn.writers.open("pages.jsonl.gz") as out:
        for response in httpconn.fetch_many(urls):
            out.write(response)

They take the responses of a fetcher, a pool or an AsyncClient, and are what ``httpconn fetch`` writes with.

For: a file format that responses are written to (`jsonl.py`, `folder.py`, `warc.py`, `parquet.py`), its columns
(`columns.py`), what of it is whole after a kill (`blocks.py`, `recorded.py`), and writing off the caller's thread
(`spool.py`), and files of a size (`warc_files.py`).

Not for: fetching, and what a command line says (`_cli`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final, Never, Protocol, Self

from ..errors import unknown_option
from ..model import Response
from .recorded import Recorded
from .spool import Opening, close_at_exit

__all__ = ["SUFFIXES", "Recorded", "Writer", "open"]


class Writer(Protocol):
    """What writes responses into one file, or folder. For one thread at a time."""

    recorded: Recorded
    """The places of the input that have a record."""
    takes_coded: bool
    """Whether it has use for content as it came, in its content codings: of a request with ``decode=False``."""

    def write(self, response: Response, index: int | None = None) -> None:
        """Write one record: a response, or the error that came instead.

        *index* is its place in the input. Where it is not given, that is ``response.index``, and the next free one if
        that is taken: each response of a pool has 0. A run that goes on with an earlier one's file gives it always,
        since ``response.index`` counts what this run asks for. The record is in the file *flush_s* seconds later at the
        latest. Raises what went wrong with the file since, an OSError mostly; ValueError where *index* has a record
        already, or is missing, and behind ``close``.
        """

    def flush(self) -> None:
        """Return when all that was written is in the file. Raises as ``write``."""

    def close(self) -> None:
        """Finish the file. Raises as ``write``. A second call does nothing.

        One that nobody closes is closed when the process ends, with a ResourceWarning; not in one that is killed.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


SUFFIXES: Final = {
    ".jsonl": ("jsonl", "JSONLinesWriter", "plain"),
    ".jsonl.gz": ("jsonl", "JSONLinesWriter", "gzip"),
    ".jsonl.zst": ("jsonl", "JSONLinesWriter", "zstd"),
    ".ndjson": ("jsonl", "JSONLinesWriter", "plain"),
    ".parquet": ("parquet", "ParquetWriter", "plain"),
    ".warc": ("warc", "WARCWriter", "plain"),
    ".warc.gz": ("warc", "WARCWriter", "gzip"),
}
"""The suffixes of files that can be written: module, class and coding. A path that ends in a slash is a folder."""


def open(
    path: str | os.PathLike[str],
    *,
    resume: bool = False,
    replace: bool = False,
    fields: Iterable[str] | None = None,
    flush_s: float = 1.0,
    file_bytes: int | None = None,
    revisit: bool = False,
    **unknown: Never,
) -> Writer:
    """Return the writer for *path* by its suffix, one of ``SUFFIXES``.

    A path that ends in a slash, or that is a folder, is written as one; "-" is JSON Lines on standard output.

    - *resume*: go on with what is there: a last record that was cut is cut off, and ``recorded`` has the places of the
      rest; ``write`` has to be told the place of each other one
    - *replace*: what is there goes; without either of them it is a FileExistsError
    - *fields*: the columns that are written, all by default; ``index`` and ``url`` always are
    - *flush_s*: how long a record may wait in memory, in seconds; what a killed process loses at most
    - *file_bytes*, of a WARC: files of about this size, ``pages-00000.warc.gz`` and so on; of Parquet: parts of so much
      content (256 MiB), which is what a killed process loses at most there
    - *revisit*, of a WARC: content that is in it already is not written again: a revisit record says where it is; for
      responses to requests without ``wire=True``

    Raises FileExistsError, another OSError, ValueError for a suffix or a field that is not there or for a file that is
    of somebody else, MissingExtra for a format whose package is not installed, TypeError for another option.
    """
    for name in unknown:
        raise unknown_option(name, open.__kwdefaults__ or (), "writers.open()", _OF_OTHERS)
    if resume and replace:
        raise ValueError("expected resume or replace, got both")
    if path == "-" and resume:
        raise ValueError("standard output cannot be resumed")
    if not flush_s > 0:
        raise ValueError(f"expected flush_s above 0, got {flush_s}")
    if file_bytes is not None and file_bytes < 1:
        raise ValueError(f"expected file_bytes of 1 or more, got {file_bytes}")
    make, coding, module = _maker(os.fspath(path))
    if file_bytes is not None and module not in ("warc", "parquet"):
        raise ValueError("file_bytes is for a WARC and for Parquet")
    if revisit and module != "warc":
        raise ValueError("revisit is for a WARC")
    writer = make(os.fspath(path), coding, Opening(resume, replace, fields, flush_s, file_bytes, revisit))
    writer.recorded.resume()
    close_at_exit(writer)
    return writer


_OF_OTHERS: Final = {
    "append": "resume=True",
    "columns": "fields=",
    "compression": "the suffix of the path, as .jsonl.gz",
    "exist_ok": "replace=True, or resume=True",
    "force": "replace=True",
    "format": "the suffix of the path",
    "mode": "replace=True, or resume=True",
    "overwrite": "replace=True",
}
"""What else such options are called, and how that is asked for here."""


def _maker(path: str) -> tuple[Callable[..., Writer], str, str]:
    """Return the class for *path*, the coding of the file, and the module of the class. Raises ValueError."""
    if path == "-":
        module, name, coding = "jsonl", "JSONLinesWriter", "plain"
    elif path.endswith(("/", os.sep)) or os.path.isdir(path):
        module, name, coding = "folder", "FolderWriter", "plain"
    else:
        for suffix in sorted(SUFFIXES, key=len, reverse=True):
            if path.lower().endswith(suffix):
                module, name, coding = SUFFIXES[suffix]
                break
        else:
            raise ValueError(f"expected a path that ends in {', '.join(SUFFIXES)} or a slash (a folder), got {path!r}")
    made: Callable[..., Writer] = getattr(import_module(f".{module}", __name__), name)
    return made, coding, module
