"""The tools, with their versions, in environments that have room for each other; and why a cell is as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAMS: Final = Path(__file__).parent / "programs"

VERSIONS: Final = Path(__file__).parent / "versions"
"""One file an environment, in pip's format: all that is installed together. Another version is tried by writing it there."""


def pinned(environment: str) -> dict[str, str]:
    """Return the version of each package of *environment*."""
    lines = (VERSIONS / f"{environment}.txt").read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines)


@dataclass(frozen=True, slots=True)
class Tool:
    """One row: what it is called, the environment, the packages whose versions are told, and why a cell is not green."""

    program: str
    title: str
    environment: str
    packages: tuple[str, ...]
    first: str = ""
    after: str = ""


def _tool(
    environment: str, program: str, title: str = "", packages: str = "", *, first: str = "", after: str = ""
) -> Tool:
    return Tool(program, title or program, environment, tuple((packages or program).split()), first, after)


TOOLS: Final[tuple[Tool, ...]] = (
    _tool("mocks", "vcrpy"),
    _tool("mocks", "vcrpy-open", "vcrpy, a cassette open", "vcrpy"),
    _tool("mocks", "warcio", "warcio, capture_http"),
    _tool("mocks", "warcio-capturing", "warcio, while it captures", "warcio"),
    _tool("mocks", "httpretty"),
    _tool("mocks", "mocket"),
    _tool("mocks", "pook"),
    _tool("mocks", "responses"),
    _tool("mocks", "betamax"),
    _tool("mocks", "requests-mock"),
    _tool("tracers", "sentry-sdk"),
    _tool("tracers", "ddtrace"),
    _tool("tracers", "newrelic"),
    _tool("tracers", "opentelemetry", "OpenTelemetry (urllib, urllib3, requests, http.client)", "opentelemetry-instrumentation-urllib3"),
    _tool("tracers", "elastic-apm"),
    _tool("tracers", "coverage"),
    _tool("clients", "eventlet"),
    _tool("clients", "gevent"),
    _tool("clients", "trio", "trio, threads"),
    _tool("clients", "anyio", "anyio, threads"),
    _tool("clients", "boto3", "boto3, against moto's server", "boto3 moto"),
    _tool("clients", "moto", "boto3 under moto", "boto3 moto"),
    _tool("clients", "docker", "docker, Unix socket and port"),
    _tool("clients", "kubernetes", "kubernetes, with a watch"),
    _tool("clients", "elasticsearch"),
    _tool("clients", "opensearch-py"),
    _tool("clients", "clickhouse-connect"),
    _tool("clients", "influxdb"),
    _tool("clients", "influxdb-client"),
    _tool("clients", "minio"),
    _tool("clients", "selenium", "selenium, remote"),
    _tool("clients", "zeep"),
    _tool("clients", "suds"),
    _tool("clients", "mechanize"),
    _tool("clients", "feedparser"),
    _tool("clients", "supervisor", "supervisor's XML-RPC, Unix socket and port"),
    _tool("clients", "pyvmomi"),
    _tool("clients", "yt-dlp"),
    _tool("clients", "httplib2"),
    _tool("clients", "pip", "pip itself"),
)  # fmt: skip
