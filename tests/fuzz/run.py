"""Runs one target for so many executions or seconds: coverage-guided where atheris is installed.

    python -m tests.fuzz.run head|chunks|reader|law|all [--executions N] [--seconds S] [--seed N] [--bare] [--keep]

Exit code 0: no finding. Else the input is printed; a line of it belongs into ``corpus/`` with the fix.
One execution is one input. Without atheris the inputs are mutated by a seeded generator of our own, which keeps
those that lead to an outcome not seen before.
``law`` is the decline law on the mutated heads of ``wire/test_decline_law.py``, which needs no guide.
``--bare`` begins with one plain input instead of the wire cases and the corpus.
``--keep`` puts into ``corpus/`` what the run has found worth keeping, the smallest inputs first.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_BYTES = {"head": 640, "chunks": 384, "reader": 640}
"""Longer inputs find nothing more, since limits are met by short ones too, and cost in proportion."""
HANGS_AFTER_S = 10
MOST_MIB = 1024
MOST_KEPT = 250
ROOT = Path(__file__).resolve().parents[2]


def fuzz_here(target: str, arguments: list[str]) -> None:
    """Run libFuzzer in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["httpconn._wire", "httpconn._backends"]):
        from . import targets

    function = targets.TARGETS[target]
    with atheris.instrument_imports(include=["httpconn._wire"]):
        function(b"")  # whatever is imported late
    atheris.Setup([sys.argv[0], *arguments], function)
    atheris.Fuzz()


def run_atheris(
    target: str, executions: int, seconds: int, seed: int, workdir: Path, chosen: argparse.Namespace
) -> tuple[int, float]:
    from . import seeds

    corpus, made, found = workdir / f"{target}.corpus", workdir / f"{target}.seeds", workdir / f"{target}."
    for folder in (corpus, made):
        folder.mkdir(exist_ok=True)
    for number, data in enumerate([seeds.BARE[target]] if chosen.bare else seeds.all_seeds(target)):
        (made / f"{number:05}").write_bytes(data)
    words = "".join('"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n' for token in seeds.TOKENS)
    (workdir / "dictionary").write_text(words)
    common = [
        f"-max_len={MOST_BYTES[target]}", f"-timeout={HANGS_AFTER_S}", f"-rss_limit_mb={MOST_MIB}",
        f"-artifact_prefix={found}", f"-seed={seed}",
    ]  # fmt: skip
    options = [
        *common, f"-dict={workdir}/dictionary", "-print_final_stats=1", "-use_value_profile=0", "-reload=0",
        *([f"-runs={executions}"] if executions else []), *([f"-max_total_time={seconds}"] if seconds else []),
        str(corpus), str(made),
    ]  # fmt: skip
    begun = time.monotonic()
    log = workdir / f"{target}.log"
    code = _child(target, options, log)
    hours = (time.monotonic() - begun) / 3600
    text = log.read_text(errors="replace")
    done = re.findall(r"^(?:stat::number_of_executed_units: (\d+)|#(\d+)\t)", text, re.MULTILINE)
    count = int("".join(done[-1])) if done else 0
    if code:
        print(text[-6000:], file=sys.stderr)
        for path in sorted(workdir.glob(f"{target}.[clot]*-*")):
            print(f"finding: {path.name}\n{path.read_bytes()!a}", file=sys.stderr)
        print(f"{target}: A FINDING after {count:,} executions", file=sys.stderr)
        raise SystemExit(1)
    if chosen.keep:
        # libFuzzer writes there only what goes beyond the seeds, and replaces it by what is smaller.
        known = set(seeds.all_seeds(target))
        found_here = {path.read_bytes() for path in corpus.iterdir()} - known
        kept = {*seeds.kept(target), *found_here}
        seeds.keep(target, sorted(kept, key=len)[:MOST_KEPT])
    return count, hours


def _child(target: str, options: list[str], log: Path) -> int:
    with log.open("wb") as out:
        command = [sys.executable, "-m", __spec__.name, target, "--libfuzzer", *options]
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode


# -- where there is no atheris: mutations by a seeded generator -------------------------------------------


