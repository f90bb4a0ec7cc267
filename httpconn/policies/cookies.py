"""Cookies, by the standard library's jar: its policy decides what is kept and what is sent where.

The jar is the caller's, and may be shared by several pools and fetchers; its two methods used here lock it. For a
request it makes the value of a Cookie field, for a response it takes the Set-Cookie fields: one exchange at a time,
with the URL of that exchange.

What the jar's policy does not know is kept to here, for what comes from servers: how much there may be, the name
prefixes, that only a secure connection sets or replaces a Secure cookie, and that an address has no domains. What the
caller puts into the jar is not judged.

Source: RFC 6265bis, section 5.7. Of how many cookies it tells the least that a client has to keep (50 for a domain);
180 is what browsers keep. It bounds no request; 16 KiB is what servers take for a whole head.
"""

from __future__ import annotations

import re
from email.message import Message
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from .._wire.head import ResponseHead, field_values_of
from .._wire.hosts import is_address
from .._wire.urls import Origin, parse_url

if TYPE_CHECKING:
    from http.cookiejar import CookieJar


MOST_COOKIE_BYTES: Final = 4_096
"""Of one cookie, name and value."""
MOST_OF_DOMAIN: Final = 180
"""Cookies that servers can have in the jar for one domain."""
MOST_SENT_BYTES: Final = 16_384
"""Of the cookies of one request: those with the longest paths come first, and what is beyond is left out."""

_SECURE: Final = ("https", "wss")
_without_port: Final = partial(re.compile(r":[0-9]+\Z").sub, "")


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
        self.origin = origin
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
        value = asked.value
        if value is None or len(value) <= MOST_SENT_BYTES:
            return value
        kept = value[: MOST_SENT_BYTES + len("; ")].rpartition("; ")[0]
        return kept or None

    def take(self, url: str, head: ResponseHead) -> None:
        """Let the jar have what the response to *url* sets, as far as it may."""
        values = field_values_of(head, "set-cookie")
        if not values:
            return
        asked = _Asked(url)
        kept = [value for told in values if (value := self._may_set(told, asked)) is not None]
        if kept:
            self.jar.extract_cookies(_Answered(kept), asked)
            self._bound(asked.origin)

    def _may_set(self, told: str, asked: _Asked) -> str | None:
        """Return the value of a Set-Cookie field as the jar may have it, None where it may not.

        Taken apart as http.cookiejar does it, so that both see the same.
        """
        pair, *attributes = told.split(";")
        name, _, value = (part.strip() for part in pair.partition("="))
        if len(name) + len(value) > MOST_COOKIE_BYTES:
            return None
        parts = [(key.strip().lower(), text.strip()) for key, _, text in (part.partition("=") for part in attributes)]
        of_host = {text.removeprefix(".").lower() for key, text in parts if key == "domain"}
        is_secure = any(key == "secure" for key, _ in parts)
        if not self._is_secure(asked) and (is_secure or self._has_secure(name, asked.origin)):
            return None
        prefix = name.lower()
        if prefix.startswith(("__secure-", "__host-")) and not is_secure:
            return None
        if prefix.startswith("__host-") and (of_host or {text for key, text in parts if key == "path"} != {"/"}):
            return None
        if of_host and is_address(asked.origin.host):
            if of_host - {"", asked.origin_req_host}:
                return None
            rest = [part for part in attributes if part.partition("=")[0].strip().lower() != "domain"]
            return ";".join((pair, *rest))
        return told

    def _is_secure(self, asked: _Asked) -> bool:
        return asked.type in getattr(getattr(self.jar, "_policy", None), "secure_protocols", _SECURE)

    def _has_secure(self, name: str, origin: Origin) -> bool:
        """Return whether there is a Secure cookie of that *name*, as far as the jar lets itself be looked into."""
        store = getattr(self.jar, "_cookies", None)
        if not store:
            return False
        with self.jar._cookies_lock:
            return any(
                cookie.secure and cookie.name == name
                for domain in domains_for(origin)
                for by_name in store.get(domain, {}).values()
                for cookie in by_name.values()
            )

    def _bound(self, origin: Origin) -> None:
        """Drop what is too much for a domain of *origin*: what has expired, then the first ones in the jar's order."""
        jar = self.jar
        store = getattr(jar, "_cookies", None)
        if not store:
            return  # a jar of another make, which bounds itself
        with jar._cookies_lock:
            for domain in domains_for(origin):
                by_path = store.get(domain)
                if by_path is None or sum(map(len, by_path.values())) <= MOST_OF_DOMAIN:
                    continue
                jar.clear_expired_cookies()
                places = [(path, name) for path, by_name in store.get(domain, {}).items() for name in by_name]
                for path, name in places[: max(0, len(places) - MOST_OF_DOMAIN)]:
                    jar.clear(domain, path, name)


@lru_cache(maxsize=256)
def domains_for(origin: Origin) -> tuple[str, ...]:
    """Return under which domains a jar may have cookies for *origin*; the policy decides which of them it may have.

    Source: http.cookiejar, DefaultCookiePolicy.domain_return_ok and eff_request_host.
    """
    host = _without_port(str(origin).partition("://")[2].lower())
    domains = [""]
    for name in (f".{host}",) if "." in host else (f".{host}", f".{host}.local"):
        at = 0
        while at >= 0:
            domains += name[at:], name[at + 1 :]
            at = name.find(".", at + 1)
    return tuple(dict.fromkeys(domains))
