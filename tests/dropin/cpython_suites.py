"""CPython's own suites with httpconn in the place of http.client; as a program, one suite in one process.

    python cpython_suites.py test.test_httplib http.client|httpconn

prints one JSON object: {test id: "passed" | "skipped" | "failed: ..."}. A test that a suite's own setup kept from
running is not in it. Nothing but http.client, which httpconn is made from, is imported before the swap.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from typing import Any, Final

SUITES: Final = (
    "test.test_xmlrpc",  # first: it is the longest, and waits most of its time
    "test.test_httplib",
    "test.test_urllib",
    "test.test_urllib2",
    "test.test_urllib2_localnet",
    "test.test_docxmlrpc",
    "test.test_httpservers",
    "test.test_http_cookiejar",
)

# Every test that passes with http.client, where it is there, and is not meant to pass with httpconn, for every backend.
DIFFERENCES: Final = {
    "test.test_httplib.OfflineTest.test_all": (
        'it wants "http.client" for the __module__ of the public classes; ours say where they really are, '
        "for honest pickles and tracebacks"
    ),
    "test.test_httplib.BasicTest.test_large_content_length_truncated": (
        "it announces 2**63 bytes and wants IncompleteRead (3.14 and later); no such length is believed here: MalformedFraming"
    ),
}


def gaps(with_standard: dict[str, str], with_ours: dict[str, str]) -> dict[str, str]:
    """Return the tests that pass with http.client and do not with httpconn, and how they ended there."""
    return {
        test: with_ours.get(test, "did not run")
        for test, outcome in with_standard.items()
        if outcome == "passed" and with_ours.get(test) != "passed"
    }


def _take_the_place() -> None:
    import http.client

    import httpconn

    assert "urllib.request" not in sys.modules
    assert "xmlrpc.client" not in sys.modules
    sys.modules["http.client"] = httpconn
    http.client = httpconn


def _run(suite_name: str) -> dict[str, str]:
    import unittest

    outcomes: dict[str, str] = {}

    class Result(unittest.TestResult):
        def addSuccess(self, test: unittest.TestCase) -> None:
            outcomes.setdefault(test.id(), "passed")

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:
            outcomes.setdefault(test.id(), "skipped")

        def addError(self, test: unittest.TestCase, err: Any) -> None:
            outcomes[test.id()] = "failed: " + "".join(traceback.format_exception(*err))

        addFailure = addError

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
            if err is not None:
                self.addError(test, err)

    unittest.defaultTestLoader.loadTestsFromName(suite_name).run(Result())
    return outcomes


if __name__ == "__main__":
    if sys.argv[2] == "httpconn":
        _take_the_place()
    # The suites talk; what they say is of use only when one hangs.
    with contextlib.redirect_stdout(io.StringIO()):
        told = _run(sys.argv[1])
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # a test that left a thread behind must not keep the others from being heard
