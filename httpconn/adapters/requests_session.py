"""RequestsSession: a ``requests.Session`` over a ``RequestsAdapter``, which prepares usual requests in fewer steps.

Over our carrier two thirds of the time of a small GET are requests' own: it takes each URL apart and puts it together
again, copies the session's jar, looks for a .netrc in two places and for proxies in every variable of the environment.
Here such a step is left out where it is known to change nothing, and is requests' own where it may change something.
"""

from __future__ import annotations

import copy
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import Cookie
from itertools import chain
from operator import attrgetter
from typing import Any, Final, NamedTuple, cast
from urllib.request import getproxies_environment

from ..errors import MissingExtra

try:
    import requests
    from requests import models, sessions, utils
    from requests.__version__ import __version__ as _version
    from requests.cookies import RequestsCookieJar
    from requests.exceptions import InvalidHeader
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

_OF_PREPARING: Final[tuple[tuple[Any, str], ...]] = (
    (PreparedRequest, "prepare prepare_method prepare_url prepare_headers prepare_cookies prepare_body prepare_auth"),
    (PreparedRequest, "prepare_hooks prepare_content_length _encode_params"),
    (RequestsCookieJar, "set_cookie update"),
    (models, "CaseInsensitiveDict check_header_validity get_auth_from_url get_cookie_header parse_url requote_uri"),
    (models, "to_native_string"),
    (sessions, "CaseInsensitiveDict PreparedRequest RequestsCookieJar cookiejar_from_dict get_netrc_auth"),
    (sessions, "merge_cookies merge_hooks merge_setting to_key_val_list"),
    (utils, "NETRC_FILES quote unquote_unreserved"),
    (os.path, "expanduser"),
)
_OF_SETTINGS: Final[tuple[tuple[Any, str], ...]] = (
    (sessions, "get_environ_proxies merge_setting"),
    (utils, "getproxies proxy_bypass should_bypass_proxies"),
)
"""The steps of ``prepare_request`` and of ``merge_environment_settings``, by who has them."""


def _unless_replaced(steps: Iterable[tuple[Any, str]]) -> Callable[[], bool]:
    """Return what tells whether no test or tool has put something of its own in the place of one of *steps*."""
    found = [(attrgetter(*names.split()), where) for where, names in steps]
    as_imported = [get(where) for get, where in found]

    def are_theirs() -> bool:
        return _is_known and [get(where) for get, where in found] == as_imported

    return are_theirs


