"""A URL that is refused does not tell on its password: not in the result, its request, its error, nor what is made of them."""

from __future__ import annotations

import json
import pickle
import traceback

import pytest

import httpconn
from httpconn import InvalidURL, Request, Response

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.sites import Asker

REFUSED = [
    "http://me:se@cret@h.test/", "http://me:se/cret@h.test/", "http://me:se?cret@h.test/", "http://me:se#cret@h.test/x",
    "http://me:se\\cret@h.test/", "http://me:se cret@h.test/", "http://se cret@h.test/", "http://me:se[cret@h.test/", "http://me:se%cret@h.test/",
    "http://me:secret@h.test:x/", "http://me:secret@h.test:99999/", "http://me:secret@/", "http://me:secret@a b/", "http://me:secret@[::1/",
    "http://me:secret@h.test/\n", " http://me:secret@h.test/", "http://me:secret@1.2.3.256/", "http://me:s\u00e9cret@h.test/", "http://me:secret@fa\u00df..test/",
    "http://me:secret\uff20h.test/", "http://me:secret\ufe6bh.test/", "http://me:se\u2100cret@h.test/", "http://me:secret@h.test:0/", "http://me:secret@a,b/",
    "ftp://me:secret@h.test/", "//me:secret@h.test/", "me:secret@h.test/", "http:me:secret@h.test/", "http:/me:secret@h.test/", "secret@",
]  # fmt: skip


def told(response: Response) -> str:
    """Return all that a program may write down of a result."""
    assert response.error is not None
    row = {
        "url": response.url,
        "of": response.request.url,
        "error": str(response.error),
        "repr": repr(response),
        "request": repr(response.request),
    }
    return "\n".join((
        json.dumps(row, ensure_ascii=False),
        repr(response.error),
        "".join(traceback.format_exception(response.error)),
        repr(pickle.dumps(response)),
        repr(response.request.auth),
    ))  # fmt: skip


def has_secret(text: str) -> bool:
    return "cret" in text


@pytest.mark.parametrize("as_request", [False, True])
@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_of_a_fetcher(fetch_many: FetchMany, url: str, as_request: bool) -> None:
    request = Request("GET", url, tag="mine") if as_request else url
    [response] = fetch_many([request])
    assert isinstance(response.error, InvalidURL)
    assert not has_secret(told(response))
    copy = pickle.loads(pickle.dumps(response))
    assert (copy.url, copy.tag) == (response.url, response.tag)
    assert not has_secret(told(copy))
    if isinstance(request, Request):
        assert response.tag == "mine"
        assert has_secret(request.url + repr(request.auth))  # the caller's own is as it was
        assert not has_secret(repr(request))


@pytest.mark.parametrize("kind", ["pool", "stream", "async", "astream"])
def test_of_who_raises_it(kind: str) -> None:
    with Asker(kind) as ask:
        for url in REFUSED:
            for request in (url, Request("GET", url)):
                error = ask(request).error
                assert isinstance(error, InvalidURL), url
                text = "".join(traceback.format_exception(error))
                assert not has_secret(f"{error!r} {error} {text} {pickle.dumps(error)!r}"), url


def test_of_a_proxy(fetch_many: FetchMany) -> None:
    request = Request("GET", "http://h.test/@user", proxy="http://me:secret@h.test:x/", auth=("a", "b"))
    [response] = fetch_many([request])
    assert isinstance(response.error, InvalidURL)
    assert not has_secret(told(response))
    assert (response.url, response.request.auth) == ("http://h.test/@user", ("a", "b"))


def test_what_is_no_secret_is_told(fetch_many: FetchMany) -> None:
    """The rest of it, what is behind the "@", and URLs that have no "@" or are not refused."""
    urls = ["http://me:se@cret@h.test/page?q", "http://h.test:x/page", "ftp://h.test/page", "http://[::1/"]
    shown = [response.url for response in fetch_many(urls, ordered=True)]
    assert shown == ["...@h.test/page?q", *urls[1:]]
    [response] = fetch_many([Request("GET", "http://127.0.0.1:1/@user", {"A\n": "b"})])
    assert isinstance(response.error, (httpconn.InvalidField, ValueError))
    assert response.url == "http://127.0.0.1:1/@user"


def test_a_password_of_a_proxy_is_not_told(new_pool: Maker) -> None:
    with pytest.raises(httpconn.InvalidURL) as raised:
        new_pool(proxy="user:s3cret://x@host:1")
    assert "s3cret" not in str(raised.value)
    with new_pool(proxy="http://user:s3cret@host:1") as pool:
        assert "s3cret" not in repr(pool._settings)
