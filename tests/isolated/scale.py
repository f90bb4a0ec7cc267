"""The programs of docs/scale.md on Ray, Dask and Spark, on one machine, against nginx, whose log tells what was asked.

    make test-scale   [ARGS="--only ray --workers 2"]

Each program crawls the pages of a few hosts, which are addresses of one nginx. Half of them are slow, so that
``per_host`` is what limits, and half are fast, so that the rate is. Then every URL has one row, errors have their types, and by
the log no limit of a host was broken. The second time a worker that is fetching is killed, and still every URL has one row.
To show that the checks find something, URLs are dealt without a look at their hosts once, which has to be found.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import httpconn
from bench.nginx import find_program

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
HOSTS: Final = 6
PAGES: Final = 24
MOST_LINES: Final = 24
LONGEST_S: Final = 180
_TRIES: Final = 4
_CLOCK_S: Final = 0.004
"""By how much the time between two beginnings may be off, each of which is the difference of two rounded times."""
PACKAGES: Final = {"dask": "dask", "ray": "ray", "spark": "pyspark", "processes": "httpconn"}

NGINX: Final = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 1000; }}
http {{
    log_format told '$msec $request_time $server_addr $uri $status';
    access_log access.log told;
    map $server_addr $pace {{ default 0; ~[135]$ 20k; }}
    sendfile_max_chunk 1k; log_not_found off;
    server {{ {listen} root files; limit_rate $pace; }}
}}
"""


class Recipe(NamedTuple):
    """A program of the page: under which heading, the how manieth there, and whose it is."""

    engine: str
    title: str
    number: int = 0
    per_host: int = 2
    rate: float = 10


RECIPES: Final = {
    "processes": Recipe("processes", "Without a cluster"),
    "dask-bag": Recipe("dask", "Dask Bag"),
    "dask-frame": Recipe("dask", "Dask DataFrame"),
    "dask-large": Recipe("dask", "A host that is too large for one worker", 0, 4, 20),
    "dask-kept": Recipe("dask", "What is fetched again"),
    "ray": Recipe("ray", "Ray Data"),
    "spark-arrow": Recipe("spark", "Spark"),
    "spark-pandas": Recipe("spark", "Spark", 1),
}


def program_of(recipe: Recipe) -> str:
    """Return the text of a program of the page."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {recipe.title}\n")
    part = rest.partition("\n## ")[0]
    found: str = re.findall(r"^```python\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[recipe.number]
    return found


def imported(name: str, program: str, folder: Path) -> ModuleType:
    """Return *program* as a module that workers can import, too."""
    name = f"recipe_{name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(program, encoding="utf-8")
    return __import__(name)


# ---- the site


class Site:
    """nginx on a few addresses of 127.0.0.0/8, each of them a host."""

    def __init__(self, folder: Path, port: int, refused: int) -> None:
        self.port = port
        self._log = folder / "access.log"
        pages = [f"http://127.0.0.{host + 1}:{port}/{page}.html" for page in range(PAGES) for host in range(HOSTS)]
        self.failing = [f"http://127.0.0.1:{port}/missing.html", f"http://127.0.0.1:{refused}/", "nonsense"]
        self.urls = [*pages, *self.failing]
        self.pages = len(pages)

    def log(self) -> list[list[str]]:
        """Return the requests: when they ended, how long they took, host, path, status."""
        return [line.split() for line in self._log.read_text().splitlines()]

    def forget(self) -> None:
        self._log.write_text("")

    def fetching(self) -> list[int]:
        """Return the processes that have a connection to the site now, but for this one."""
        inodes = set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) == self.port and fields[3] == "01":
                inodes.add(f"socket:[{fields[9]}]")
        found = set()
        for entry in Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                if os.readlink(entry) in inodes:
                    found.add(int(entry.parts[2]))
        return sorted(found - {os.getpid()})


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Yield a Site that answers."""
    program = find_program()
    if program is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="httpconn-scale-") as name, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: refused
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        folder = Path(name)
        (folder / "files").mkdir()
        for number in range(PAGES):
            (folder / "files" / f"{number}.html").write_text(f"<title>{number}</title>".ljust(6_000))
        listen = " ".join(f"listen 127.0.0.{host + 1}:{port};" for host in range(HOSTS))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(user=user, listen=listen))
        server = subprocess.Popen([program, "-p", name, "-c", "nginx.conf"])
        try:
            _await(lambda: _answers(port), "nginx does not answer")
            yield Site(folder, port, nobody.getsockname()[1])
        finally:
            server.terminate()
            server.wait(20)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _await(is_so: Callable[[], bool], told: str, longest_s: float = 60) -> None:
    until = time.monotonic() + longest_s
    while not is_so():
        if time.monotonic() > until:
            raise RuntimeError(told)
        time.sleep(0.02)


