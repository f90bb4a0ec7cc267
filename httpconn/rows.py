"""fetch_rows and host_key: plain rows for data frames and clusters, and what to partition URLs by.

The columns are those of ``writers``, so that a row here, a line of JSON Lines and a row of Parquet say the same.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Unpack

from ._exchange.settings import FetchOptions
from ._wire.urls import parse_url, take_credentials
from .errors import InvalidURL, MissingExtra
from .fetch import Fetcher
from .model import Request
from .writers.columns import COLUMNS, Records, arrow_schema, asked_url, for_arrow

_DEFAULT_COLUMNS: Final = (
    *("index", "url", "final_url", "status", "headers", "content"),
    *("error_type", "error", "timings"),
)
_ALL_COLUMNS: Final = ("index", "url", "content", *COLUMNS)
_BATCH_ROWS: Final = 1_000
_BATCH_BYTES: Final = 16 << 20
_ROW_BYTES: Final = 512  # of a row without content, about


class HostKey(NamedTuple):
    """What limits hold for: scheme, host and port. ``str`` of it is "https://example.org:443"."""

    scheme: str
    host: str
    """In lower case and ASCII; an IPv6 address without brackets."""
    port: int

    def share(self, count: int) -> int:
        """Return which of *count* shares the host belongs to, from 0: the same in each process and on each machine.

        Python's own ``hash`` of a text is another one in each process. Raises ValueError for a count below 1.
        """
        if count < 1:
            raise ValueError(f"expected a count of 1 or more, got {count}")
        return zlib.crc32(str(self).encode()) % count

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


NO_HOST: Final = HostKey("", "", 0)


def host_key(url: str) -> HostKey:
    """Return scheme, host and port of *url*, as connections and rates are counted: what to partition by.

    A text that no request can be sent for has ("", "", 0), so that one bad URL among a billion stops nobody: asked for,
    it gives a row with its error. Raises TypeError for what is no str.
    """
    try:
        origin = parse_url(take_credentials(url)[0] if type(url) is str else url)[0]
    except InvalidURL:
        return NO_HOST
    return HostKey(*origin.key)


def fetch_rows(
    requests: Iterable[Request | str | None],
    *,
    columns: Iterable[str] | None = None,
    batch_rows: int = _BATCH_ROWS,
    batch_bytes: int = _BATCH_BYTES,
    **options: Unpack[FetchOptions],
) -> Iterator[list[dict[str, Any]]]:
    """Return an iterator of batches: lists of rows, one for each of *requests*, in order of completion.

    A row is a dict of plain values that fit Arrow and pickle; none is None. Of *columns*, by default:

    - "index": the place in *requests*; "url": what was asked for, without credentials; "final_url": after redirects
    - "status": 0 where there is no response; "headers": a list of {"name": ..., "value": ...}
    - "content": bytes; "error_type" and "error": the exception's class and text, "" for none
    - "timings": seconds, by phase

    Others are "tag", "method", "reason", "attempts", "redirects", "via", "recorded_at" (microseconds since the epoch),
    "content_type" and "size". ``rows_schema`` has their types.

    A batch has at most *batch_rows* rows, and ends with the one that makes it *batch_bytes* or more. *options* are
    ``Fetcher``'s. What *requests* raises is raised when the rows before it have been handed out. Raises ValueError for
    a column that is not there, and what ``Fetcher`` raises; both before the first batch.
    """
    names = _chosen(columns)
    if batch_rows < 1 or batch_bytes < 1:
        raise ValueError(f"expected batches of 1 or more, got batch_rows={batch_rows}, batch_bytes={batch_bytes}")
    return _batches(Fetcher(**options).feed(requests), names, batch_rows, batch_bytes)


def rows_schema(columns: Iterable[str] | None = None) -> Any:
    """Return the ``pyarrow.Schema`` of ``fetch_rows``' rows with these *columns*. Raises ValueError, MissingExtra."""
    names = _chosen(columns)
    try:
        return arrow_schema(importlib.import_module("pyarrow"), names)
    except ImportError:
        raise MissingExtra('a schema of Arrow needs a package: pip install "httpconn[parquet]"') from None


def _chosen(columns: Iterable[str] | None) -> tuple[str, ...]:
    if columns is None:
        return _DEFAULT_COLUMNS
    if isinstance(columns, str):
        raise TypeError("expected columns as an iterable of names, got one str")
    names = tuple(columns)
    unknown = sorted({*names} - {*_ALL_COLUMNS})
    if unknown or not names:
        raise ValueError(f"expected columns of {', '.join(_ALL_COLUMNS)}, got {', '.join(unknown) or 'none'}")
    return names


def _batches(
    fetcher: Fetcher, names: tuple[str, ...], batch_rows: int, batch_bytes: int
) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    size = 0
    records = Records(name for name in names if name in COLUMNS)
    failure: Exception | None = None
    with fetcher:
        while True:
            try:
                response = next(fetcher)
            except StopIteration:
                break
            except Exception as error:  # the input's: what was asked for before goes on, and comes still
                if failure is not None:
                    break
                failure = error
                continue
            record = records.record_of(response, response.index, asked_url(response))
            record["content"] = response.content
            rows.append({name: for_arrow(name, record[name]) for name in names})
            size += _ROW_BYTES + len(response.content)
            if len(rows) >= batch_rows or size >= batch_bytes:
                yield rows
                rows, size = [], 0
        if rows:
            yield rows
    if failure is not None:
        try:
            raise failure
        finally:
            del failure
