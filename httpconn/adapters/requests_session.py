"""RequestsSession: a ``requests.Session`` over a ``RequestsAdapter``, which prepares usual requests in fewer steps.

Over our carrier two thirds of the time of a small GET are requests' own: it takes each URL apart and puts it together
again, copies the session's jar, looks for a .netrc in two places and for proxies in every variable of the environment.
Here such a step is left out where it is known to change nothing, and is requests' own where it may change something.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.request import getproxies_environment

from ..errors import MissingExtra

try:
    import requests
    from requests import sessions, utils
    from requests.__version__ import __version__ as _version
    from requests.cookies import RequestsCookieJar
    from requests.models import PreparedRequest
    from requests.sessions import merge_hooks, merge_setting
    from requests.structures import CaseInsensitiveDict
    from requests.utils import check_header_validity, get_netrc_auth
except ImportError as error:
    raise MissingExtra("RequestsSession needs the package requests (pip install 'httpconn[requests]')") from error

from .under_requests import RequestsAdapter, has_store, late_jar

_KNOWN: Final = (2, 32), (2, 34)
"""The first and the last release of requests whose steps are the ones that are left out here."""
_is_known: Final = has_store and _KNOWN[0] <= tuple(map(int, _version.split(".")[:2])) <= _KNOWN[1]

_STEPS: Final[tuple[tuple[Any, str], ...]] = (
    (PreparedRequest, "prepare"),
    (PreparedRequest, "prepare_method"),
    (PreparedRequest, "prepare_url"),
    (PreparedRequest, "prepare_headers"),
    (PreparedRequest, "prepare_cookies"),
    (PreparedRequest, "prepare_body"),
    (PreparedRequest, "prepare_auth"),
    (PreparedRequest, "prepare_hooks"),
    (sessions, "PreparedRequest"),
    (sessions, "get_environ_proxies"),
    (sessions, "get_netrc_auth"),
    (utils, "getproxies"),
    (utils, "should_bypass_proxies"),
)
_as_imported: Final = [getattr(where, name) for where, name in _STEPS]


def _are_theirs() -> bool:
    """Return whether no test or tool has put something of its own in the place of one of requests' steps."""
    return _is_known and [getattr(where, name) for where, name in _STEPS] == _as_imported


_TEXT: Final = r"[A-Za-z0-9\-._~!$&'()*+,;=:@{more}]++|%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])"
_is_as_prepared: Final = re.compile(
    r"https?://"
    r"[a-z0-9_][a-z0-9_.\-]*"
    r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?"
    rf"(?:/(?!\.\.?(?:[/?]|\Z))(?:{_TEXT.format(more='')})*+)++"
    rf"(?:\?(?:{_TEXT.format(more='/?')})++)?"
).fullmatch
"""Whether requests and urllib3 leave a URL as it is: nothing in it to be encoded, decoded, lowered or left out."""


class _Environment(NamedTuple):
    """What requests finds in the environment."""

    variables: Mapping[Any, Any]
    has_proxies: bool
    has_bundle: bool
    netrc_files: tuple[str, ...] | None
    """Where a .netrc may be; None where requests has to tell."""


_NO_TEXT: Final = (None, None)
_last = _Environment({}, True, True, None)


