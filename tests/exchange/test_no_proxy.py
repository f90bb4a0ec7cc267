"""NO_PROXY, entry by entry, beside what curl and requests make of it: the tools themselves are asked."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import requests.utils

from httpconn._exchange.no_proxy import NoProxy
from httpconn._wire.urls import parse_url

from ..support.proxy_servers import Recording
from ..support.sites import KINDS, PAGE, Asker, Site

Y, N = True, False

# NO_PROXY, URL, whether it is asked without the proxy: by us, by requests, by curl (None: versions of it differ).
# Where they differ, see no_proxy.py; curl 7.88 knows no blocks of IPv6, which its manual has.
TABLE = [
    ("", "http://a.test/", N, N, N),
    # names, and what is below them
    ("a.test", "http://a.test/", Y, Y, Y),
    ("a.test", "http://b.a.test/", Y, Y, Y),
    ("a.test", "http://ba.test/", N, None, N),
    ("a.test", "http://a.test.b/", N, N, N),
    (".a.test", "http://b.a.test/", Y, Y, Y),
    (".a.test", "http://a.test/", Y, None, Y),
    (".a.test", "http://ba.test/", N, N, N),
    ("*.a.test", "http://b.a.test/", Y, N, N),
    ("*.a.test", "http://ba.test/", N, N, N),
    ("A.Test", "http://a.test/", Y, None, Y),
    ("a.test", "http://A.TEST/", Y, Y, Y),
    ("a.test.", "http://a.test/", Y, N, Y),
    ("a.test", "http://a.test./", Y, N, Y),
    ("test", "http://a.test/", Y, Y, Y),
    ("b\u00fccher.test", "http://b\u00fccher.test/", Y, None, None),
    ("xn--bcher-kva.test", "http://b\u00fccher.test/", Y, N, None),
    # several, and white space
    ("x.test,a.test", "http://a.test/", Y, Y, Y),
    ("x.test , a.test", "http://a.test/", Y, Y, Y),
    (" a.test ", "http://a.test/", Y, Y, Y),
    ("x.test a.test", "http://a.test/", Y, N, Y),
    (",,a.test,", "http://a.test/", Y, None, Y),
    # all
    ("*", "http://a.test/", Y, Y, Y),
    (" * ", "http://a.test/", Y, None, N),
    ("x.test,*", "http://a.test/", Y, N, N),
    ("**", "http://a.test/", N, N, N),
    # ports
    ("a.test:8080", "http://a.test:8080/", Y, Y, N),
    ("a.test:8080", "http://a.test/", N, N, N),
    ("a.test:80", "http://a.test/", Y, N, N),
    ("a.test", "http://a.test:8080/", Y, Y, Y),
    ("10.1.2.3:8080", "http://10.1.2.3:8080/", Y, N, N),
    ("10.1.2.3:8080", "http://10.1.2.3/", N, N, N),
    # addresses and blocks of IPv4
    ("10.1.2.3", "http://10.1.2.3/", Y, Y, Y),
    ("10.1.2.3", "http://10.1.2.30/", N, N, N),
    ("0.1.2.3", "http://10.0.1.2.3.test/", N, N, N),
    ("2.3", "http://10.1.2.3/", N, None, N),
    ("10.0.0.0/8", "http://10.1.2.3/", Y, Y, Y),
    ("10.0.0.0/8", "http://11.1.2.3/", N, N, N),
    ("10.0.0.1/8", "http://10.255.255.255/", Y, Y, Y),
    ("10.1.2.0/25", "http://10.1.2.127/", Y, Y, Y),
    ("10.1.2.0/25", "http://10.1.2.128/", N, N, N),
    ("10.1.2.3/32", "http://10.1.2.3/", Y, Y, Y),
    ("10.0.0.0/33", "http://10.1.2.3/", N, N, N),
    ("10.0.0.0/8", "http://10.a.test/", N, N, N),
    ("10.1.2.3", "http://0xa.66051/", Y, N, None),
    # IPv6, bare and in brackets
    ("::1", "http://[::1]/", Y, Y, Y),
    ("[::1]", "http://[::1]/", Y, None, N),
    ("::1", "http://[0:0::1]/", Y, N, Y),
    ("::1", "http://[::2]/", N, N, N),
    ("[::1]:8080", "http://[::1]:8080/", Y, None, N),
    ("[::1]:8080", "http://[::1]/", N, N, N),
    ("fd00::/8", "http://[fd12::1]/", Y, N, None),
    ("fd00::/8", "http://[fe00::1]/", N, N, N),
    ("FD00::/8", "http://[fd12::1]/", Y, N, None),
    ("[fd00::]/8", "http://[fd12::1]/", N, N, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "url", "expected"), [row[:3] for row in TABLE], ids=ascii)
def test_table(text: str, url: str, expected: bool) -> None:
    origin = parse_url(url)[0]
    assert NoProxy(text).has(origin.host, origin.port) is expected


def test_as_requests_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for text, url, _, expected, _ in TABLE:
        if expected is not None:
            assert bool(requests.utils.should_bypass_proxies(url, text)) is expected, (text, url)


def test_as_curl_has_it() -> None:
    """curl 7.86 and newer, which knows blocks: is the proxy asked, or (by ``--connect-to``) somebody else?"""
    curl = shutil.which("curl")
    told = (
        subprocess.run([curl, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        if curl
        else ""
    )
    if not curl or tuple(map(int, told.split(".")[:2])) < (7, 86):
        pytest.skip("curl 7.86 or newer is not installed here")
    with Recording() as proxy, Site({"/": PAGE}) as origin:
        for text, url, _, _, expected in TABLE:
            if expected is None:
                continue
            count = len(proxy.requests)
            subprocess.run(
                [curl, "-s", "-o", "/dev/null", "--max-time", "5", "--connect-to", f"::127.0.0.1:{origin.port}", url],
                env={"http_proxy": f"http://127.0.0.1:{proxy.server_port}", "no_proxy": text},
                check=False,
                timeout=20,
            )
            assert (len(proxy.requests) == count) is expected, (text, url)  # else by a tunnel, because of --connect-to


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block and a bare address count, by the servers' logs."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    with Recording() as proxy, Site({"/": PAGE}) as site:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        for text, direct in (
            ("127.0.0.0/8", True),
            ("127.0.0.0/30", True),
            ("128.0.0.0/8", False),
            ("::1, 127.0.0.1", True),
            ("::1", False),
        ):
            monkeypatch.setenv("NO_PROXY", text)
            count = len(proxy.requests), len(site.seen)
            for kind in KINDS:
                with Asker(kind, trust_env=True) as ask:
                    assert ask(site.url("/")).status == 200
            asked = len(proxy.requests) - count[0], len(site.seen) - count[1]
            assert asked == ((0, len(KINDS)) if direct else (len(KINDS), 0))
