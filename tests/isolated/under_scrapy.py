"""Scrapy's own tests of HTTP/1.1 download handlers, over ``httpconn.scrapy.DownloadHandler``.

    make test-scrapy   [ARGS="--reactor none -k bind"]

Its sources come by pip, of the version that is installed. Its tests are base classes that each of its handlers has a
module for; this writes the one for ours, with what Scrapy asks of a handler's author: what is done with a bad field line,
and the like. All of them have to pass but those of ``GAPS``; docs/scrapy.md has them in words.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

GAPS: Final = {
    "test_verify_certs_deprecated": "DOWNLOADER_CLIENTCONTEXTFACTORY makes contexts of Twisted's, and is deprecated",
}
"""Tests that are not run, and why."""

BASES: Final = (
    "Http",
    "Https",
    "SimpleHttps",
    "HttpsWrongHostname",
    "HttpsInvalidDNSId",
    "HttpsInvalidDNSPattern",
    "HttpsCustomCiphers",
    "HttpsDefaultCiphers",
    "HttpsTLSVersion",
    "HttpWithCrawler",
    "HttpProxy",
)

MODULE: Final = """
import pytest
from httpconn.scrapy import DownloadHandler
from tests.utils.bases import download_handlers_http as bases

pytestmark = pytest.mark.timeout(60)
PATH = "httpconn.scrapy.DownloadHandler"


class Mixin:
    handler_bad_header_handling = "skip-bad"
    tls_log_message = "SSL connection to 127.0.0.1 using protocol TLSv1.3, cipher"
    expected_http_proxy_request_body = b"http://example.com/"

    @property
    def download_handler_cls(self):
        return DownloadHandler

    @property
    def settings_dict(self):
        return {"DOWNLOAD_HANDLERS": {"http": PATH, "https": PATH}}
"""


def module() -> str:
    """Return the text of the tests' module for our handler."""
    classes = [f"class Test{name}(Mixin, bases.Test{name}Base):\n    pass" for name in BASES]
    classes += [f"class Test{name}(Test{of}):\n    is_secure = True" for name, of in
                (("HttpsWithCrawler", "HttpWithCrawler"), ("HttpsProxy", "HttpProxy"))]  # fmt: skip
    skipped = [f'TestHttps.{name} = pytest.mark.skip(reason="{why}")(lambda self: None)' for name, why in GAPS.items()]
    return "\n\n\n".join((MODULE.strip(), *classes, *skipped, ""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reactor", choices=("asyncio", "none", "default"), help="one of them; all three by default")
    told, more = parser.parse_known_args()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        wanted = f"scrapy=={version('scrapy')}"
        pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-binary", "scrapy"]
        subprocess.run([*pip, "-d", temporary, wanted], check=True, timeout=900)
        [archive] = Path(temporary).glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(temporary, filter="data")
        folder = Path(temporary, archive.name.removesuffix(".tar.gz"))
        (folder / "scrapy").rename(folder / "unused")  # the installed one is what is tested
        ours = Path("tests", "test_httpconn.py")
        (folder / ours).write_text(module(), encoding="utf-8")
        # Their `tests`, also for the servers that they start, and not ours, which PYTHONPATH has.
        environment = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")
        }
        for reactor in ("asyncio", "none", "default") if told.reactor is None else (told.reactor,):
            plugins = ["-p", "no:twisted"] if reactor == "none" else []
            command = [sys.executable, "-m", "pytest", "-q", *plugins, "-p", "no:cacheprovider", "-W", "ignore"]
            print(f"{wanted}, reactor {reactor}", flush=True)
            command += [f"--reactor={reactor}", *more, str(ours)]
            failed |= subprocess.run(command, cwd=folder, env=environment, timeout=1_800).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
