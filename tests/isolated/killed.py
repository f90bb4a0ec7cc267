"""``httpconn fetch`` killed by SIGKILL at random and resumed, into each format; and its files read by other programs.

    make test-writers-kill [ARGS="--urls 100000 --kills 5 --only pages.jsonl pages.warc.gz"]

Against nginx, which closes the connection of each hundredth URL without an answer. Each place of the input has to be
recorded exactly once, with the status that the server gave, by every reader of ``read_back.py``; and what pywb replays
is what nginx has sent. Then a thousand mixed responses (``tests/support/mixed.py``), as they are by default and with
``--wire``, by ``warcio check``, FastWARC, cdxj-indexer, and (without ``--wire``) pywb. The suite has a smaller version.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench import nginx
from bench.replies import content
from bench.server import Server
from tests.isolated import read_back
from tests.support.mixed import Mixed, messages

OUTPUTS: Final = ("pages.jsonl", "pages.warc.gz", "pages.parquet", "pages/")
FETCH: Final = [sys.executable, "-P", "-m", "httpconn", "fetch"]
FAILED: Final = 1
REPLAYED: Final = 200
TOOLS: Final = ("warcio", "FastWARC", "cdxj-indexer", "pywb", "pyarrow", "duckdb", "polars")


def fetch_killed(command: list[str], kills: int, dice: random.Random, most_s: float) -> list[float]:
    """Run *command*, and kill it so often, each time after a random while; return those. Raises SystemExit."""
    lived = []
    for _ in range(kills):
        with subprocess.Popen(command) as process:
            begun = time.monotonic()
            try:
                process.wait(0.2 + dice.random() * most_s)
            except subprocess.TimeoutExpired:
                lived.append(time.monotonic() - begun)
                process.kill()
            else:
                raise SystemExit(f"{command}: it was done before it was killed {kills} times, take a smaller --most-s")
    ended = subprocess.run(command, check=False)
    if ended.returncode != FAILED:
        raise SystemExit(f"{command}: exit code {ended.returncode}")
    return lived


def wanted(urls: int) -> read_back.Places:
    """Return what has to be recorded: each place once, no status for those that nginx closes."""
    return Counter((number, 0 if number % 100 == 0 else 200) for number in range(urls))


def check_places(name: str, found: read_back.Places, urls: int) -> None:
    if found != wanted(urls):
        more, less = found - wanted(urls), wanted(urls) - found
        raise SystemExit(f"{name}: {more.total()} too many, as {[*more][:3]}; {less.total()} missing, as {[*less][:3]}")
    print(f"    {name}: {found.total():,} places, each once", flush=True)


def check_output(server: Server, folder: Path, out: str, urls: int, page: bytes) -> None:
    path = f"{folder}/{out}"
    if out.endswith("/"):
        check_places("json", read_back.by_json(f"{path}index.jsonl"), urls)
        with open(f"{path}index.jsonl", "rb") as file:
            names = [json.loads(line)["file"] for line in file]
        if any(Path(path, name).read_bytes() != page for name in names if name):
            raise SystemExit("a file of the folder has not what the server has sent")
        print(f"    {sum(map(bool, names)):,} files have the page", flush=True)
        return
    for reader in read_back.READERS["." + out.partition(".")[2]]:
        check_places(reader.__name__, reader(path), urls)
    if out.endswith(".warc.gz"):
        urls_sent = {url_of(server, number) for number in range(urls) if number % 100}
        if read_back.indexed(path) != Counter((url, 200) for url in urls_sent):
            raise SystemExit("cdxj-indexer has another list")
        print(f"    cdxj-indexer: {len(urls_sent):,} URLs, each once", flush=True)
        with read_back.replaying(Path(path), folder) as replay:
            for url in random.Random(1).sample(sorted(urls_sent), REPLAYED):
                if replay(url) != page:
                    raise SystemExit(f"pywb replays {url} otherwise")
        print(f"    pywb: {REPLAYED} pages replayed, the same bytes", flush=True)


def url_of(server: Server, number: int) -> str:
    return server.url(f"/mostly/{number:07}")


def kill_each(urls: int, kills: int, outputs: list[str], seed: int, most_s: float) -> None:
    dice = random.Random(seed)
    with nginx.running() as server, tempfile.TemporaryDirectory(prefix="httpconn-killed-") as name:
        folder = Path(name)
        (folder / "urls.txt").write_text("".join(f"{url_of(server, number)}\n" for number in range(urls)))
        page = content(1600)
        for out in outputs:
            command = [*FETCH, str(folder / "urls.txt"), "--out", f"{folder}/{out}", "--resume", "--quiet"]
            command += ["--per-host", "32", "--retry", "0", "--flush-s", "0.1"]
            if out.endswith(".parquet"):
                command += ["--file-size", "4M"]
            lived = fetch_killed(command, kills, dice, most_s)
            told = ", ".join(f"{seconds:.1f}" for seconds in lived)
            print(f"{out}: {urls:,} URLs, killed {len(lived)} times, after {told} s", flush=True)
            check_output(server, folder, out, urls, page)


def mixed(seed: int) -> None:
    """Fetch the mixed responses by the command, and have all programs read them."""
    sent = messages(1_000, seed)
    with Mixed(sent) as server, tempfile.TemporaryDirectory(prefix="httpconn-mixed-") as name:
        folder = Path(name)
        (folder / "urls.txt").write_text("".join(f"{url}\n" for url in server.urls()))
        statuses = Counter((url, message.status) for url, message in zip(server.urls(), sent, strict=True))
        for options in ([], ["--wire"]):
            path = folder / f"mixed{len(options)}.warc.gz"
            command = [*FETCH, str(folder / "urls.txt"), "--out", str(path), "--quiet", *options]
            subprocess.run(command, check=True)
            subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], check=True)
            check = read_back.warc_by_warcio(str(path)) == read_back.warc_by_fastwarc(str(path))
            print(f"1,000 mixed responses {' '.join(options)}: warcio and FastWARC agree: {check}", flush=True)
            if not check:
                raise SystemExit("they do not")
            if not options:
                if read_back.indexed(str(path)) != statuses:
                    raise SystemExit("cdxj-indexer has another list")
                with read_back.replaying(path, folder) as replay:
                    for url, message in zip(server.urls(), sent, strict=True):
                        if replay(url) not in (message.coded, message.content):
                            raise SystemExit(f"pywb replays {url} otherwise: {message}")
                print("    cdxj-indexer has each; pywb replays each with its bytes", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[*OUTPUTS], choices=OUTPUTS)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--most-s", type=float, default=0.8, help="until a kill, at most")
    options = parser.parse_args()
    print(", ".join(f"{tool} {version(tool)}" for tool in TOOLS), flush=True)
    kill_each(options.urls, options.kills, options.only, options.seed, options.most_s)
    mixed(options.seed)


if __name__ == "__main__":
    main()
