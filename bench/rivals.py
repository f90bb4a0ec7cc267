"""Who is measured: names, the distributions they come from, and what each process needs in its environment.

Read by the parent and by the children. Importing this imports no rival.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Final

RAW: Final = "raw socket"
REFERENCE: Final = "http.client"
CYTHON: Final = "httpconn (cython)"
HTTPTOOLS: Final = "httpconn (httptools)"
PYTHON: Final = "httpconn (python)"
OURS: Final = (CYTHON, HTTPTOOLS, PYTHON)
PARSE_ONLY: Final = "httptools, parse only"
FETCHER: Final = "httpconn Fetcher"
ON_HTTPCONN: Final = " on httpconn"
"""Behind the name of a library that is run after ``httpconn.install()``."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody else's client."""

    distributions: tuple[str, ...] = ()
    replaced_by: str = ""
    """A distribution that overwrites this one's modules, so that the name would be a lie."""


RIVALS: Final = {
    RAW: Rival(),
    REFERENCE: Rival(),
    PARSE_ONLY: Rival(("httptools",)),
    "urllib3": Rival(("urllib3",), replaced_by="urllib3-future"),
    "requests": Rival(("requests", "urllib3"), replaced_by="urllib3-future"),
    "httpx": Rival(("httpx",)),
    "aiohttp": Rival(("aiohttp",)),
    "aiohttp (uvloop)": Rival(("aiohttp", "uvloop")),
    "pycurl": Rival(("pycurl",)),
    "geventhttpclient": Rival(("geventhttpclient",)),
    "wreq": Rival(("wreq",)),
}


def backend_of(name: str) -> str | None:
    """The parser backend that `name` asks for; None where it is not httpconn itself."""
    return name[len("httpconn (") : -1] if name in OURS else None


def why_absent(name: str) -> str | None:
    """Why `name` cannot be measured here, or None where it can."""
    if backend_of(name) == "httptools":
        return None if _version("httptools") else "httptools is not installed"
    rival = RIVALS.get(name.removesuffix(ON_HTTPCONN), Rival())
    missing = [distribution for distribution in rival.distributions if _version(distribution) is None]
    if missing:
        return f"{' and '.join(missing)} not installed"
    if rival.replaced_by and _version(rival.replaced_by):
        return f"{rival.replaced_by} has overwritten it in this environment"
    return None


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """The version of each distribution that stands behind `names`, of those that are installed."""
    found = {"Python": sys.version.split()[0]}
    distributions = {one for name in names for one in RIVALS.get(name, Rival()).distributions}
    for distribution in sorted(distributions | {"httptools"}):
        if version := _version(distribution):
            found[distribution] = version
    return found


def environment_for(name: str) -> dict[str, str]:
    """The environment in which httpconn, where it is asked for, chooses the right backend."""
    environment = {**os.environ}
    environment.pop("HTTPCONN_PARSER", None)
    if backend := backend_of(name):
        environment["HTTPCONN_PARSER"] = backend
    if name == PYTHON:
        environment["HTTPCONN_NO_EXTENSIONS"] = "1"  # as where there is no compiler: nothing compiled at all
    return environment


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
