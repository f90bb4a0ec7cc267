"""The columns of a record: what each is called, and what of a response it tells.

A value is text, a number or a list, and never None: readers of JSON Lines guess a column's type from the lines at the
beginning, and polars refuses a text where the first hundred lines had null. So what is not there is "", 0 or [].
Headers are a list of name and value, since a name may come twice (Set-Cookie), which the readers' maps lose.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from .._wire.head import field_lines_of, field_value_of
from ..model import Request, Response
from .recorded import url_told

ALWAYS: Final = ("index", "url")
"""What tells which record it is; so no choice of fields leaves it out."""


def asked_url(response: Response) -> str:
    """Return the URL that was asked for first, without credentials."""
    return url_told((response.history[0] if response.history else response).url)


def content_of(response: Response) -> tuple[str, str]:
    """Return the content as JSON can have it: as text if that loses nothing, and in Base64; one of them is "".

    In Base64 is what is no text in its charset, or has NULs.
    """
    data = response.content
    if not data:
        return "", ""
    if b"\0" not in data[:1024]:
        try:
            text = response.text
        except Exception:  # a default_encoding= of the caller's may raise anything
            return "", base64.b64encode(data).decode("ascii")
        if "\0" not in text and ("\ufffd" not in text or _has_replacement_itself(response, data)):
            return text, ""
    return "", base64.b64encode(data).decode("ascii")


def _has_replacement_itself(response: Response, data: bytes) -> bool:
    """Whether the U+FFFD of a text stands in the content, and does not stand for what could not be decoded."""
    if response.encoding.lower() not in ("utf-8", "utf8"):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text_of_tag(tag: Any) -> str:
    if tag is None:
        return ""
    return tag if isinstance(tag, str) else json.dumps(tag, ensure_ascii=False, default=str)


def content_type(response: Response) -> str:
    """Return the value of the first Content-Type, "" where there is none."""
    head = response._head
    values = head.field_values("content-type") if head is not None else None
    return field_value_of(values[0]) if values else ""


def error_text(error: BaseException) -> str:
    return str(error) or type(error).__name__


# -- the columns, in parts: each adds its own to a record, which has the index and the url -----------------------


def _add_request(record: dict[str, Any], response: Response) -> None:
    history = response.history
    request = (history[0] if history else response)._request
    if isinstance(request, Request):
        record["tag"], record["method"] = _text_of_tag(request.tag), request.method
    else:
        record["tag"], record["method"] = "", "GET"
    record["final_url"] = url_told(response.url) if history else record["url"]


def _via(history: tuple[Response, ...]) -> str:
    return " ".join([f"{hop.status} {url_told(hop.url).replace(' ', '%20')}" for hop in history])


def _add_outcome(record: dict[str, Any], response: Response) -> None:
    error = response.error
    history = response.history
    record["status"] = response.status
    record["reason"] = response.reason
    record["error_type"], record["error"] = ("", "") if error is None else (type(error).__name__, error_text(error))
    record["attempts"] = response.attempts
    record["redirects"] = len(history)
    record["via"] = _via(history) if history else ""


def _add_times(record: dict[str, Any], response: Response) -> None:
    # Six digits behind the point: ``round`` would write them out as text, and read it again.
    record["recorded_at"] = int(time.time() * 1e6 + 0.5) / 1e6
    told = response._times
    resolve, connect, tls, first_byte, total = (0.0, 0.0, 0.0, told, told) if isinstance(told, float) else told
    record["timings"] = {
        "resolve": resolve and int(resolve * 1e6 + 0.5) / 1e6,  # of a kept connection all three are 0.0
        "connect": connect and int(connect * 1e6 + 0.5) / 1e6,
        "tls": tls and int(tls * 1e6 + 0.5) / 1e6,
        "first_byte": int(first_byte * 1e6 + 0.5) / 1e6,
        "total": int(total * 1e6 + 0.5) / 1e6,
    }


def _add_size(record: dict[str, Any], response: Response) -> None:
    record["content_type"] = content_type(response)
    record["size"] = len(response.content)


def _add_headers(record: dict[str, Any], response: Response) -> None:
    head = response._head
    record["headers"] = [] if head is None else field_lines_of(head)


def _add_content(record: dict[str, Any], response: Response) -> None:
    record["content"], record["content_base64"] = content_of(response)


OF_CONTENT: Final = ("content", "content_base64")
"""The content as JSON has it, in the one where it can be without loss; the other one is ""."""

_PARTS: Final[dict[Callable[[dict[str, Any], Response], None], tuple[str, ...]]] = {
    _add_request: ("tag", "method", "final_url"),
    _add_outcome: ("status", "reason", "error_type", "error", "attempts", "redirects", "via"),
    _add_times: ("recorded_at", "timings"),
    _add_size: ("content_type", "size"),
    _add_headers: ("headers",),
    _add_content: OF_CONTENT,
}
"""Behind ``index`` and ``url``. A call for each column would be a tenth of what a page takes into JSON Lines."""

COLUMNS: Final = tuple(name for names in _PARTS.values() if names != OF_CONTENT for name in names)
"""Those of every format, behind ``index`` and ``url``; how one has the content is its own."""


class Records:
    """Makes records of responses: dictionaries of ``index``, ``url`` and the columns *names*, in their order."""

    def __init__(self, names: Iterable[str]) -> None:
        wanted = [*ALWAYS, *names]
        self._parts = [part for part, its in _PARTS.items() if not {*its}.isdisjoint(wanted)]
        every = [*ALWAYS, *(name for part in self._parts for name in _PARTS[part])]
        self._names = None if wanted == every else wanted

    def record_of(self, response: Response, index: int, url: str) -> dict[str, Any]:
        record: dict[str, Any] = {"index": index, "url": url}
        for add in self._parts:
            add(record, response)
        return record if self._names is None else {name: record[name] for name in self._names}


_INTEGERS: Final = {"index": "int64", "status": "int16", "attempts": "int32", "redirects": "int32", "size": "int64"}


def arrow_schema(arrow: Any, names: Iterable[str]) -> Any:
    """Return the schema of the columns *names*: headers are a list of name and value, for a name may come twice."""
    pair = arrow.struct([("name", arrow.string()), ("value", arrow.string())])
    phases = ("resolve", "connect", "tls", "first_byte", "total")
    special = {
        "headers": arrow.list_(pair),
        "timings": arrow.struct([(name, arrow.float64()) for name in phases]),
        "recorded_at": arrow.timestamp("us", tz="UTC"),
        "content": arrow.large_binary(),
        **{name: getattr(arrow, kind)() for name, kind in _INTEGERS.items()},
    }
    return arrow.schema([(name, special.get(name, arrow.string())) for name in names])


def for_arrow(name: str, value: Any) -> Any:
    """Return the *value* of the column *name* as Arrow takes it: of a text, no half surrogate pairs."""
    if name == "headers":
        return [{"name": field, "value": told} for field, told in value]
    if name == "recorded_at":
        return round(value * 1e6)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and not value.isascii() else value


def chosen(fields: Iterable[str] | None, of_format: Iterable[str]) -> list[str]:
    """Return the names of the columns to write, in their order, without those of ALWAYS. Raises ValueError."""
    every = [*COLUMNS, *of_format]
    if fields is None:
        return every
    asked = {*fields}
    unknown = sorted(asked - {*every, *ALWAYS})
    if unknown:
        raise ValueError(f"expected fields of {', '.join((*ALWAYS, *every))}, got {', '.join(unknown)}")
    return [name for name in every if name in asked]
