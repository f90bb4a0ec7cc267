"""One program of ``programs/`` in three processes, and what is not the same in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import trustme

from .peer import literal_of, serving

PROBE: Final = Path(__file__).parent / "child" / "probe.py"
WAYS: Final = ("http.client", "first", "after")
_RANDOM: Final = re.compile(r"[0-9a-fA-F]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids and digests in what was sent, which are others each time."""


@contextmanager
def authority() -> Iterator[tuple[ssl.SSLContext, Mapping[str, str]]]:
    """Yield a server's context, and the environment in which a process trusts it and asks nobody else."""
    issuer = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with tempfile.TemporaryDirectory() as home:
        trusted = Path(home, "authority.pem")
        issuer.cert_pem.write_to_path(str(trusted))
        yield (
            context,
            {
                **{name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
                **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), str(trusted)),
                "HOME": home,
                "NO_PROXY": "*",
                "PIP_CONFIG_FILE": os.devnull,
                "PYTHONHASHSEED": "0",
            },
        )


def rows(programs: Sequence[Path], ways: Sequence[str] = WAYS, python: str = sys.executable) -> list[dict[str, Any]]:
    """Return of each of *programs*, which run in one process each *way*, how it compares: ``first`` and ``after``."""
    runs = {}
    with authority() as (context, environment), ExitStack() as stack:
        peers = []
        for program in programs:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            peers.append(stack.enter_context(serving(program, folder, context)))
        for way in ways:
            runs[way] = _run(way, peers, environment, python)
    return [_row(program, {way: run[number] for way, run in runs.items()}) for number, program in enumerate(programs)]


def _run(
    way: str, peers: Sequence[tuple[dict[str, str], list[Any]]], environment: Mapping[str, str], python: str
) -> list[Any]:
    for told, log in peers:
        log.clear()
        for left in Path(told["folder"]).iterdir():
            if left.name != "peer.sock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    ended = subprocess.run(
        [python, str(PROBE), way],
        input=json.dumps([told for told, _ in peers]),
        capture_output=True,
        text=True,
        env={**environment},
        cwd=peers[0][0]["folder"],
        timeout=300,
        check=False,
    )
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        raise RuntimeError(f"{way}: {ended.returncode} {ended.stdout[-500:]} {ended.stderr[-4_000:]}") from None
    results: list[Any] = []
    for (peer, log), result in zip(peers, told["results"], strict=True):
        program = Path(peer["program"])
        is_unordered = literal_of(program, "UNORDERED", False)
        masked = [_masked(entry, literal_of(program, "MASKED", [])) for entry in log]
        if literal_of(program, "FIELDS_UNORDERED", False):
            masked = [[method, target, sorted(fields), content] for method, target, fields, content in masked]
        result["asked"] = sorted(masked, key=json.dumps) if is_unordered else masked
        result.update(python=told["python"], early=told["early"], told=told["told"])
        results.append(result)
    return results


def _masked(entry: list[Any], names: list[str]) -> list[Any]:
    method, target, fields, content = entry
    fields = [[name, "*" if name.lower() in names else _RANDOM.sub("*", value)] for name, value in fields]
    return [method, _RANDOM.sub("*", target), fields, _RANDOM.sub("*", content)]


def _row(program: Path, runs: Mapping[str, Any]) -> dict[str, Any]:
    reference = runs["http.client"]
    if "error" in reference:
        raise RuntimeError(f"{program.stem} on http.client: " + "\n".join(reference["error"]))
    row: dict[str, Any] = {"tool": program.stem, "requests": len(reference["asked"])}
    for way, run in runs.items():
        if way != "http.client":
            found = (
                {"same": False, "difference": " | ".join(run["error"])} if "error" in run else _compared(reference, run)
            )
            row[way] = {**found, "responses": run["responses"], "early": run["early"], "told": run["told"]}
    return row


def _compared(reference: Any, run: Any) -> dict[str, Any]:
    found = difference(reference["values"], run["values"]) or difference(reference["asked"], run["asked"], "asked")
    return {"same": not found, **({"difference": found} if found else {})}


def difference(expected: Any, seen: Any, place: str = "values") -> str:
    """Return where *seen* first is not what was *expected*, in words; empty if nowhere."""
    if isinstance(expected, dict) and isinstance(seen, dict) and expected.keys() == seen.keys():
        parts: Any = ((f"{place}.{key}", expected[key], seen[key]) for key in expected)
    elif isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        parts = ((f"{place}[{index}]", *pair) for index, pair in enumerate(zip(expected, seen, strict=True)))
    elif type(expected) is type(seen) and expected == seen:
        return ""
    else:
        return f"{place}: {_short(expected)} became {_short(seen)}"
    return next((found for name, one, other in parts if (found := difference(one, other, name))), "")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return (
        text if len(text) <= 300 else f"{text[:300]}... ({len(value)} items)" if isinstance(value, list) else text[:300]
    )
