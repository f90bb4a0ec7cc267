"""The fuzzing corpus replayed, and a short run of the seeded mutator: see ``tests/fuzz``."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from . import planted, run, seeds, targets

MUTATED = 20_000 if "CI" in os.environ else 4_000
MOST_BYTES_OF_CORPUS = 200_000
names = pytest.mark.parametrize("name", targets.TARGETS)


@names
def test_no_seed_is_a_finding(name: str) -> None:
    for data in seeds.all_seeds(name):
        targets.TARGETS[name](data)


@names
@pytest.mark.timeout(120)
def test_no_mutated_seed_is_a_finding(name: str) -> None:
    rng = random.Random(name)
    corpus = seeds.all_seeds(name)
    for _ in range(MUTATED):
        data = run.mutate(rng, rng.choice(corpus), rng.choice(corpus), seeds.TOKENS)
        try:
            targets.TARGETS[name](data)
        except BaseException as error:
            error.add_note(f"with {data!r}")
            raise


def test_the_seeds_reach_every_error() -> None:
    """So that what the targets compare is not always the same."""
    seen = set()
    for data in seeds.all_seeds("reader"):
        settings, wire = data[: targets.READER_SETTINGS], data[targets.READER_SETTINGS :]
        for closes in (0, 1, 2):
            message = targets.Message(
                wire,
                targets.METHODS[settings[0] & 7],
                targets.LIMITS[settings[1] & 7],
                bool(settings[0] & 0x20),
                closes,
            )
            seen.add(targets.outcome(targets.BACKENDS[0], message).error)
    assert seen == targets.HEAD_ERRORS | targets.BODY_ERRORS | {None}


@names
def test_the_corpus_is_small_and_readable(name: str) -> None:
    path = seeds.CORPUS / f"{name}.txt"
    assert path.stat().st_size <= MOST_BYTES_OF_CORPUS
    kept = seeds.kept(name)
    assert kept
    assert max(map(len, kept)) <= run.MOST_BYTES[name]
    assert len(set(kept)) == len(kept)


@pytest.mark.skipif(not Path(planted.ROOT, "_speedups").exists(), reason="the sources are not here, only the tests")
@pytest.mark.parametrize("bug", planted.BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_planted_where_it_was(bug: planted.Bug) -> None:
    """`make planted` plants them; here only that each still fits the sources."""
    assert (planted.ROOT / bug.path).read_text(encoding="utf-8").count(bug.piece) == 1
    assert bug.target in targets.TARGETS
