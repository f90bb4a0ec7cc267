"""robots.txt: what a site asks of crawlers, by RFC 9309, and for how long it is believed.

The lines are read by the package ``protego`` (the extra ``robots``). Before that, a byte order mark and the groups of
other crawlers are taken out here, for three reasons: protego takes a mark for a part of the first line; it finds groups
by substrings, where RFC 9309 has the whole token; and it keeps each rule once for each crawler that the group names,
which is more memory than a server may decide about.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from .._wire.references import urljoin
from .._wire.urls import Origin, parse_url
from ..errors import InvalidURL, MissingExtra, RobotsDisallowed, RobotsUnreachable, TooManyRedirects, quote
from ..model import Response

if TYPE_CHECKING:
    from protego import Protego

MOST_BYTES: Final = 524_288
"""Of a robots.txt that are read; what lies behind is ignored. RFC 9309 section 2.5: at least 500 KiB."""
MOST_REDIRECTS: Final = 5
"""RFC 9309 section 2.3.1.2: at least five in a row are followed, to other hosts too."""
KEPT_S: Final = 86_400.0
"""RFC 9309 section 2.4: not longer than a day."""
UNREACHABLE_FOR_S: Final = 600.0
"""How long nothing is asked for where a robots.txt could not be had, before it is tried again."""
MOST_DELAY_S: Final = 300.0
"""A longer Crawl-delay is taken for this: it must not be the server who decides that a crawl never ends."""
_PATH: Final = "/robots.txt"
_MOST_ORIGINS: Final = 10_000
_MOST_KEPT_CHARS: Final = 16_777_216
_FOR_ALL: Final = "*"

_is_token: Final = re.compile(r"[A-Za-z0-9_.\-]{1,100}").fullmatch
_token_of: Final = re.compile(r"[A-Za-z0-9_.\-]*+").match
_lines_of: Final = re.compile(r"\r\n|\r|\n").split
_agent_of: Final = re.compile(r"\s*user[- ]?agent(?:\s*:|\s)\s*(.*)", re.IGNORECASE | re.DOTALL).fullmatch
_is_sitemap: Final = re.compile(r"\s*site-?maps?(?:\s*:|\s)", re.IGNORECASE).match


def product_token(robots: bool | str | None, user_agent: str | None) -> str:
    """Return the name by which groups of rules are found, in lower case; "" where *robots* is False or None.

    Of a str, what stands in front of a version: "my-bot" of "my-bot/1.0". Of True, the same of the *user_agent* that is
    sent. Raises ValueError where that is no name, or a browser's, TypeError, and MissingExtra without protego.
    """
    if robots is False or robots is None:
        return ""
    if not isinstance(robots, (bool, str)):
        raise TypeError(f"expected robots as True or a name such as 'my-bot/1.0', got one of {type(robots).__name__}")
    told = robots if isinstance(robots, str) else user_agent or ""
    token, _, _ = told.strip().partition(" ")[0].partition("/")
    if not _is_token(token) or (robots is True and token.lower() == "mozilla"):
        where = "robots" if isinstance(robots, str) else "User-Agent (robots=True)"
        raise ValueError(
            f"expected a name of your own as {where}, such as 'my-bot/1.0', got {quote(told)}: it is what robots.txt "
            "has rules for; robots='my-bot' says it where the User-Agent does not begin with it"
        )
    _protego()
    return token.lower()


def _protego() -> type[Protego]:
    """Return what parses a robots.txt. Raises MissingExtra."""
    try:
        from protego import Protego
    except ImportError as error:
        raise MissingExtra("robots needs the package protego (pip install 'httpconn[robots]')") from error
    return Protego


def _for(token: str, text: str) -> Iterator[str]:
    """Yield the lines of *text* that are for *token*, for all, or of no group; see above.

    A name in a group counts up to a version, as Google's parser has it. What has no colon ends no list of names.
    """
    concerns_us = in_names = False
    for whole in _lines_of(text):
        line = whole.partition("#")[0].strip()
        named = _agent_of(line)
        if named is not None:
            if not in_names:
                concerns_us = False
            in_names = True
            name = named[1].strip().lower()
            if name != _FOR_ALL:
                name = _token_of(name)[0]  # type: ignore[index]  # it matches anything
            if name in (token, _FOR_ALL):
                concerns_us = True
                yield f"User-agent: {name}"
        elif _is_sitemap(line):
            yield line
        elif line:
            in_names = in_names and ":" not in line
            if concerns_us:
                yield line


class Rules:
    """What the robots.txt of one origin says to us. As such: there is none, so that all is allowed."""

    size = 0
    """Characters that it was made of."""
    sitemaps: tuple[str, ...] = ()
    """The URLs of sitemaps that it names."""
    delay_s = 0.0
    """Seconds that are to pass between two requests."""

    def check(self, target: str, origin: Origin) -> None:
        """Raises RobotsDisallowed where *target*, a path and a query, must not be asked for."""


class Told(Rules):
    """A robots.txt that has come."""

    def __init__(self, token: str, content: bytes, url: str) -> None:
        """*content* is that of *url*, or the beginning of it."""
        text = content.decode("utf-8-sig", "replace")
        if len(content) >= MOST_BYTES:
            text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]  # half a line would say something else
        kept = "\n".join(_for(token, text))
        parsed = _protego().parse(kept)
        self.size = len(kept)
        self.sitemaps = tuple(_sitemaps(parsed.sitemaps, url))
        self.delay_s = min(parsed.crawl_delay(token) or 0.0, MOST_DELAY_S)
        self._token = token
        self._parsed = parsed

    def check(self, target: str, origin: Origin) -> None:
        if not self._parsed.can_fetch(f"{origin.scheme}://host{target}", self._token):
            raise RobotsDisallowed(f"the robots.txt of {origin} disallows {quote(target)} for {self._token}")


class Unreachable(Rules):
    """There may be one, and it cannot be had: nothing is allowed. RFC 9309 section 2.3.1.4."""

    def __init__(self, status: int, cause: BaseException | None) -> None:
        self._status = status
        self._cause = cause

    def check(self, target: str, origin: Origin) -> None:
        """Raises RobotsUnreachable."""
        why = f"got {self._status}" if self._cause is None else f"{type(self._cause).__name__}: {self._cause}"
        raise RobotsUnreachable(
            f"the robots.txt of {origin} cannot be had, so nothing may be asked for there: {why}", self._status
        ) from self._cause


def _sitemaps(lines: Iterator[str], url: str) -> Iterator[str]:
    for line in lines:
        try:
            yield urljoin(url, line)
        except InvalidURL:
            continue  # the line of somebody else, which is none


class Beginning:
    """A sink for the first bytes of a content. Its ``write`` raises Enough for what lies behind."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, part: bytes) -> int:
        room = MOST_BYTES - len(self.content)
        self.content += memoryview(part)[:room]
        if len(part) > room:
            raise Enough
        return len(part)


