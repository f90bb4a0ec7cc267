"""URLs: text to an origin and a request-target.

The standard library's ``urlsplit`` splits them: it is kept up by CPython's own security process, it is what
programs around this package use themselves, and it needs no installation. What it lets pass is judged here:
it drops tabs and line ends in silence, and believes any host. What a host is, ``hosts.py`` says.

``urlsplit`` costs some 4 us for a URL that it has not seen, a third of what a whole exchange may cost. So
an origin that was parsed once is known by its text, and only the target behind it is looked at; a new one that is
plainly a name is taken apart by one pattern; what is unusual in any way goes through the whole parse. All three give
the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sized
from typing import Any, Final
from urllib.parse import quote as percent_encode
from urllib.parse import unquote, urlencode, urlsplit

from ..errors import InvalidURL, UnsupportedScheme, quote
from .hosts import parse_host, parse_ipv6
from .request import host_field_value

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_LARGEST_PORT: Final = 65_535
_MOST_SEEN: Final = 10_000
LENGTH_OF_HTTPS: Final = len("https://")

_is_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+").fullmatch
_control: Final = re.compile("[\x00-\x1f\x7f]").search
# Everything visible in ASCII goes out as it was written: escapes are not judged, and nothing is escaped twice.
VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))
# The last "@", or one of the two that some take for it (UTS 46): in front of it there may be a password.
_AT_SIGNS: Final = "@\uff20\ufe6b"
# A new origin as most are: no address (whose last label has a digit first), no dot at the end, no capital, no fragment.
# How long the whole host is, is looked at behind it: to look ahead in a pattern is to look at all of it twice.
_plain_parts: Final = re.compile(
    r"(https?+)://((?:[a-z0-9_\-]{1,63}+\.)*+[a-z][a-z0-9_\-]{0,62}+)(?::([1-9][0-9]{0,4}+))?+"
    r"""(/[!"$-~]*+)"""
).fullmatch
_LONGEST_PLAIN_HOST: Final = 253
# RFC 3986 section 3.2.1, and nothing more lax: what ends a user name for one parser is part of it for another.
_credentials: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*+://)((?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*+)@([^@/?#\\]*+(?:[/?#].*+)?)",
    re.DOTALL,
).fullmatch
# What stands for a scheme where http or https was meant: "http:/", "https:", "http//", "htp://".
_odd_scheme: Final = re.compile(r"([A-Za-z]{3,6}+)(:?+/{0,3}+)(.++)", re.DOTALL).fullmatch
_host_and_port: Final = re.compile(r"([^/?#:]++|\[[0-9A-Fa-f:.]++\])(?::([0-9]{1,5}+))?+(?:([/?#])|\Z)").match
# Links of a page, and no hosts: a word, or the name of a file.
_is_relative: Final = re.compile(
    r"[/?#.].*+|[\w\-%]++(?:\.(?:html?|php|aspx?|jsp|txt|xml|json|pdf|png|jpe?g|gif|css|js))?+(?:[/?#].*+)?+", re.DOTALL
).fullmatch
_AROUND: Final = " \"'<>\ufeff"
"""What a URL was put in, or a file has in front of its first line."""


class Origin:
    """Scheme, host and port: what decides where a request may go, and who may see what it carries."""

    __slots__ = ("host", "host_field", "is_tls", "key", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.scheme = scheme
        self.host = host
        """In lower case and ASCII; an IPv6 address without brackets."""
        self.port = port
        self.key = (scheme, host, port)
        self.is_tls = scheme == "https"
        self.host_field = host_field_value(host, port, DEFAULT_PORTS[scheme])
        """The value of the Host field."""

    def __reduce__(self) -> tuple[type[Origin], tuple[str, str, int]]:
        return Origin, self.key

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Origin) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    __repr__ = __str__


class CredentialsInURL(InvalidURL):
    """A URL with a user name in it, where ``take_credentials`` has not been before, or has found none that is right."""


_seen: dict[str, Origin] = {}


def parse_url(url: str) -> tuple[Origin, str]:
    """Return the origin of *url* and the request-target for it; a fragment is dropped.

    Raises InvalidURL, UnsupportedScheme (one of those), TypeError for what is no str.
    """
    try:
        at = url.find("/", LENGTH_OF_HTTPS)
        origin = _seen.get(url[:at]) if at > 0 else None
    except (AttributeError, TypeError):
        raise TypeError(f"expected a URL as str, got {type(url).__name__}") from None
    if origin is not None:
        target = url[at:]
        if target.isascii() and target.isprintable() and " " not in target and "#" not in target:
            return origin, target
    elif isinstance(url, str):
        plain = parse_plain(url)
        if plain is not None:
            origin, target, prefix = plain
            _note(prefix, origin)
            return origin, target
    return _parse(url)


