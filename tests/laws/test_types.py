"""A user's program that is clean under ``mypy --strict`` with http.client is clean with httpconn, its text unchanged."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import httpconn

pytestmark = pytest.mark.once

PROGRAM = Path(__file__).parents[1] / "dropin" / "typed_program.py"
IMPORT = "from http import client\n"

# What httpconn has beyond http.client, as a program would use it.
OWN = """\
import http.cookiejar

import httpconn

connection = httpconn.HTTPSConnection("host.example", strict=True, limits=httpconn.Limits(field_lines=256))
connection.request("GET", "/")
response = connection.getresponse()
complete: bool | None = response.complete
trailers: httpconn.HTTPMessage | None = response.trailers
for offset, data, reason in response.defects:
    print(offset + 1, data.decode(), reason.upper())
for head in response.interim:
    print(head.status + 1, head.field_values("Link"))
parser: str = httpconn.backend()
parsers: tuple[str, ...] = httpconn.backends()
early: tuple[str, ...] = httpconn.install()
late: tuple[str, ...] = httpconn.uninstall()
assert issubclass(httpconn.InstallWarning, RuntimeWarning)
try:
    print(response.read())
except httpconn.MalformedResponse as error:
    print(error, isinstance(error, httpconn.HTTPException))


def sign(request: httpconn.Request) -> httpconn.Request | None:
    return request.replaced(headers={"X-Signature": request.url})


with httpconn.ConnectionPool(
    redirects=3,
    retry=httpconn.Retry(2, statuses=[503], errors=[OSError]),
    rate_per_host=2,
    cookies=http.cookiejar.CookieJar(),
    auth={"https://host.example": ("me", "pw"), "https://api.example": httpconn.Bearer("token")},
    before_request=sign,
    after_response=[print],
) as pool:
    try:
        page = pool.get("https://host.example/", auth=("me", "pw"), redirects=0)
        came: list[int] = [earlier.status + 1 for earlier in page.history]
    except httpconn.TooManyRedirects as error:
        print(error)
for result in httpconn.fetch_many([httpconn.Request("GET", "https://host.example/")], delay_per_host=0.5, netrc=True):
    print(result.text.upper(), result.error, result.attempts + 1)
"""

RIGHT = """\
import httpconn


async def main(client: httpconn.AsyncClient) -> None:
    with httpconn.ConnectionPool(keep_sent=True) as pool:
        pool.get("http://x/", headers={"A": "b"}, timeout=5, stream=True, tag=1)
        pool.post("http://x/", json=[1], retry=httpconn.Retry(1))
        pool.download("http://x/", "file", resume=False, progress=lambda at, total: print(at + 1, total), auth=("a", "b"))
        head: bytes = pool.get("http://x/").request_head
        tls: httpconn.TLSInfo | None = pool.get("http://x/").tls
        print(head, tls)
    await client.get("http://x/", redirects=0)
    await client.post("http://x/", data={"a": "b"}, files={"f": open("f", "rb")}, retry=httpconn.Retry(3, backoff_s=1))
    await client.download("http://x/", "file", timeout=httpconn.Timeout(5))
    async with client.stream("GET", "http://x/", max_content=5) as response:
        print(response.status + 1)


for response in httpconn.fetch_many([], per_host=1, ordered=True):
    print(response.reason.upper(), response.timings.total + 1, response.headers["A"].upper())
"""

WRONG = """\
import httpconn