# ---- what the log says


def most_at_once(log: Sequence[Sequence[str]]) -> int:
    """Return how many requests to one host were under way at a time, at most."""
    steps = collections.defaultdict(list)
    for ended, took, host, *_ in log:
        steps[host] += [(round(float(ended) - float(took), 3), 1), (float(ended), -1)]
    most = 0
    for found in steps.values():
        now = 0
        for _, step in sorted(found):
            now += step
            most = max(most, now)
    return most


def most_above_rate(log: Sequence[Sequence[str]], rate: float) -> float:
    """Return how many more requests to one host began within some time than *rate* for that time has, at most.

    A bucket of tokens has one second's at the beginning. So up to *rate* is within the limit when requests are sent.
    The log has when nginx came to read them, which on a busy machine is later for some: see ``most_allowed``.
    """
    starts = collections.defaultdict(list)
    for ended, took, host, *_ in log:
        starts[host].append(float(ended) - float(took))
    most = 0.0
    for found in starts.values():
        found.sort()
        for first, began in enumerate(found):
            for last in range(first, len(found)):
                most = max(most, last - first + 1 - rate * (found[last] - began))
    return most


def most_allowed(recipe: Recipe) -> float:
    """Return up to how much ``most_above_rate`` may be, however late a worker or nginx is.

    What the log has in some time, but was allowed to go before that, was under way when it began: ``per_host`` at most.
    All else was allowed within that time.
    """
    return recipe.rate + recipe.per_host


def wrong_limits(log: Sequence[Sequence[str]], recipe: Recipe) -> list[str]:
    """Return what of a host's limits was broken; the clock of the log has milliseconds."""
    at_once, above = most_at_once(log), most_above_rate(log, recipe.rate)
    wrong = [f"{at_once} at once to a host, per_host={recipe.per_host}"] if at_once > recipe.per_host else []
    if above > most_allowed(recipe) + recipe.rate * _CLOCK_S:
        wrong.append(f"{above:.1f} requests to a host above its rate, of which {most_allowed(recipe):g} are allowed")
    return wrong


def wrong_rows(rows: Sequence[dict[str, Any]], site: Site) -> list[str]:
    """Return what is not as it should be: a row for each URL, and what it says."""
    wrong = []
    counted, wanted = collections.Counter(row["url"] for row in rows), collections.Counter(site.urls)
    if counted != wanted:
        wrong.append(f"rows: {sum((wanted - counted).values())} missing, {sum((counted - wanted).values())} too many")
    statuses = collections.Counter(int(row["status"]) for row in rows)
    if statuses != {200: site.pages, 404: 1, 0: 2}:
        wrong.append(f"statuses: {dict(statuses)}")
    types = {row["url"]: row["error_type"] for row in rows if row["error_type"]}
    if types != dict(zip(site.failing[1:], ("ConnectionRefusedError", "InvalidURL"), strict=True)):
        wrong.append(f"errors: {types}")
    return wrong


# ---- the engines: each yields what runs a recipe and returns its rows

Run = Callable[[str, ModuleType, list[str], Path], list[dict[str, Any]]]


@contextlib.contextmanager
def dask(workers: int) -> Iterator[Run]:
    """Workers are processes of a LocalCluster."""
    import dask.dataframe
    import pandas
    from dask.distributed import Client, LocalCluster

    def run(name: str, module: ModuleType, urls: list[str], folder: Path) -> list[dict[str, Any]]:
        if name == "dask-frame":
            frame = dask.dataframe.from_pandas(pandas.DataFrame({"url": urls}), npartitions=2 * workers)
            rows: list[dict[str, Any]] = module.crawl(frame, workers).compute().to_dict("records")
        elif name == "dask-large":
            rows = module.crawl(urls, workers, {httpconn.host_key(urls[0])}).compute()
        elif name == "dask-kept":
            shares = [[url for url in urls if httpconn.host_key(url).share(workers) == n] for n in range(workers)]
            rows = module.crawl(shares, str(folder)).compute()
        else:
            rows = module.crawl(urls, workers).compute()
        return rows

    quiet = {"silence_logs": 50, "dashboard_address": None}
    with LocalCluster(n_workers=workers, threads_per_worker=1, **quiet) as cluster, Client(cluster):
        yield run


