"""References to absolute URLs: what a Location or a link means where it stands, in the form in which it is asked for.

It is what browsers do and not RFC 3986 that sites are tested with, so this follows the URL standard: white space at the
ends, tabs and line ends go, a backslash is a slash, "http:page" is relative where the base has that scheme, and what
can't stand in a URL is percent-encoded. Two things differ on purpose. Bytes that are no UTF-8 come as lone surrogates
(see ``policies.redirects.location_of``) and are percent-encoded as the bytes they are, since a server that sends them
reads them so; the Fetch standard takes them for Latin-1. And hosts are held to what ``hosts.py`` says.

``urljoin`` of the standard library is not used: it takes empty segments out of a path, so that a relative reference
from an archive's ``/2020/http://example.org/`` goes astray, and keeps the query of the base for "?".

Source: WHATWG URL, section 4.4; RFC 9110 section 10.2.2 for the fragment.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote as percent_encode

from ..errors import InvalidURL, UnsupportedScheme
from .hosts import parse_host, parse_ipv6
from .urls import DEFAULT_PORTS, VISIBLE, parse_url, shown, take_credentials

_SLASHES: Final = "/\\"
_AT_THE_ENDS: Final = "".join(map(chr, range(0x21)))
_without_line_ends: Final = dict.fromkeys(map(ord, "\t\n\r"))
_with_scheme: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):(.*+)", re.DOTALL).fullmatch
_in_front_query_fragment: Final = re.compile(r"([^?#]*+)(?:\?([^#]*+))?+(?:#(.*+))?+", re.DOTALL).fullmatch
_at_slash: Final = re.compile(r"([^/\\]*+)(.*+)", re.DOTALL).fullmatch
_host_and_port: Final = re.compile(r"(?:\[([^\]]*+)\]|([^:\[\]]*+))(?::([0-9]*+))?+").fullmatch

# What goes out as it is: all that is visible in ASCII, less the percent-encode sets of the URL standard, section 1.3.
_IN_FRAGMENT: Final = "".join(set(VISIBLE) - {*'"<>`'})
_IN_QUERY: Final = "".join(set(VISIBLE) - {*"\"#<>'"})
_IN_PATH: Final = "".join(set(VISIBLE) - {*'"#<>?^`{}'})
_IN_CREDENTIALS: Final = "".join(set(_IN_PATH) - {*"/:;=@[\\]|"})

_DOT: Final = frozenset({".", "%2e"})
_TWO_DOTS: Final = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def resolve_reference(base: str, location: str) -> str:
    """Return where the Location of a response to *base* leads; with its fragment, or else the base's.

    Raises as ``urljoin``. Source: RFC 9110 section 10.2.2.
    """
    found = urljoin(base, location)
    if "#" in base and "#" not in found:
        fragment = base.partition("#")[2].encode("utf-8", "replace").decode()
        found = f"{found}#{_encoded(fragment, _IN_FRAGMENT)}"
    return found


def urljoin(base: str, reference: str) -> str:
    """Return the absolute URL of *reference*, an ``href`` for example, as it stands in what is at *base*.

    It is what browsers make of it, in ASCII and percent-encoded, as it is asked for: of "?" in http://h/a/b?c it is
    http://h/a/b?, of "//h" http://h/, of "a b" http://h/a/a%20b. A fragment is the reference's own. A user name in
    *base* stays behind, as ``Response.url`` has none.

    Raises InvalidURL where a browser finds no URL either or nobody could look up the host, UnsupportedScheme (which is
    one) for any but http and https, TypeError for what is no str. Source: WHATWG URL, section 4.4.
    """
    if not isinstance(reference, str):
        raise TypeError(f"expected a reference as str, got {type(reference).__name__}")
    origin, target = parse_url(take_credentials(base)[0])
    text = reference.translate(_without_line_ends).strip(_AT_THE_ENDS)
    found = _with_scheme(text)
    scheme, rest = (found[1].lower(), found[2]) if found is not None else (origin.scheme, text)
    if scheme not in DEFAULT_PORTS:
        raise UnsupportedScheme(f"expected a URL of http or https, got {shown(text)}")
    split = _in_front_query_fragment(rest)
    assert split is not None  # the pattern matches any text
    front, query, fragment = split.groups()
    base_path, _, base_query = target.partition("?")
    if scheme != origin.scheme or (len(front) > 1 and front[0] in _SLASHES and front[1] in _SLASHES):
        place, path = _place(scheme, front.lstrip(_SLASHES), text)
    else:
        place = str(origin)
        base_path = _normalized(base_path)
        if not front:
            path = base_path
            query = base_query if query is None and "?" in target else query
        elif front[0] in _SLASHES:
            path = front
        else:
            path = f"{base_path.rpartition('/')[0]}/{front}"
    return "".join((
        place,
        _normalized(path),
        "" if query is None else f"?{_encoded(query, _IN_QUERY)}",
        "" if fragment is None else f"#{_encoded(fragment, _IN_FRAGMENT)}",
    ))  # fmt: skip


def _place(scheme: str, text: str, whole: str) -> tuple[str, str]:
    """Return scheme, user name, password, host and port, as a URL has them, and the path behind. Raises InvalidURL."""
    split = _at_slash(text)
    assert split is not None  # the pattern matches any text
    userinfo, _, authority = split[1].rpartition("@")
    found = _host_and_port(authority)
    port = DEFAULT_PORTS[scheme]
    try:
        if found is None or (found[3] and int(found[3][:6]) > 65_535):
            raise ValueError
        port = int(found[3]) if found[3] else port
        host = parse_host(found[2]) if found[1] is None else f"[{parse_ipv6(found[1], zone=False)}]"
    except ValueError as error:
        told = f" ({error})" if "@" not in whole and f"{error}" else ""
        raise InvalidURL(f"expected a URL with a host, got {shown(whole)}{told}") from None
    user, _, password = userinfo.partition(":")
    if user or password:
        told = f":{_encoded(password, _IN_CREDENTIALS)}" if password else ""
        host = f"{_encoded(user, _IN_CREDENTIALS)}{told}@{host}"
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{host}{shown_port}", split[2]


def _normalized(path: str) -> str:
    """Return *path*, absolute or empty, with its dot segments followed, and percent-encoded."""
    kept: list[str] = []
    *segments, last = path.replace("\\", "/").removeprefix("/").split("/")
    for segment in segments:
        if (lowered := segment.lower()) in _TWO_DOTS:
            del kept[-1:]
        elif lowered not in _DOT:
            kept.append(segment)
    if last.lower() in _TWO_DOTS:
        del kept[-1:]
    kept.append("" if last.lower() in _DOT | _TWO_DOTS else last)
    return "/" + _encoded("/".join(kept), _IN_PATH)


def _encoded(text: str, visible: str) -> str:
    return percent_encode(text, safe=visible, errors="surrogateescape")