def mutate(rng: random.Random, data: bytes, other: bytes, tokens: tuple[bytes, ...]) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(8)
        if kind == 0:
            data = data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + rng.choice(tokens) + data[at:]
        elif kind == 2:
            data = data[:at] + rng.choice(tokens) + data[at + rng.randrange(8) :]
        elif kind == 3:
            data = data[:at] + data[at + rng.choice((1, 1, 2, 5, 20)) :]
        elif kind == 4:
            data = data[:at] + other[rng.randrange(len(other) + 1) :]
        elif kind == 5:
            data = data[:at] + data[max(0, at - rng.randrange(40)) :]
        elif kind == 6 and data:
            at = rng.randrange(min(5, len(data)))
            data = data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]
        elif at < len(data):
            data = data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]
    return data[: max(MOST_BYTES.values())]


def run_seeded(target: str, executions: int, seconds: int, seed: int) -> tuple[int, float]:
    from . import seeds, targets

    function = targets.TARGETS[target]
    rng = random.Random(seed)
    corpus = seeds.all_seeds(target)
    begun = time.monotonic()
    count = 0
    while not (executions and count >= executions) and not (seconds and time.monotonic() - begun >= seconds):
        data = (
            corpus[count] if count < len(corpus) else mutate(rng, rng.choice(corpus), rng.choice(corpus), seeds.TOKENS)
        )
        count += 1
        try:
            function(data)
        except Exception as error:
            print(f"{type(error).__name__}: {error}\n{data!a}\n{target}: A FINDING after {count:,} executions")
            raise SystemExit(1) from error
    return count, (time.monotonic() - begun) / 3600


def run_law(executions: int, seconds: int, seed: int) -> tuple[int, float]:
    """The decline law, on the mutated heads of ``test_decline_law``: each head by every backend, in one process."""
    from ..wire.test_decline_law import mutated_heads, parse, record
    from . import targets

    begun = time.monotonic()
    count = accepted = 0
    for block, limits in mutated_heads(seed, executions or sys.maxsize):
        if seconds and not count % 1000 and time.monotonic() - begun >= seconds:
            break
        count += 1
        heads = {backend.name: parse(backend, block, limits) for backend in targets.BACKENDS}
        taken = {name: record(head) for name, head in heads.items() if head is not None}
        if ("cython" in taken) != ("python" in taken) and "cython" in heads:
            raise SystemExit(f"{block!a}\nthe twins decline different heads\nlaw: A FINDING after {count:,} executions")
        if not taken:
            continue
        accepted += 1
        wanted = record(targets.reference.parse_response_head(block, limits))
        for name, found in taken.items():
            if found != wanted:
                raise SystemExit(f"{block!a}\n{name}: {found}\n{wanted}\nlaw: A FINDING after {count:,} executions")
    if not 0.2 < accepted / max(count, 1) < 0.8:
        raise SystemExit(f"the mutations are too harsh, or too kind: {accepted:,} of {count:,} accepted")
    return count, (time.monotonic() - begun) / 3600


def main() -> None:
    if sys.argv[2:3] == ["--libfuzzer"]:
        fuzz_here(sys.argv[1], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=("head", "chunks", "reader", "law", "all"))
    parser.add_argument("--executions", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--seeded", action="store_true", help="do without atheris")
    parser.add_argument("--workdir", type=Path)
    chosen = parser.parse_args()
    if not chosen.executions and not chosen.seconds:
        chosen.seconds = 60
    is_guided = False
    if not chosen.seeded:
        try:
            import atheris as atheris
        except ImportError:
            print("atheris is not installed: mutating by a seeded generator, without coverage")
        else:
            is_guided = True
    with tempfile.TemporaryDirectory() as temporary:
        workdir = chosen.workdir or Path(temporary)
        workdir.mkdir(parents=True, exist_ok=True)
        for target in ("head", "chunks", "reader", "law") if chosen.target == "all" else (chosen.target,):
            limits = (chosen.executions, chosen.seconds, chosen.seed)
            if target == "law":
                count, hours = run_law(*limits)
            elif is_guided:
                count, hours = run_atheris(target, *limits, workdir, chosen)
            else:
                count, hours = run_seeded(target, *limits)
            print(f"{target}: {count:,} executions in {hours:.2f} h, no finding", flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
