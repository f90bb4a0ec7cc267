"""docs/scale.md: its program without a cluster, by the servers' logs. ``make test-scale`` runs all of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from pathlib import Path

import pytest

from ..support.faulty import Exchange
from ..support.programs import run_program
from ..support.sites import PAGE, Site

DOC = Path(__file__).parents[2] / "docs" / "scale.md"
MOST_LINES = 24
HOSTS, PAGES, PER_HOST = 4, 8, 2

if not DOC.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

TEXT = DOC.read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
[PROCESSES] = [program for program in PROGRAMS if "ProcessPoolExecutor" in program]

RUN = """

if __name__ == "__main__":
    import json, pathlib, sys

    try:
        rows = [*crawl(json.loads(pathlib.Path("urls.json").read_text()), 3, attempts={attempts})]
    except BrokenProcessPool as error:
        sys.exit(print("broken"))
    print(json.dumps([(row["url"], row["status"]) for row in rows]))
"""


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_recipe_is_short(number: int) -> None:
    program = PROGRAMS[number]
    compile(program, "recipe", "exec")
    assert sum(bool(line.strip()) for line in program.splitlines()) <= MOST_LINES


class Counted(Site):
    """Tells how many requests were under way at a time."""

    now = most = 0

    async def answer(self, exchange: Exchange) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.02)
            self.routes.setdefault(exchange.target, PAGE)
            await super().answer(exchange)
        finally:
            self.now -= 1


def crawled(program: str, sites: list[Counted], folder: Path, attempts: int = 3) -> str:
    urls = [site.url(f"/{page}") for page in range(PAGES) for site in sites]
    (folder / "urls.json").write_text(json.dumps(urls))
    program = program.replace("per_host=2, rate_per_host=10", f"per_host={PER_HOST}")
    return run_program(program + RUN.format(attempts=attempts), folder).stdout


def test_a_hosts_limit_holds_over_processes(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        sites = [stack.enter_context(Counted()) for _ in range(HOSTS)]
        rows = json.loads(crawled(PROCESSES, sites, tmp_path))
        assert sorted(rows) == sorted([site.url(f"/{page}"), 200] for page in range(PAGES) for site in sites)
        assert {site.most for site in sites} <= {1, PER_HOST}


DIES = "__import__('os').system('mkdir died 2> /dev/null') or __import__('os').kill(__import__('os').getpid(), 9)"


def test_a_worker_that_dies_loses_no_row(tmp_path: Path) -> None:
    docstring = '    """Runs in a worker: one share, one fetcher."""\n'
    assert docstring in PROCESSES
    with Counted() as one, Counted() as other:
        rows = json.loads(crawled(PROCESSES.replace(docstring, f"    {DIES}\n"), [one, other], tmp_path))
        assert (tmp_path / "died").exists()
        assert sorted(rows) == sorted([site.url(f"/{page}"), 200] for page in range(PAGES) for site in (one, other))
        (tmp_path / "died").rmdir()
        assert crawled(PROCESSES.replace(docstring, f"    {DIES}\n"), [one, other], tmp_path, 1) == "broken\n"
