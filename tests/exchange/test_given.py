"""Requests that another library has made: what is kept of one makes of others what all the steps would have made."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from httpconn import Request, Timeout
from httpconn._engine.shared import Shared
from httpconn._exchange.preparing import Preparer
from httpconn._exchange.settings import Settings

FIELDS = (("Accept", "*/*"), ("x-own", "1"))
CONTEXT = ssl.create_default_context()
FINGERPRINT = "ab" * 32
COMPARED = ("authentication", "body", "closes", "expects_continue", "head", "index", "is_plain", "is_replayable",
            "is_resendable", "key", "reader", "may_come_whole", "may_read_fast", "method", "own", "takes_cookies",
            "timeout")  # fmt: skip


pytestmark = pytest.mark.usefixtures("in_use")


def _preparer(**options: Any) -> Preparer:
    return Shared(Settings(**options)).preparer


def _told(preparer: Preparer, *given: Any) -> Any:
    """Return the attributes of the job, or the error in their place."""
    try:
        job = preparer.prepare_given(*given)
    except Exception as error:
        return type(error), str(error)
    return [getattr(job, name) for name in COMPARED], str(job.origin), str(job.proxy), job.place, job.request


@pytest.mark.parametrize("origin", ["http://site.example", "https://site.example:8443"])
def test_jobs_are_as_the_first_one(origin: str) -> None:
    """The first request takes all steps; the same one behind its like need not."""

    def ask(kept: list[Any], url: str, fields: Any = FIELDS, target: str = "", **options: Any) -> None:
        request = Request("GET", f"{origin}{url}", **{"decode": False, **options})
        kept.append((_told(_preparer(), request, fields, 7, target), _told(warm, request, fields, 7, target)))

    warm = _preparer()
    tls = {} if origin.startswith("http:") else {"context": CONTEXT, "server_hostname": "a", "fingerprint": FINGERPRINT}
    found: list[Any] = []
    for options in ({}, *({name: value} for name, value in tls.items()), {"proxy": "direct"}):
        ask(found, "/first", **options)
        for url in ("/first", "/second?a=b", "/a#b", "/a b", "/\xe4", "//a", "", "?a", "/%zz", "/\x7f"):
            ask(found, url, **options)
    for options in (
        {"timeout": Timeout(1.0)},
        {"proxy": "http://proxy.example:3128"},
        {"body": b"abc"},
        {"target": "*"},
        {"fields": (*FIELDS, ("Connection", "close"))},
        {"fields": (*FIELDS, ("Content-Length", "3"))},
        {"fields": (*FIELDS, ("Host", "other.example"))},
        {"fields": ()},
        {"server_hostname": 1} if tls else {},
    ):
        ask(found, "/first", **options)
        ask(found, "/second", **options)
    for cold_job, warm_job in found:
        assert warm_job == cold_job
    assert len(warm._given) == (6 if tls else 3)


def test_what_is_kept_is_bounded() -> None:
    preparer = _preparer()
    for number in range(200):
        preparer.prepare_given(Request("GET", "http://site.example/", decode=False), (("X-Number", str(number)),))
        preparer.prepare_given(Request("GET", f"http://site-{number}.example/", decode=False), FIELDS)
    assert len(preparer._given) <= 64
    assert max(map(len, preparer._given.values())) <= 156


def test_with_a_proxy_nothing_is_kept() -> None:
    """ "direct" said by one request says nothing of the next one."""
    preparer = _preparer(proxy="http://proxy.example:3128")
    for options in ({"proxy": "direct"}, {}):
        job = preparer.prepare_given(Request("GET", "http://site.example/", **options), FIELDS)
        assert (job.proxy is None) is bool(options)
