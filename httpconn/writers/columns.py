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
from typing import Any, Final, NamedTuple

from .._wire.head import field_lines_of, field_values_of
from ..model import Request, Response
from .recorded import url_told

ALWAYS: Final = ("index", "url")
"""What tells which record it is; so no choice of fields leaves it out."""


class Content(NamedTuple):
    """Content as JSON can have it; one of them is ""."""

    text: str
    base64: str


def asked_url(response: Response) -> str:
    """Return the URL that was asked for first, without credentials."""
    return url_told((response.history[0] if response.history else response).url)


def content_of(response: Response) -> Content:
    """Return the content as text if that loses nothing, else in Base64: what is no text in its charset, or has NULs."""
    data = response.content
    if not data:
        return Content("", "")
    if b"\0" not in data[:1024]:
        try:
            text = response.text
        except Exception:  # a default_encoding= of the caller's may raise anything
            return Content("", base64.b64encode(data).decode("ascii"))
        if "\0" not in text and ("\ufffd" not in text or _has_replacement_itself(response, data)):
            return Content(text, "")
    return Content("", base64.b64encode(data).decode("ascii"))


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


def _headers(response: Response) -> list[tuple[str, str]]:
    head = response._head
    return field_lines_of(head) if head is not None else []


def content_type(response: Response) -> str:
    """Return the value of the first Content-Type, "" where there is none."""
    head = response._head
    values = field_values_of(head, "content-type") if head is not None else None
    return values[0] if values else ""


def _via(response: Response) -> str:
    if not response.history:
        return ""
    return " ".join(f"{hop.status} {url_told(hop.url).replace(' ', '%20')}" for hop in response.history)


def _in_microseconds(seconds: float) -> float:
    """Return *seconds* with six digits behind the point: ``round`` would write them out as text, and read it again."""
    return int(seconds * 1e6 + 0.5) / 1e6


def _timings(response: Response) -> dict[str, float]:
    resolve, connect, tls, first_byte, total = response.timings
    return {
        "resolve": resolve and _in_microseconds(resolve),  # of a kept connection all three are 0.0
        "connect": connect and _in_microseconds(connect),
        "tls": tls and _in_microseconds(tls),
        "first_byte": _in_microseconds(first_byte),
        "total": _in_microseconds(total),
    }


def error_text(error: BaseException | None) -> str:
    return "" if error is None else str(error) or type(error).__name__


def _method(response: Response) -> str:
    asked = (response.history[0] if response.history else response)._request
    return asked.method if isinstance(asked, Request) else "GET"


COLUMNS: Final[dict[str, Callable[[Response], Any]]] = {
    "tag": lambda r: _text_of_tag((r.history[0] if r.history else r).tag),
    "method": _method,
    "final_url": lambda r: url_told(r.url),
    "status": lambda r: r.status,
    "reason": lambda r: r.reason,
    "error_type": lambda r: "" if r.error is None else type(r.error).__name__,
    "error": lambda r: error_text(r.error),
    "attempts": lambda r: r.attempts,
    "redirects": lambda r: len(r.history),
    "via": _via,
    "recorded_at": lambda r: _in_microseconds(time.time()),
    "timings": _timings,
    "content_type": content_type,
    "size": lambda r: len(r.content),
    "headers": _headers,
}
"""Behind ``index`` and ``url``; how a format has the content is its own."""


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
