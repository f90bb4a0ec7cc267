"""Cookies, by the standard library's jar: its policy decides what is kept and what is sent where.

The jar is the caller's, and may be shared by several pools and fetchers; its two methods used here lock it. For a
request it makes the value of a Cookie field, for a response it takes the Set-Cookie fields: one exchange at a time,
with the URL of that exchange, so that no cookie crosses origins with a redirect.
"""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Any

from .._wire.head import ResponseHead, field_values_of
from ..urls import parse_url

if TYPE_CHECKING:
    from http.cookiejar import CookieJar


class _Asked:
    """What a jar wants to know of a request: of urllib.request.Request, what the jar's manual names."""

    unverifiable = False

    def __init__(self, url: str) -> None:
        origin, target = parse_url(url)
        # No rule of cookies looks at a query, and the jar splits what it has not seen before several times.
        self.url = f"{origin}{target.partition('?')[0]}"
        self.type = origin.scheme
        self.host = origin.host_field.decode("ascii")
        self.origin_req_host = origin.host
        self.value: str | None = None

    def get_full_url(self) -> str:
        return self.url

    def has_header(self, name: str) -> bool:
        return False

    def get_header(self, name: str, default: str | None = None) -> str | None:
        return default

    def header_items(self) -> list[tuple[str, str]]:
        return []

    def add_unredirected_header(self, name: str, value: str) -> None:
        if name == "Cookie":
            self.value = value


class _Answered:
    """What a jar wants to know of a response."""

    def __init__(self, values: list[str]) -> None:
        self._message = Message()
        for value in values:
            self._message["Set-Cookie"] = value

    def info(self) -> Message:
        return self._message


class Cookies:
    """A jar, asked for one exchange at a time."""

    def __init__(self, jar: CookieJar) -> None:
        """Raises TypeError for what is no CookieJar."""
        for name in ("add_cookie_header", "extract_cookies"):
            if not callable(getattr(jar, name, None)):
                raise TypeError(f"expected cookies as an http.cookiejar.CookieJar, got {type(jar).__name__}")
        self.jar: Any = jar

    def value_for(self, url: str) -> str | None:
        """Return the value of the Cookie field for a request to *url*, None for no such field. Raises as the jar."""
        asked = _Asked(url)
        self.jar.add_cookie_header(asked)
        return asked.value

    def take(self, url: str, head: ResponseHead) -> None:
        """Let the jar have what the response to *url* sets."""
        values = field_values_of(head, "set-cookie")
        if values:
            self.jar.extract_cookies(_Answered(values), _Asked(url))