def _in_environment() -> _Environment:
    """Return what there is; looked for anew when a variable has changed."""
    global _last
    last = _last
    if getattr(os.environ, "_data", os.environ) == last.variables:
        return last
    variables = dict(getattr(os.environ, "_data", os.environ))
    netrc_files: tuple[str, ...] | None = None
    if "HOME" in os.environ and "NETRC" not in os.environ:
        netrc_files = tuple(os.path.expanduser(f"~/{name}") for name in utils.NETRC_FILES)
    _last = found = _Environment(
        variables,
        vars(utils)["getproxies"] is not getproxies_environment or bool(getproxies_environment()),
        bool(os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")),
        netrc_files,
    )
    return found


class RequestsSession(requests.Session):
    """A ``requests.Session`` that sends all by one ``RequestsAdapter``, made with the *options*; see there.

    It answers as ``requests.Session`` does, and whatever can be set on one can be set on it. Of ``prepare_request`` and
    ``merge_environment_settings`` it leaves out what would change nothing, if requests is of a release that is known.
    """

    _known_headers: tuple[tuple[Any, ...], OrderedDict[str, Any]] = ((), OrderedDict())
    """The session's fields as they were last, and as a request has them."""

    def __init__(self, **options: Any) -> None:
        """Raises TypeError, ValueError for an invalid option."""
        super().__init__()
        adapter = RequestsAdapter(**options)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def prepare_request(self, request: Any) -> PreparedRequest:
        """Return what is sent for *request*, with the settings of the session. Raises the exceptions of requests."""
        url, method, jar = request.url, request.method, cast("Any", self.cookies)
        is_usual = type(url) is str and type(method) is str and type(jar) is RequestsCookieJar and not request.cookies
        if not is_usual or not _are_theirs():
            return super().prepare_request(request)
        auth = request.auth
        if self.trust_env and not auth and not self.auth:
            auth = _netrc_auth_for(url)
        auth = merge_setting(auth, self.auth)
        prepared = PreparedRequest()
        prepared.method = method = method.upper()
        is_plain = not request.params and not self.params and _is_as_prepared(url) is not None
        if is_plain:
            prepared.url = url
        else:
            prepared.prepare_url(url, merge_setting(request.params, self.params))
        self._put_headers(prepared, request.headers)
        if is_plain and not jar._cookies:
            prepared._cookies = late_jar()
        else:
            prepared.prepare_cookies(_copied(jar))
        if method not in ("GET", "HEAD") or request.data or request.files or request.json is not None:
            prepared.prepare_body(request.data, request.files, request.json)
        if auth is not None or not is_plain:
            prepared.prepare_auth(auth, url)
        prepared.prepare_hooks(merge_hooks(request.hooks, self.hooks))
        return prepared

    def _put_headers(self, prepared: Any, own: Any) -> None:
        """Give *prepared* the fields of the session and its *own*. Raises InvalidHeader."""
        headers: Any = self.headers
        given = tuple(headers._store.values()) if type(headers) is CaseInsensitiveDict else (_NO_TEXT,)
        known, store = self._known_headers
        is_text = type(own) is dict and all(map(_is_text, own.items()))
        if not is_text or (given != known and not all(map(_is_text, given))):
            prepared.prepare_headers(merge_setting(own, headers, dict_class=CaseInsensitiveDict))
            return
        if given != known:
            prepared.prepare_headers(dict(given))
            store = prepared.headers._store
            self._known_headers = given, store
        prepared.headers = made = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
        made._store = store = store.copy()
        for field in own.items():
            check_header_validity(field)
            store[field[0].lower()] = field

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        """Return how a request for *url* is sent: what it was told, what the session and the environment say."""
        is_plain = type(proxies) is dict and type(self.proxies) is dict and not proxies and not self.proxies
        if is_plain and self.trust_env:
            found = _in_environment()
            is_plain = not found.has_proxies and not found.has_bundle
        if not is_plain or not _are_theirs():
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {
            "proxies": OrderedDict(),
            "stream": merge_setting(stream, self.stream),
            "verify": merge_setting(verify, self.verify),
            "cert": merge_setting(cert, self.cert),
        }


def _is_text(field: tuple[Any, Any]) -> bool:
    return type(field[0]) is str and type(field[1]) is str


def _copied(jar: Any) -> RequestsCookieJar:
    """Return a jar with the cookies of *jar*, in the order in which requests copies them."""
    made = RequestsCookieJar()
    domains: dict[str, Any] = vars(made)["_cookies"]
    with jar._cookies_lock:
        for cookie in jar:
            domains.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = cookie
    return made


def _netrc_auth_for(url: str) -> tuple[str, str] | None:
    files = _in_environment().netrc_files
    if files is not None and not any(map(os.path.exists, files)):
        return None
    return get_netrc_auth(url)
