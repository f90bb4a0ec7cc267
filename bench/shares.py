"""URLs partitioned by host: how even the shares are, and how long a polite crawl of them takes.

    make bench-shares [ARGS="--urls 10000000 --hosts 100000 --rate 1"]

Each URL is drawn from hosts whose sizes follow Zipf's law: the host at rank r has a weight of 1/r. A few hosts have a
good part of all pages then, and half of the hosts have a handful each, as in crawls of the open web. Shares are those
of ``HostKey.share``. Printed for each number of nodes: the largest share against the mean, and how long the crawl
takes if each host gives *rate* pages a second; first as the hosts are, then with no more than *most* pages of a host.

Nothing is fetched. The CPU of ``host_key`` for a URL is measured, too.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from itertools import accumulate
from typing import Final

import httpconn

NODES: Final = (8, 32, 128)
_BATCH: Final = 1_000_000
_TIMED: Final = 200_000
_HOUR_S: Final = 3_600


def pages_by_host(urls: int, hosts: int, seed: int) -> list[int]:
    """Return how many of *urls* each host has, the largest first."""
    drawn: Counter[int] = Counter()
    draw = random.Random(seed)
    weights = [*accumulate(1 / rank for rank in range(1, hosts + 1))]
    for begun in range(0, urls, _BATCH):
        drawn.update(draw.choices(range(hosts), cum_weights=weights, k=min(_BATCH, urls - begun)))
    return sorted(drawn.values(), reverse=True)


def shares_of(pages: list[int], nodes: int) -> list[int]:
    """Return how many pages each of *nodes* gets."""
    shares = [0] * nodes
    for number, count in enumerate(pages):
        shares[httpconn.host_key(f"https://host-{number}.example/").share(nodes)] += count
    return shares


def us_of_a_key() -> float:
    """Return the CPU of ``host_key`` and ``share`` for one URL, in microseconds."""
    urls = [f"https://host-{number % 1_000}.example/a/page/{number}.html?x=1" for number in range(_TIMED)]
    began = time.process_time()
    for url in urls:
        httpconn.host_key(url).share(128)
    return (time.process_time() - began) / _TIMED * 1e6


def show(what: str, pages: list[int], rate: float) -> None:
    """Print the shares of these hosts."""
    urls = sum(pages)
    print(f"{what}: {urls:,} pages of {len(pages):,} hosts, the largest {pages[0]:,} ({pages[0] / urls:.1%})")
    print(f"  at {rate:g} a second from each host, however many nodes: {pages[0] / rate / _HOUR_S:,.1f} h")
    for nodes in NODES:
        shares = shares_of(pages, nodes)
        mean = urls / nodes
        print(
            f"  {nodes:4} nodes: {mean:11,.0f} pages a node, the largest share {max(shares) / mean:5.2f} times that, "
            f"the smallest {min(shares) / mean:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=int, default=10_000_000)
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    pages = pages_by_host(told.urls, told.hosts, told.seed)
    sizes = [10**power for power in range(1, 7)]
    print("hosts by pages: " + ", ".join(f"{sum(count >= size for count in pages):,} have {size:,}" for size in sizes))
    print(f"half of all hosts have {pages[len(pages) // 2]} or fewer")
    show("as they are", pages, told.rate)
    show(f"at most {told.most:,} of a host", [min(count, told.most) for count in pages], told.rate)
    print(f"host_key and share: {us_of_a_key():.1f} us of CPU a URL")


if __name__ == "__main__":
    main()
