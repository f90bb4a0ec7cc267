"""Every program of docs/whats-sent.md runs, on a site of its own, and tells what that has got."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ..support.programs import INSTALLED, run_program
from ..support.sites import PAGE as OK
from ..support.sites import Site, redirect

PAGE = Path(__file__).parents[2] / "docs" / "whats-sent.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
ROUTES = {"/": OK, "/old": redirect(302, "/")}

TO_STDOUT = """\
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(
    SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\\n"))
)
"""


def run(program: str, port: int, folder: Path) -> tuple[str, str]:
    """Return what *program* writes to its two outputs."""
    program = program.replace("localhost:8000", f"127.0.0.1:{port}")
    path = f"{INSTALLED}{os.pathsep}{folder}"
    done = run_program(program, folder, path=path, warnings="error::ResourceWarning")
    return done.stdout, done.stderr


@pytest.mark.parametrize("program", PROGRAMS[:2], ids=["at once", "awaited"])
def test_a_response_tells(program: str, tmp_path: Path) -> None:
    with Site(ROUTES) as site:
        told, _ = run(program, site.port, tmp_path)
        lines = told.splitlines()
        assert "\r\n".join(lines).startswith(site.heads[0].decode())
        assert lines[-2] == site.fields(0)["user-agent"] + " 1"
        assert re.fullmatch(rf"\('127.0.0.1', {site.port}\) \d+\.\d+ None", lines[-1])


def test_the_message_as_it_came(tmp_path: Path) -> None:
    with Site(ROUTES) as site:
        told, _ = run(PROGRAMS[2], site.port, tmp_path)
    assert told.startswith("HTTP/1.1 200 ")
    assert told.endswith("\n\npage False\n")


@pytest.mark.parametrize("program", PROGRAMS[3:5], ids=["at once", "awaited"])
def test_the_log_tells(program: str, tmp_path: Path) -> None:
    with Site(ROUTES) as site:
        _, told = run(program, site.port, tmp_path)
    words = re.findall(r"^\d{4}-\S+ \S+ (\w+)", told, re.MULTILINE)
    assert words == ["opened", "sent", "received", "redirected", "sent", "received", "closed"]
    page = PAGE.read_text(encoding="utf-8")
    for word in (*words, "again", "failed"):
        assert f"`{word}`" in page


@pytest.mark.parametrize("program", PROGRAMS[5:], ids=["at once", "awaited"])
def test_spans(program: str, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    attributes = pytest.importorskip("opentelemetry.semconv.attributes")
    with Site(ROUTES) as site:
        (tmp_path / "before.py").write_text(TO_STDOUT)
        told, _ = run(f"import before\n{program}", site.port, tmp_path)
    spans = [json.loads(line) for line in told.splitlines()]
    assert [span["attributes"]["http.response.status_code"] for span in spans] == [302, 200]
    folder = Path(attributes.__path__[0])
    known = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(r'^\w+: Final = "(.*?)"', file.read_text(), re.MULTILINE)
    }
    for span in spans:
        assert {*span["attributes"]} <= {*known, "http.request.resend_count"}
        assert span["kind"] == "SpanKind.CLIENT"
        assert span["start_time"] < span["end_time"]