def parse_plain(url: str) -> tuple[Origin, str, str] | None:
    """Return origin and request-target of *url*, and the text of the origin; None where ``parse_url`` has to look.

    All are ASCII, and whatever follows that text in a URL is its target.
    """
    found = _plain_parts(url)
    if found is None:
        return None
    scheme, host, told_port, target = found.groups()
    port = DEFAULT_PORTS[scheme] if told_port is None else int(told_port)
    if port > _LARGEST_PORT or len(host) > _LONGEST_PLAIN_HOST:
        return None
    return Origin(scheme, host, port), target, url[: -len(target)]


def _remember(prefix: str, url: str, origin: Origin) -> None:
    """Have *origin* known by *prefix*, the text of it in *url*, if that ends where ``parse_url`` looks for its end."""
    if prefix.isascii() and url.startswith("/", len(prefix)) and url.find("/", LENGTH_OF_HTTPS) == len(prefix):
        _note(prefix, origin)


def _note(prefix: str, origin: Origin) -> None:
    if len(_seen) >= _MOST_SEEN:
        _seen.clear()
    _seen[prefix] = origin


def is_seen(prefix: str, origin: Origin) -> bool:
    """Return whether *prefix* is the text of *origin*, as ``parse_url`` knows it: all that follows it is the target."""
    return _seen.get(prefix) is origin


def _parse(url: str) -> tuple[Origin, str]:
    if not isinstance(url, str):
        raise TypeError(f"expected a URL as str, got {type(url).__name__}")
    found = _control(url)
    if found:
        raise InvalidURL(f"URL can't contain control characters. {shown(url)} (found at least {found[0]!r})")
    if url.startswith(" "):
        raise InvalidURL(f"URL can't begin with a space: {shown(url)}")  # which urlsplit would drop
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidURL(f"{_told(error, url)}: {shown(url)}") from None
    default_port = DEFAULT_PORTS.get(parts.scheme)
    if default_port is None:
        if parts.scheme and _is_scheme(parts.scheme):
            raise UnsupportedScheme(f"expected a URL of http or https, got {shown(url)}{_hint(url)}")
        raise InvalidURL(f"expected an absolute URL (http://, https://), got {shown(url)}{_hint(url)}")
    if "@" in parts.netloc:
        raise CredentialsInURL(f"a user name in a URL has to be percent-encoded, or given as auth=: {shown(url)}")
    origin = Origin(
        parts.scheme, _host(parts.hostname or "", parts.netloc, url), default_port if port is None else port
    )
    if not origin.port:
        raise InvalidURL(f"port 0 cannot be connected to: {shown(url)}")
    target = parts.path or "/"
    if "?" in url.partition("#")[0]:  # an empty query is not the same as none
        target += f"?{parts.query}"
    _remember(url[: len(parts.scheme) + len("://") + len(parts.netloc)], url, origin)
    if target.isascii() and " " not in target:
        return origin, target
    try:
        return origin, percent_encode(target, safe=VISIBLE)
    except UnicodeEncodeError:
        raise InvalidURL(f"a lone surrogate is no character, and can't be in a URL: {shown(url)}") from None


def _host(host: str, netloc: str, url: str) -> str:
    """Return *host* as it is connected to and named: ASCII, in lower case. Raises InvalidURL."""
    is_bracketed = netloc.startswith("[")
    behind = netloc.partition("]")[2] if is_bracketed else ""
    if behind and not behind.startswith(":"):
        raise InvalidURL(f"expected a port or nothing behind the brackets of an address: {shown(url)}")
    try:
        return parse_ipv6(host) if is_bracketed else parse_host(host)
    except ValueError as error:
        raise InvalidURL(f"{_told(error, url)}: {shown(url)}{'' if host else _hint(url)}") from None


