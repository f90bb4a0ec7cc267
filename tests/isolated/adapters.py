"""The own test suites of requests and httpx, as they are and over ``httpconn.adapters``; and programs on the two.

    make test-adapters   [ARGS="--only requests", "--only programs"]

Their sources come by pip, of the versions that are installed. A test that passes with the library's own carrier has to
pass over ours, unless it is one of ``KNOWN``, which tells why; docs/under-requests-and-httpx.md has them in words.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.isolated import adapter_programs

CARRIERS: Final = {
    "requests": {"requests": "our adapter", "session": "our session"},
    "httpx": {"httpx": "our transports"},
}
LIBRARIES: Final = tuple(CARRIERS)
PROGRAMS: Final = "programs"

PLUGIN: Final = """
import os
if os.environ["CARRIER"] == "requests":
    import requests
    from httpconn.adapters import RequestsAdapter
    begin = requests.Session.__init__
    def __init__(self, *args, **options):
        begin(self, *args, **options)
        self.mount("https://", RequestsAdapter())
        self.mount("http://", RequestsAdapter())
    requests.Session.__init__ = __init__
elif os.environ["CARRIER"] == "session":
    import requests.sessions
    from httpconn.adapters import RequestsSession
    requests.Session = requests.sessions.Session = RequestsSession
elif os.environ["CARRIER"] == "httpx":
    import httpx._client
    from httpconn.adapters import AsyncHTTPXTransport, HTTPXTransport
    httpx._client.HTTPTransport = HTTPXTransport
    httpx._client.AsyncHTTPTransport = AsyncHTTPXTransport
"""

KNOWN: Final = {
    "*test_different_connection_pool_for_*": "looks into urllib3's pool manager",
    "*test_session_close_proxy_clear": "looks into urllib3's proxy managers",
    "*test_chunked_encoding_error": "a head that ends early is no response here",
    "*test_use_proxy_from_environment*": "socks5:// looks the name up first, where there may be no DNS",
    "*test_proxies_environ*": "looks into httpcore's pool",
    "*test_socks_proxy*": "looks into httpcore's pool",
    "*test_httpcore_*": "is about httpcore",
    "*client::test_get": "asks for HTTP/2, where h2 is installed",
    "*client::test_get[[]*": "asks for HTTP/2, where h2 is installed",
    "*client::test_server_extensions*": "asks for HTTP/2, where h2 is installed",
    "*test_write_timeout*": "read limits both directions",
    "*test_pool_timeout*": "a response that has come whole holds no connection",
}
"""Tests that may pass with the original only, and why."""


def sources_of(library: str, folder: Path) -> Path:
    """Return the folder with the tests of *library*, in the version that is installed."""
    wanted = f"{library}=={version(library)}"
    pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-binary", library, "-d", str(folder)]
    subprocess.run([*pip, wanted], check=True, timeout=900)
    [archive] = folder.glob(f"{library}-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    found = folder / archive.name.removesuffix(".tar.gz")
    for package in (found / "src", found / "httpx"):  # the installed one is what is tested
        if package.exists():
            package.rename(found / "unused")
    return found


def passed(library: str, folder: Path, carrier: str, plugins: Path) -> set[str]:
    """Return the names of the tests that pass."""
    report = folder / f"report-{carrier or 'own'}.xml"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "carrier", "tests", "--timeout", "60"),
        *("-W", "ignore", "--tb", "no", "-m", "not network", f"--junitxml={report}", "-o", "addopts="),
    ]
    environment = {**os.environ, "CARRIER": carrier, "PYTHONPATH": str(plugins)}
    environment.pop("PYTHONSAFEPATH", None)  # their tests import each other
    command_line = Path("tests", "test_main.py")  # httpx's own, which needs packages more
    ignored = ["--ignore", str(command_line)] if library == "httpx" else []
    subprocess.run([*command, *ignored], cwd=folder, env=environment, timeout=1_800, check=False)
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{case.get('classname')}::{case.get('name')}" for case in cases if not len(case)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=(*LIBRARIES, PROGRAMS))
    told = parser.parse_args()
    unknown = adapter_programs.run() if told.only in (None, PROGRAMS) else 0
    with tempfile.TemporaryDirectory() as temporary:
        plugins = Path(temporary)
        (plugins / "carrier.py").write_text(PLUGIN, encoding="utf-8")
        for library in [library for library in LIBRARIES if told.only in (None, library)]:
            folder = sources_of(library, plugins)
            theirs = passed(library, folder, "", plugins)
            if len(theirs) < 100:
                raise RuntimeError(f"only {len(theirs)} tests of {library} pass with the original: nothing is shown")
            for carrier, words in CARRIERS[library].items():
                ours = passed(library, folder, carrier, plugins)
                of = f"{library} {version(library)}: {len(theirs)} pass with its own, {len(theirs & ours)} of them"
                print(f"{of} with {words}")
                for name in sorted(theirs - ours):
                    why = next((why for pattern, why in KNOWN.items() if fnmatch.fnmatch(name, pattern)), None)
                    unknown += why is None
                    print(f"  {name}: {why or 'UNKNOWN'}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