class Enough(Exception):
    """As much has come as is read."""


class Robots:
    """The rules of origins, as they are known: the least recently used go first where there are too many."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._known: collections.OrderedDict[Any, tuple[Rules, float]] = collections.OrderedDict()
        self._size = 0

    def find(self, key: Any, now: float) -> Rules | None:
        """Return the rules of the origin with that *key*; None where they have to be asked for, also once more."""
        found = self._known.get(key)
        if found is None or found[1] <= now:
            return None
        self._known.move_to_end(key)
        return found[0]

    def judge(self, response: Response, beginning: Beginning, url: str) -> Rules:
        """Return what *response*, to the request of *url*, comes to; *beginning* has its content."""
        error, status = response.error, response.status
        if 400 <= status < 500 or isinstance(error, TooManyRedirects):
            return Rules()  # RFC 9309 sections 2.3.1.2 and 2.3.1.3: it is "unavailable"
        if status >= 500 or (error is not None and not isinstance(error, Enough)):
            return Unreachable(status if status >= 500 else 0, error)
        return Told(self.token, bytes(beginning.content), url) if 200 <= status < 300 else Rules()

    def keep(self, key: Any, rules: Rules, now: float) -> None:
        """Note the *rules* of the origin with that *key*."""
        self._drop(key)
        for_s = UNREACHABLE_FOR_S if isinstance(rules, Unreachable) else KEPT_S
        while self._known and (len(self._known) >= _MOST_ORIGINS or self._size + rules.size > _MOST_KEPT_CHARS):
            self._drop(next(iter(self._known)))
        self._known[key] = rules, now + for_s
        self._size += rules.size

    def _drop(self, key: Any) -> None:
        found = self._known.pop(key, None)
        if found is not None:
            self._size -= found[0].size

    def sitemaps(self) -> dict[str, Sequence[str]]:
        """Return the URLs of sitemaps by the origins that name some."""
        return {str(Origin(*key)): rules.sitemaps for key, (rules, _) in self._known.items() if rules.sitemaps}

    def __len__(self) -> int:
        return len(self._known)


def url_of(origin: Origin) -> str:
    """Return the URL of the robots.txt of *origin*."""
    return f"{origin}{_PATH}"


def target_of(url: str) -> str | None:
    """Return what rules are asked about *url*; None for a robots.txt, which may always be asked for."""
    _, target = parse_url(url)
    return None if target.partition("?")[0] == _PATH else target