@contextlib.contextmanager
def ray(workers: int) -> Iterator[Run]:
    """Workers are actors of a local node."""
    import ray as library

    def run(name: str, module: ModuleType, urls: list[str], folder: Path) -> list[dict[str, Any]]:
        dataset = library.data.from_items([{"url": url} for url in urls])
        rows: list[dict[str, Any]] = module.crawl(dataset, workers).take_all()
        return rows

    for left in range(_TRIES - 1, -1, -1):
        try:
            library.init(
                num_cpus=workers + 2, include_dashboard=False, logging_level="ERROR", log_to_driver=False,
                object_store_memory=200 << 20,
            )  # fmt: skip
            break
        except Exception:  # it has no other: a node that did not begin within 30 s
            library.shutdown()
            if not left:
                raise
    library.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        yield run
    finally:
        library.shutdown()


@contextlib.contextmanager
def spark(workers: int) -> Iterator[Run]:
    """Workers are Python processes of a local master, which tries a partition up to four times."""
    from pyspark.sql import SparkSession

    def run(name: str, module: ModuleType, urls: list[str], folder: Path) -> list[dict[str, Any]]:
        frame = session.createDataFrame([(url,) for url in urls], "url string")
        return [row.asDict() for row in module.crawl(frame, workers).collect()]

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{workers},4]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false").config("spark.log.level", "OFF")
    session = builder.getOrCreate()
    try:
        yield run
    finally:
        session.stop()


@contextlib.contextmanager
def processes(workers: int) -> Iterator[Run]:
    """Workers are those of a ProcessPoolExecutor."""
    yield lambda name, module, urls, folder: [*module.crawl(urls, workers)]


ENGINES: Final = {"processes": processes, "dask": dask, "ray": ray, "spark": spark}


# ---- what is done with each


class Killer(threading.Thread):
    """Kills one worker that is fetching, once a quarter of the pages has been asked for."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self._site = site
        self.killed = 0

    def run(self) -> None:
        _await(lambda: len(self._site.log()) >= self._site.pages // 4, "nothing was fetched", LONGEST_S)
        _await(self._kill, "nobody is fetching")

    def _kill(self) -> bool:
        """Return whether there was one to be killed."""
        for victim in self._site.fetching()[:1]:
            os.kill(victim, signal.SIGKILL)
            self.killed = victim
        return bool(self.killed)


class Check:
    """Runs the programs, and prints what came of each."""

    def __init__(self, site: Site, folder: Path, workers: int) -> None:
        self._site = site
        self._folder = folder
        self._workers = workers
        self.failed = 0

    def say(self, what: str, wrong: Sequence[str], told: str) -> None:
        self.failed += bool(wrong)
        print(f"  {what}: {'; '.join(wrong) or 'ok'}{f' ({told})' if told else ''}", flush=True)

    def run(self, name: str, recipe: Recipe, run: Run) -> None:
        """Run a recipe twice, the second time with a death."""
        program = program_of(recipe)
        lines = sum(bool(line.strip()) for line in program.splitlines())
        module = imported(name, program, self._folder)
        for is_deadly in (False, True):
            what = f"{name}, a worker is killed" if is_deadly else f"{name}, {lines} lines"
            sink = self._folder / f"{name}-{is_deadly}"
            sink.mkdir()
            self._site.forget()
            killer = Killer(self._site)
            if is_deadly:
                killer.start()
            try:
                rows = _bounded(lambda sink=sink: run(name, module, [*self._site.urls], sink))
            except Exception as error:
                self.say(what, [f"{type(error).__name__}: {str(error)[:2_000]}"], "")
                return
            wrong = wrong_rows(rows, self._site)
            wrong += [] if lines <= MOST_LINES else ["too long"]
            wrong += _wrong_files(sink, rows) if name == "dask-kept" else []
            log = self._site.log()
            again = len(log) - len({(host, path) for _, _, host, path, _ in log})
            told = f"{len(rows)} rows for {len(self._site.urls)} URLs, {len(log)} requests"
            if is_deadly:
                wrong += [] if killer.killed else ["nobody was killed"]
                told += f", {again} of them for the second time"
            else:
                wrong += [*wrong_limits(log, recipe), *(["asked for twice"] if again else [])]
                told += f", at most {most_at_once(log)} at once to a host of {recipe.per_host}, "
                told += f"{max(0.0, most_above_rate(log, recipe.rate)):.1f} in a burst of {recipe.rate:g}"
            self.say(what, wrong, told)

    def run_wrongly(self, name: str, recipe: Recipe, run: Run) -> None:
        """Run it with an option that no worker takes."""
        program = program_of(recipe).replace("per_host=2", "per_host=0")
        module = imported(f"{name}-wrong", program, self._folder)
        try:
            _bounded(lambda: run(name, module, [*self._site.urls], self._folder))
        except Exception as error:
            is_told = isinstance(error, ValueError) or "ValueError" in str(error)
            kinds = " < ".join(kind.__name__ for kind in type(error).__mro__[:3])
            self.say(f"{name}, per_host=0", [] if is_told else [repr(error)], f"comes to the driver as {kinds}")
        else:
            self.say(f"{name}, per_host=0", ["nothing was raised"], "")

    def run_by_lot(self) -> None:
        """Deal URLs without a look at their hosts: the checks have to find that."""
        recipe = RECIPES["processes"]
        program = program_of(recipe).replace("for url in urls:", "for number, url in enumerate(urls):")
        program = program.replace("httpconn.host_key(url).share(count)", "number % 7 % count")
        module = imported("by-lot", program, self._folder)
        self._site.forget()
        _bounded(lambda: [*module.crawl([*self._site.urls], self._workers)])
        found = wrong_limits(self._site.log(), recipe)
        self.say("dealt by lot, which has to be found", [] if len(found) == 2 else ["was not found"], "; ".join(found))

    def compare_download(self) -> None:
        """Ask Ray's own function for a page, and for what there is not."""
        import ray as library
        from ray.data.expressions import download

        asked = [self._site.urls[0], *self._site.failing[:2]]
        ours = {row["url"]: row for rows in httpconn.fetch_rows(asked) for row in rows}
        dataset = library.data.from_items([{"url": url} for url in asked]).with_column("content", download("url"))
        try:
            rows = {row["url"]: row["content"] for row in _bounded(dataset.take_all)}
        except Exception as error:
            print(f"  ray's own download(): {type(error).__name__}: {str(error)[:300]}")
            return
        for url, row in ours.items():
            content = rows[url]
            told = "None" if content is None else f"{len(content)} bytes"
            print(
                f"  {url}: ray's download() {told}; here {row['status']} {row['error_type']}, {len(row['content'])} bytes"
            )


