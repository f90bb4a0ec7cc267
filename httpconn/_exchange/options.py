"""Error texts for unknown options and attributes: our name for what another library calls so, or the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Never

from ..errors import unknown_option

_CA_FILE: Final = "context=ssl.create_default_context(cafile=...)"

OF_OTHERS: Final[Mapping[str, str]] = {
    # requests
    "allow_redirects": "redirects=0 for none",
    "cert": "context=, an ssl.SSLContext with load_cert_chain(...)",
    "hooks": "before_request= and after_response= of the pool or fetcher",
    "max_redirects": "redirects=",
    "proxies": 'proxy="http://host:port" for all, "direct" for none, or trust_env=True for those of the environment',
    "verify": f"{_CA_FILE}, or a context without verification",
    # urllib3
    "assert_fingerprint": "fingerprint=",
    "fields": "params= for the query; data= for a form, and files= for the files in it",
    "maxsize": "per_host=",
    "num_pools": "max_connections=",
    "preload_content": "stream=True",
    "redirect": "redirects=0 for none",
    "retries": "retry=httpconn.Retry(3)",
    # httpx
    "base_url": "httpconn.urljoin(base, url), for each URL",
    "content": "body=",
    "event_hooks": "before_request= and after_response=",
    "extensions": "timeout=, server_hostname= and context=, each as an option of its own",
    "follow_redirects": "redirects=0 for none",
    "http2": "HTTP/1.1, which is all that is spoken",
    "keepalive_expiry": "idle_s=",
    "mounts": "proxy= of each request",
    "write": "Timeout(read=...), which is silence in either direction",
    "transport": 'resolve= for other addresses, {"example.org": "unix:/path"} for a Unix socket',
    # aiohttp
    "chunked": "body= an iterable of bytes, which is sent in chunks",
    "compress": 'body= the compressed bytes, with headers={"Content-Encoding": "gzip"}',
    "connector": "max_connections=, per_host=, context= and resolve=",
    "cookie_jar": "cookies=http.cookiejar.CookieJar()",
    "limit": "max_connections=",
    "limit_per_host": "per_host=",
    "raise_for_status": "response.raise_for_status()",
    "sock_connect": "Timeout(connect=...), which has the name and TLS in it",
    "sock_read": "Timeout(read=...)",
    "ssl": "context=",
    "trace_configs": "before_request= and after_response=",
    # what is guessed
    "ca": _CA_FILE,
    "cafile": _CA_FILE,
    "concurrency": "max_connections=",
    "delay": "delay_per_host=",
    "max_workers": "max_connections=",
    "query": "params=",
    "rate": "rate_per_host=",
    "ssl_context": "context=",
    "user_agent": 'headers={"User-Agent": ...}',
}
"""Names that other libraries have for something, and how it is asked for here."""


_GIVEN: Final = "an option, given when this is made"

OF_RESPONSES: Final[Mapping[str, str]] = {
    # requests
    "elapsed": "timings.total, in seconds",
    "iter_content": "iter_bytes(size), of a request with stream=True",
    "links": 'headers.get_all("Link"), and urllib.parse.urljoin(response.url, ...) for what they name',
    "ok": "status < 400; raise_for_status() raises for the others",
    "raw": "iter_bytes(), of a request with stream=True",
    "status_code": "status",
    # httpx
    "http_version": "version, 11 for HTTP/1.1",
    "is_error": "status >= 400",
    "is_success": "status < 400; raise_for_status() raises for the others",
    "iter_raw": "iter_bytes(), of a Request with decode=False",
    "reason_phrase": "reason",
    # urllib3 and http.client
    "data": "content",
    "getheader": "headers.get(name)",
    "getheaders": "headers.items()",
    "geturl": "url",
    "read": "content, or iter_bytes(size)",
    "release_conn": "close()",
    # aiohttp
    "content_type": "headers.get_content_type()",
}
"""Of a Response: what other libraries have, and what stands for it here."""

OF_STREAMED: Final[Mapping[str, str]] = {
    "iter_content": "aiter_bytes(size)",
    "iter_raw": "aiter_bytes(), of a request with decode=False",
    "raw": "aiter_bytes()",
    "read": "aread()",
}
"""The same of an AsyncResponse, where that is something else."""

OF_POOL: Final[Mapping[str, str]] = {
    "aclose": "close()",
    "auth": _GIVEN,
    "cookies": _GIVEN,
    "fetch_many": "httpconn.fetch_many(urls)",
    "headers": _GIVEN,
    "params": "params= of each request",
    "proxies": OF_OTHERS["proxies"],
    "stream": "request(method, url, stream=True), in a with block",
    "urlopen": "request(method, url)",
    "verify": OF_OTHERS["verify"],
}
"""The same of a pool."""

OF_CLIENT: Final[Mapping[str, str]] = {
    **{name: OF_POOL[name] for name in ("auth", "cookies", "headers", "params")},
    "gather": "fetch_many(urls)",
    "map": "fetch_many(urls)",
}
"""The same of an AsyncClient."""

OF_FETCHER: Final[Mapping[str, str]] = {
    **{name: OF_POOL[name] for name in ("auth", "cookies", "headers")},
    **dict.fromkeys(("get", "request", "submit"), "add(url), or add(httpconn.Request(method, url))"),
    **dict.fromkeys(("fetch_many", "map"), "feed(urls)"),
}
"""The same of a fetcher."""


class Elsewhere:
    """In the place of an attribute that others have: the AttributeError that there is without it, and what it is here.

    So ``hasattr`` says no. A ``__getattr__`` of the class could say the same, but Python goes another way to *every*
    attribute of such a class, which takes twice the instructions.
    """

    __slots__ = ("_here", "_name")

    def __init__(self, name: str, here: str) -> None:
        self._name = name
        self._here = here

    def __get__(self, instance: object, owner: type) -> Never:
        whose = f"type object {owner.__name__!r}" if instance is None else f"{owner.__name__!r} object"
        text = f"{whose} has no attribute {self._name!r}; here that is {self._here}"
        raise AttributeError(text, name=self._name, obj=owner if instance is None else instance)

    def __repr__(self) -> str:
        return f"<not there; here that is {self._here}>"


def tell_elsewhere(kind: type, names: Mapping[str, str]) -> None:
    """Have *kind* tell of *names* what each is here."""
    for name, here in names.items():
        setattr(kind, name, Elsewhere(name, here))


def attributes_of(instance: object) -> list[str]:
    """Return what ``dir`` is to tell of *instance*."""
    of_class: dict[str, Any] = {}
    for kind in reversed(type(instance).__mro__):
        of_class.update(vars(kind))
    return [name for name in object.__dir__(instance) if type(of_class.get(name)) is not Elsewhere]


OF_POOLS: Final[set[str]] = set()
"""The names of the options of pools and fetchers, which ``settings`` puts here: a request's options know of them."""