_prepares_as_known: Final = _unless_replaced(_OF_PREPARING)
_looks_as_known: Final = _unless_replaced(_OF_SETTINGS)
_prepare_request: Final = requests.Session.prepare_request
_merge_environment_settings: Final = requests.Session.merge_environment_settings


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
        vars(utils)["getproxies"] is not getproxies_environment
        or bool(getproxies_environment() or os.environ.get("NO_PROXY")),
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
        theirs = super().prepare_request  # maybe of a class that stands behind this one, or of a test
        url, method, jar = request.url, request.method, cast("Any", self.cookies)
        is_usual = type(url) is str and type(method) is str and type(jar) is RequestsCookieJar and not request.cookies
        if not is_usual or getattr(theirs, "__func__", None) is not _prepare_request or not _prepares_as_known():
            return theirs(request)
        # All is merged before anything is prepared, as by requests: of two errors the same one is raised.
        cookies = _copied(jar) if jar._cookies else None
        auth = request.auth
        if self.trust_env and not auth and not self.auth:
            auth = _netrc_auth_for(url)
        prepared = PreparedRequest()
        prepared.method = method = method.upper()
        store = self._store_with(request.headers)
        fields = merge_setting(request.headers, self.headers, CaseInsensitiveDict) if store is None else None
        is_plain = _is_empty(request.params) and _is_empty(self.params) and _is_as_prepared(url) is not None
        params = None if is_plain else merge_setting(request.params, self.params)
        auth = merge_setting(auth, self.auth)
        hooks = merge_hooks(request.hooks, self.hooks)
        if is_plain:
            prepared.url = url
        else:
            prepared.prepare_url(url, params)
        if store is None:
            prepared.prepare_headers(fields)
        else:
            prepared.headers = made = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
            made._store = store
        if is_plain and cookies is None:
            prepared._cookies = late_jar()
        else:
            prepared.prepare_cookies(RequestsCookieJar() if cookies is None else cookies)
        has_body = not _is_empty(request.data) or request.files or request.json is not None
        if has_body or method not in ("GET", "HEAD"):
            prepared.prepare_body(request.data, request.files, request.json)
        if auth is not None or not is_plain:
            prepared.prepare_auth(auth, url)
        prepared.prepare_hooks(hooks)
        return prepared

    def _store_with(self, own: Any) -> OrderedDict[str, Any] | None:
        """Return the fields of the session and a request's *own*, as requests keeps them; None where it has to tell."""
        headers: Any = self.headers
        if type(headers) is CaseInsensitiveDict:
            given = tuple(headers._store.values())
        elif type(headers) is dict:
            given = tuple(headers.items())
        else:
            return None
        if type(own) is not dict or not _are_text(given) or not _are_text(own.items()):
            return None
        known, store = self._known_headers
        try:
            if given != known:
                store = _filled(OrderedDict(), given)
                self._known_headers = given, store
            return _filled(store.copy(), own.items())
        except InvalidHeader:  # unless another field takes its place
            return None

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        """Return how a request for *url* is sent: what it was told, what the session and the environment say."""
        theirs = super().merge_environment_settings
        is_plain = type(proxies) is dict and type(self.proxies) is dict and not proxies and not self.proxies
        if is_plain and self.trust_env:
            found = _in_environment()
            is_plain = not found.has_proxies and not found.has_bundle and _can_be_split(url)
        if (
            not is_plain
            or getattr(theirs, "__func__", None) is not _merge_environment_settings
            or not _looks_as_known()
        ):
            return theirs(url, proxies, stream, verify, cert)
        return {
            "proxies": OrderedDict(),
            "stream": merge_setting(stream, self.stream),
            "verify": merge_setting(verify, self.verify),
            "cert": merge_setting(cert, self.cert),
        }


def _is_empty(given: Any) -> bool:
    """Return whether *given* is what requests puts in the place of None: other things may be false and have content."""
    return (type(given) is dict or type(given) is list) and not given


_TEXT_ALONE: Final = frozenset({str})


def _are_text(fields: Iterable[tuple[Any, Any]]) -> bool:
    return _TEXT_ALONE.issuperset(map(type, chain.from_iterable(fields)))


def _filled(store: OrderedDict[str, Any], fields: Iterable[tuple[str, str]]) -> OrderedDict[str, Any]:
    """Return *store* with *fields* put into it as by a CaseInsensitiveDict. Raises InvalidHeader."""
    for field in fields:
        check_header_validity(field)
        store[field[0].lower()] = field
    return store


def _can_be_split(url: Any) -> bool:
    """Return whether requests finds the host of *url*, for the environment, without an error."""
    return type(url) is str and url.isascii() and "[" not in url and "]" not in url


def _copied(jar: Any) -> RequestsCookieJar:
    """Return a jar with copies of the cookies of *jar*, in the order in which requests copies them."""
    made = RequestsCookieJar()
    domains: dict[str, Any] = vars(made)["_cookies"]
    with jar._cookies_lock:
        for cookie in jar:
            value = cookie.value
            if type(cookie) is not Cookie or type(value) is not str or value.startswith('"'):
                made.set_cookie(copy.copy(cookie))  # which changes some values
                continue
            copied = Cookie.__new__(Cookie)
            vars(copied).update(vars(cookie))
            domains.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = copied
    return made


def _netrc_auth_for(url: str) -> tuple[str, str] | None:
    files = _in_environment().netrc_files
    if files is not None and not any(map(os.path.exists, files)):
        return None
    return get_netrc_auth(url)