pool, client = httpconn.ConnectionPool(), httpconn.AsyncClient()
pool.get("http://x/", header={"A": "b"})
pool.get("http://x/", timeout="5")
pool.get("http://x/", stream="yes")
pool.head(5)
pool.options("http://x/", redirects="none")
pool.post("http://x/", retry=3)
pool.put("http://x/", max_content="1 MiB")
pool.patch("http://x/", auth="me:pw")
pool.delete("http://x/", verify=False)
pool.download("http://x/")
pool.download("http://x/", "file", resume="yes")
pool.download("http://x/", "file", stream=True)
client.get("http://x/", header={"A": "b"})
client.post("http://x/", stream=True)
client.stream("GET", "http://x/", tolerant_decoding="yes")
client.download("http://x/", "file", cookies={})
httpconn.ConnectionPool(keep_sent="yes")
httpconn.fetch_many([], per_hosts=1)
httpconn.Fetcher(ordered="yes")
httpconn.Request("GET", "http://x/", timeout="5")
httpconn.Request("GET", "http://x/", heders={})
httpconn.get("http://x/")
httpconn.Fetchers()
print(pool.get("http://x/").status_code)
httpconn.Retry(total=3)
httpconn.Retry("3")
httpconn.Retry(3, backoff_s="1")
httpconn.Retry(3, errors=OSError)
httpconn.Limits(head_byte=3)
httpconn.Limits(head_bytes="1 MiB")
httpconn.Timeout(5, conect=3)
httpconn.Timeout("5")
httpconn.Digest("me")
httpconn.Bearer(b"token")
httpconn.AsyncClient(robots=3)
httpconn.fetch_many(5)
httpconn.fetch_rows([], per_hosts=1)
httpconn.HTTPConnection("h", limits=5)
httpconn.ConnectionPool(after_response=5)
client.fetch_many([], order=True)
client.request("GET", "http://x/", sinks="file")
"""


def complaints(source: str, directory: Path) -> str:
    """Return what ``mypy --strict`` has against *source*."""
    (directory / "program.py").write_text(source)
    home = Path(httpconn.__file__).parent.parent
    environment = {**os.environ, "MYPYPATH": "" if home.name == "site-packages" else str(home)}
    options = ["--strict", "--no-error-summary", "--cache-dir", str(directory.parent / "cache")]
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "program.py"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ended.stderr
    return ended.stdout


@pytest.fixture(autouse=True)
def _mypy() -> None:
    if importlib.util.find_spec("mypy") is None:
        assert "CI" not in os.environ, "mypy is not installed"
        pytest.skip("mypy is not installed here")


@pytest.mark.timeout(600)  # the first run reads the whole of typeshed
@pytest.mark.parametrize("module", ["http.client", "httpconn"])
def test_a_program_written_for_http_client(module: str, tmp_path: Path) -> None:
    source = PROGRAM.read_text()
    assert source.count(IMPORT) == 1
    if module == "httpconn":
        source = source.replace(IMPORT, "import httpconn as client\n")
    assert complaints(source, tmp_path) == ""


@pytest.mark.timeout(600)
def test_a_program_that_uses_more(tmp_path: Path) -> None:
    assert complaints(OWN, tmp_path) == ""
    assert complaints(RIGHT, tmp_path) == ""


def lines_of(source: str) -> list[int]:
    """Return the numbers of the lines that are wrong."""
    return [*range(4, len(source.splitlines()) + 1)]


@pytest.mark.timeout(600)
def test_each_wrong_call_is_seen(tmp_path: Path) -> None:
    told = re.findall(
        r"^program\.py:(\d+): error: .*\[(?:call-arg|arg-type|attr-defined|call-overload)\]$",
        complaints(WRONG, tmp_path),
        re.MULTILINE,
    )
    assert [*dict.fromkeys(map(int, told))] == lines_of(WRONG)


@pytest.mark.timeout(600)
def test_pyright_sees_the_same(tmp_path: Path) -> None:
    """The one that editors run; where it is installed."""
    pyright = shutil.which("basedpyright") or shutil.which("pyright")  # of which the first comes whole by pip
    if pyright is None:
        pytest.skip("pyright is not installed here")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    for source, expected in ((RIGHT, []), (WRONG, lines_of(WRONG))):
        (tmp_path / "program.py").write_text(source)
        command = [pyright, "--outputjson", "--pythonpath", sys.executable, "program.py"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        told = [one for one in json.loads(ended.stdout)["generalDiagnostics"] if one["severity"] == "error"]
        assert sorted({one["range"]["start"]["line"] + 1 for one in told}) == expected, told
