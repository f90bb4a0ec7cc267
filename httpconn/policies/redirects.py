"""Redirects: which request follows a response, and what of the first request it may carry.

Source: RFC 9110 sections 15.4 and 10.2.2; the Fetch standard where that is older than what every client does (301 and
302 turn POST into GET). What is left behind was learnt by others: CVE-2018-20060, CVE-2023-43804, CVE-2023-45803,
CVE-2024-37891 (urllib3), CVE-2018-18074 (requests), CVE-2022-27774 (curl).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from .._wire.grammar import TRANSFER_ENCODING
from .._wire.references import resolve_reference
from .._wire.urls import Origin, parse_url
from ..errors import InvalidURL
from ..model import Request, pairs_of

DEFAULT_REDIRECTS: Final = 10

_SEE_OTHER: Final = 303
_STATUSES: Final = frozenset({301, 302, _SEE_OTHER, 307, 308})
_CHANGING_POST: Final = frozenset({301, 302})

_BOUND_TO_ORIGIN: Final = frozenset({"authorization", "cookie", "host", "proxy-authorization"})
_OF_CONTENT: Final = frozenset({"digest", "expect", "last-modified", "repr-digest", "trailer", TRANSFER_ENCODING})


def is_bound_to_origin(name: str) -> bool:
    """Return whether the field *name*, in lower case, was meant for one origin and no other."""
    return name in _BOUND_TO_ORIGIN


def is_of_content(name: str) -> bool:
    """Return whether the field *name*, in lower case, tells of a body, and so goes where the body goes."""
    return name.startswith("content-") or name in _OF_CONTENT


class Hop(NamedTuple):
    """The request that follows a redirect."""

    request: Request
    keeps_content: bool
    """Whether the body goes along; else its fields must not either."""
    leaves_origin: bool
    """Whether what is bound to an origin must not go along."""


def location_of(status: int, values: Sequence[str]) -> str | None:
    """Return where a response redirects to, as it says, or None where it does not: no redirect, or no Location.

    *values* are those of the Location fields, in Latin-1, as a head has them. What is no UTF-8 comes as lone surrogates
    (PEP 383), for ``resolve_reference``. Raises InvalidURL for several places.
    """
    if status not in _STATUSES or not values:
        return None
    if len({*values}) > 1:
        raise InvalidURL(f"expected one Location, got {len(values)}")
    # Neither is RFC 9110's, both are what servers send that do not escape: UTF-8, and bytes that are none beside it.
    return values[0].strip(" \t").encode("latin-1").decode("utf-8", "surrogateescape") or None


def hop(
    request: Request, own: Sequence[tuple[str, Any]], origin: Origin, status: int, location: str, *, is_replayable: bool
) -> Hop | None:
    """Return what follows, or None where the body would have to go along and cannot be sent again.

    *own* are the request's fields, *origin* is where it went. Raises InvalidURL, UnsupportedScheme.
    """
    method = request.method
    keeps_content = method == "HEAD" or not (status == _SEE_OTHER or (method == "POST" and status in _CHANGING_POST))
    if keeps_content and not is_replayable:
        return None
    next_request = request.replaced(url=resolve_reference(request.url, location), headers=None)
    found, _ = parse_url(next_request.url)
    leaves_origin = found.key != origin.key
    if not keeps_content:
        next_request.method = "GET"
        next_request.body = next_request.json = None
        own = [pair for pair in own if not is_of_content(_lowered(pair[0]))]
    if leaves_origin:
        own = [pair for pair in own if pair[1] is None or not is_bound_to_origin(_lowered(pair[0]))]
        if next_request.auth is request.auth:  # else it stands in the Location
            next_request.auth = None
        if found.host != origin.host:
            next_request.server_hostname = None  # the name of another host
    next_request.headers = list(own) or None
    return Hop(next_request, keeps_content, leaves_origin)


def answered(request: Request, before: Request, own: Sequence[tuple[str, Any]], origin: Origin) -> Hop:
    """Return the hop to *request*, with which a hook has answered the response to *before*.

    That one went to *origin*, and had the fields *own* and those that other hooks had added, which they do again. What
    was for its origin stays there; what the hook has put into *request* goes along. Raises InvalidURL,
    UnsupportedScheme.
    """
    sent = pairs_of(before.headers)
    fields = [pair for pair in pairs_of(request.headers) if pair in own or pair not in sent]
    found, _ = parse_url(request.url)
    leaves_origin = found.key != origin.key
    if leaves_origin:
        fields = [pair for pair in fields if pair not in own or not is_bound_to_origin(_lowered(pair[0]))]
    request = request.replaced(headers=fields or None)
    if leaves_origin and request.auth is before.auth:
        request.auth = None
    if found.host != origin.host and request.server_hostname == before.server_hostname:
        request.server_hostname = None
    return Hop(request, True, leaves_origin)


def _lowered(name: Any) -> str:
    return (name if isinstance(name, str) else bytes(name).decode("latin-1")).lower()