def _wrong_files(folder: Path, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return what is wrong with a folder of contents: each is there once, whole, under the name that its rows have."""
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    is_whole = all(hashlib.sha256(content).hexdigest() == name for name, content in kept.items())
    return [] if is_whole and kept.keys() == {row["content"] for row in rows} else ["files and rows differ"]


def _bounded(work: Callable[[], Any]) -> Any:
    """Return what *work* returns. Raises TimeoutError where it takes too long."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"not done after {LONGEST_S} s")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST_S)
    try:
        return work()
    finally:
        signal.alarm(0)


def java() -> str:
    """Return the version of the Java runtime, "" where there is none."""
    if shutil.which("java") is None:
        return ""
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    return told.splitlines()[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(ENGINES), default=[*ENGINES])
    parser.add_argument("--workers", type=int, choices=(2, 3, 4), default=3)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, site() as served:
        os.chdir(name)  # Ray puts the folder that it is started in on its workers' path: in a checkout, our sources
        sys.path.insert(0, name)
        os.environ["PYTHONPATH"] = os.pathsep.join((name, os.environ.get("PYTHONPATH", "")))  # of the workers
        check = Check(served, Path(name), told.workers)
        for engine in told.only:
            runtime = java() if engine == "spark" else ""
            if engine == "spark" and not runtime:
                print("spark: left out, it needs a Java runtime (17 or newer; Debian: default-jre-headless)")
                continue
            package = PACKAGES[engine]
            versions = ", ".join(f"{name} {version(name)}" for name in dict.fromkeys((package, "httpconn")))
            versions += f", Python {sys.version.split()[0]}"
            print(f"{engine}: {versions}{f', {runtime}' if runtime else ''}, {told.workers} workers", flush=True)
            with ENGINES[engine](told.workers) as run:
                for recipe_name, recipe in RECIPES.items():
                    if recipe.engine == engine:
                        check.run(recipe_name, recipe, run)
                if engine == "processes":
                    check.run_by_lot()
                else:
                    first = next(name for name, recipe in RECIPES.items() if recipe.engine == engine)
                    check.run_wrongly(first, RECIPES[first], run)
                if engine == "ray":
                    check.compare_download()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
