"""fetch_rows and host_key: what comes out fits data frames, crosses processes, and comes in bounded batches."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import pytest

import httpconn
from httpconn import Fetcher, HostKey, Request, Response, Retry, fetch_rows, host_key, rows_schema
from httpconn.writers.columns import COLUMNS

from ..support.sites import Site
from .conftest import BINARY, ROUTES

KEYS = [
    ("http://example.org/", ("http", "example.org", 80)),
    ("HTTPS://Example.ORG:443/x?y#z", ("https", "example.org", 443)),
    ("http://user:secret@example.org:8080/", ("http", "example.org", 8080)),
    ("http://[::1]:8000/", ("http", "::1", 8000)),
    ("http://example.org", ("http", "example.org", 80)),
    ("ftp://example.org/", ("", "", 0)),
    ("", ("", "", 0)),
    ("http://a b/", ("", "", 0)),
]


@pytest.mark.parametrize(("url", "key"), KEYS)
def test_host_key(url: str, key: tuple[str, str, int]) -> None:
    assert host_key(url) == key
    assert type(pickle.loads(pickle.dumps(host_key(url)))) is HostKey


def test_host_key_as_text() -> None:
    assert str(host_key("https://Example.org/")) == "https://example.org:443"
    assert str(host_key("http://[::1]/")) == "http://[::1]:80"
    with pytest.raises(TypeError, match="expected a URL as str"):
        host_key(b"http://example.org/")  # type: ignore[arg-type]  # that is the case


def test_shares_are_the_same_in_each_process() -> None:
    """As ``hash`` is not; and they are spread."""
    keys = [host_key(f"http://host-{number}.example/") for number in range(200)]
    shares = [key.share(4) for key in keys]
    program = (
        "import httpconn\n"
        "print([httpconn.host_key(f'http://host-{number}.example/').share(4) for number in range(200)])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == str(shares)
    assert all(shares.count(share) > 25 for share in range(4))
    assert {key.share(1) for key in keys} == {0}
    with pytest.raises(ValueError, match="expected a count of 1 or more"):
        keys[0].share(0)


def rows_of(site: Site, **options: Any) -> list[dict[str, Any]]:
    asked: list[Request | str] = [site.url(path) for path in ROUTES]
    asked += ["ftp://host.example/", "http://user:secret@127.0.0.1:1/refused"]
    return [*chain.from_iterable(fetch_rows(asked, ordered=True, retry=Retry(0), **options))]


def test_rows(site: Site) -> None:
    rows = rows_of(site)
    assert [row["index"] for row in rows] == [*range(len(ROUTES) + 2)]
    by_path = dict(zip([*ROUTES, "scheme", "refused"], rows, strict=True))
    assert by_path["/binary"]["content"] == BINARY
    assert {"name": "Content-Type", "value": "image/png"} in by_path["/binary"]["headers"]
    moved = by_path["/moved"]
    assert (moved["status"], moved["url"], moved["final_url"]) == (200, site.url("/moved"), site.url("/page"))
    assert moved["timings"]["total"] > 0
    assert (by_path["/missing"]["status"], by_path["/missing"]["error_type"]) == (404, "")
    assert (by_path["scheme"]["status"], by_path["scheme"]["error_type"]) == (0, "UnsupportedScheme")
    assert by_path["refused"]["error_type"] == "ConnectionRefusedError"
    assert "secret" not in str(rows)
    assert None not in chain.from_iterable(row.values() for row in rows)


def test_rows_are_arrows(site: Site) -> None:
    arrow = pytest.importorskip("pyarrow")
    names = ["index", "url", "content", *COLUMNS]
    for columns in (None, names, ["status", "url"]):
        rows = rows_of(site, columns=columns)
        table = arrow.Table.from_pylist(rows, schema=rows_schema(columns))
        assert table.num_rows == len(rows)
        assert table.column_names == [*rows[0]]
        assert table.drop_columns([*({"recorded_at"} & {*rows[0]})]).to_pylist() == [
            {name: value for name, value in row.items() if name != "recorded_at"} for row in rows
        ]


def test_batches(site: Site) -> None:
    urls = [site.url("/page")] * 10
    assert [len(batch) for batch in fetch_rows(urls, batch_rows=4)] == [4, 4, 2]
    assert [len(batch) for batch in fetch_rows(urls, batch_rows=5)] == [5, 5]
    size = len(ROUTES["/page"][2]) + 512
    assert [len(batch) for batch in fetch_rows(urls, batch_bytes=4 * size)] == [4, 4, 2]
    assert [len(batch) for batch in fetch_rows(urls, batch_bytes=1)] == [1] * 10
    assert [*fetch_rows([])] == []


def test_what_the_input_raises_comes_behind_the_rows(site: Site) -> None:
    def urls() -> Iterator[str]:
        yield site.url("/page")
        raise KeyError("of the input")

    rows = []
    with pytest.raises(KeyError, match="of the input"):
        for batch in fetch_rows(urls()):
            rows += batch
    assert [row["status"] for row in rows] == [200]


REFUSED = [
    ({"columns": ["status", "body"]}, ValueError, "got body"),
    ({"columns": []}, ValueError, "got none"),
    ({"columns": "status"}, TypeError, "got one str"),
    ({"batch_rows": 0}, ValueError, "batch_rows=0"),
    ({"batch_bytes": 0}, ValueError, "batch_bytes=0"),
    ({"per_host": 0}, ValueError, "per_host"),
]


@pytest.mark.parametrize(("options", "kind", "told"), REFUSED)
def test_refused_at_once(options: dict[str, Any], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        fetch_rows(["http://127.0.0.1:1/"], **options)


def crossing(site: Site) -> dict[str, Any]:
    """Return what goes to a worker, and what comes back."""
    [page] = httpconn.fetch_many([site.url("/page")])
    [failed] = httpconn.fetch_many(["http://127.0.0.1:1/"], retry=Retry(0))
    [batch] = fetch_rows([site.url("/page")])
    return {
        "function": partial(fetch_rows, columns=["url", "content"]),
        "key": host_key,
        "keys": [host_key("http://example.org/")],
        "request": Request("POST", site.url("/page"), body=b"sent", tag={"number": 1}),
        "fetcher": Fetcher(per_host=3),
        "response": page,
        "error": failed.error,
        "failed": failed,
        "rows": batch,
    }


@pytest.mark.parametrize("pickler", ["pickle", "cloudpickle"])
def test_all_that_crosses_pickles(site: Site, pickler: str) -> None:
    module = pytest.importorskip(pickler)
    sent = crossing(site)
    came = pickle.loads(module.dumps(sent))
    [[row]] = came["function"]([site.url("/page")])
    assert row["content"] == ROUTES["/page"][2]
    assert came["key"]("http://example.org/") == came["keys"][0] == sent["keys"][0]
    assert type(came["error"]) is ConnectionRefusedError
    assert isinstance(came["failed"], Response)
    assert came["rows"] == sent["rows"]
    with came["fetcher"].feed([came["request"], site.url("/page")]) as fetcher:
        assert [response.status for response in fetcher] == [200, 200]