def _hint(url: str) -> str:
    """Return what is said behind *url*, which is no URL of http: the one that was probably meant, "" for no idea.

    Nothing is said where there may be a password in it.
    """
    if _behind_at(url):
        return ""
    meant = _looks_like(url)
    if meant is None or meant == url:
        is_relative = _is_relative(url) and not url.startswith("//")
        return "; it is a relative one, which httpconn.urljoin(page.url, it) makes absolute" if is_relative else ""
    return f"; did you mean {quote(meant)}?" if _is_url(meant) else ""


def url_meant_by(text: str) -> str | None:
    """Return the URL that *text*, which is none, was probably to be; None for no idea."""
    meant = None if _behind_at(text) else _looks_like(text)
    return None if meant is None or meant == text or not _is_url(meant) else meant


def _is_url(text: str) -> bool:
    try:
        _parse(text)
    except InvalidURL:
        return False
    return True


def _looks_like(url: str) -> str | None:
    """Return the URL with http or https that *url* looks like, None for none."""
    inner = url.strip(_AROUND)
    if inner != url:
        return inner if inner.lower().startswith(("http://", "https://")) else None
    odd = _odd_scheme(url)
    if odd is not None and odd[2] in (":", ":/", "//", "://"):
        scheme, between, rest = odd.groups()
        from difflib import get_close_matches  # late: it takes a while, and most never need it

        nearest = get_close_matches(scheme.lower(), DEFAULT_PORTS, 1, 0.8 if between == "://" else 1.0)
        if nearest:
            return f"{nearest[0]}://{rest}"
    found = _host_and_port(url.removeprefix("//"))
    if found is None:
        return None
    host, port, end = found.groups()
    is_here = host == "localhost" or host.startswith("[") or host[-1].isdigit()
    # A word with a colon and a number may be anything ("tel:110").
    has_host = is_here or "." in host or (port is not None and end == "/")
    if not (url.startswith("//") or (has_host and not _is_relative(url)) or host == "localhost"):
        return None
    scheme = "http" if (is_here or port is not None) and port != "443" else "https"
    return f"{scheme}://{url.removeprefix('//')}"


def _told(error: ValueError, url: str) -> str:
    """Return the text of *error*, which may quote any part of *url*: and that, what stands in front of an "@"."""
    return "not a URL" if _behind_at(url) else f"{error}"


def with_params(url: str, params: Mapping[str, Any] | Iterable[tuple[str, Any]] | str) -> str:
    """Return *url* with *params* added to its query: a mapping or pairs, a list for several values of one name.

    A str is taken as it is. Raises TypeError for anything else.
    """
    added = params if isinstance(params, str) else urlencode(_pairs(params), doseq=True)
    if not added:
        return url
    start, hash_mark, fragment = url.partition("#")
    joint = "" if start.endswith(("?", "&")) else "&" if "?" in start else "?"
    return f"{start}{joint}{added}{hash_mark}{fragment}"


def _pairs(params: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the pairs, less those whose value is None."""
    pairs = params.items() if isinstance(params, Mapping) else checked_pairs(params, "params")
    return [(name, value) for name, value in pairs if value is not None]


def checked_pairs(given: Any, what: str) -> list[tuple[Any, Any]]:
    """Return *given*, which is no mapping, as a list of pairs. Raises TypeError, which says *what* it was to be."""
    pairs: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    # A str of two characters has a length of two.
    if any(isinstance(pair, str | bytes) or not isinstance(pair, Sized) or len(pair) != 2 for pair in pairs):
        raise TypeError(
            f"expected {what} as a mapping, or as pairs of name and value, got one of {type(given).__name__}"
        )
    return [(name, value) for name, value in pairs]


def redacted(url: str) -> str:
    """Return *url* without what may be a password: with "..." for all in front of the last "@"."""
    at = _behind_at(url)
    return f"...@{url[at:]}" if at else url


def _behind_at(url: str) -> int:
    """Return the place behind the last "@" of *url*, or what becomes one (UTS 46); 0 where there is none."""
    return 1 + max(url.rfind(sign) for sign in _AT_SIGNS)


def shown(url: str) -> str:
    """Return *url* for an error text, without what may be a password."""
    return quote(redacted(url))


def take_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return *url* without the user name and password in it, and those, decoded; None where there is no user name.

    Anything that is not plainly a user name by RFC 3986 section 3.2.1 is left where it is, for ``parse_url`` to refuse.
    """
    found = _credentials(url)
    if found is None:
        return url, None
    scheme, told, rest = found.groups()
    user, colon, password = told.partition(":")
    return scheme + rest, (unquote(user), unquote(password)) if user or colon else None
