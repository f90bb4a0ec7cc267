"""A user's program that is clean under ``mypy --strict`` with http.client is clean with httpconn, its text unchanged."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import httpconn

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