def unexpected(name: str, known: Iterable[str], where: str, elsewhere: Mapping[str, str]) -> TypeError:
    """Return the TypeError for the option *name*, which *where* does not have: it has *known*.

    *elsewhere* maps names of options that another class here has to the name of that class.
    """
    if name in elsewhere:
        return TypeError(f"{where} has no option {name!r}: it is an option of {elsewhere[name]}")
    return unknown_option(name, known, where, OF_OTHERS)


class Configured:
    """Base class: options are given when an object is made. They are not attributes, and setting one raises."""

    __slots__ = ()

    _OPTIONS: frozenset[str] = frozenset()
    """The names of the options."""

    def __dir__(self) -> list[str]:
        return attributes_of(self)

    def __setattr__(self, name: str, value: Any) -> None:
        """Raises AttributeError for an option or an unknown name, which would have no effect.

        A subclass may have attributes of its own, and a method may be replaced in an instance.
        """
        if name in self._OPTIONS:
            raise AttributeError(f"{name!r} cannot be set later: make another {type(self).__name__} with it")
        if name in OF_OTHERS:
            raise AttributeError(f"{name!r} would be ignored; here that is {OF_OTHERS[name]}")
        if not name.startswith("_") and type(self).__module__.startswith("httpconn.") and not hasattr(type(self), name):
            raise AttributeError(f"a {type(self).__name__} has no attribute {name!r}")
        super().__setattr__(name, value)
