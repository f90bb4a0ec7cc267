"""The extension under AddressSanitizer and UndefinedBehaviorSanitizer: wire cases, twins, corpus, misuse.

    python -m tests.isolated.sanitize [--quick] [--teeth] [-k EXPRESSION]

Needs gcc with its sanitizers, and a checkout. Builds an instrumented copy in a temporary folder and runs the tests
there. Every object is an allocation of its own then (PYTHONMALLOC=malloc): each input ends where its allocation
ends, but for the NUL that bytes carry, so that reading one byte too many ends the process.
``--teeth`` plants bugs of memory in that copy, one at a time, and each must be reported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("httpconn", "_speedups", "setup.py", "pyproject.toml", "README.md", "LICENSE", "tests")
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -O1"
TESTS = (
    "tests/wire/test_chunked_decoder.py", "tests/wire/test_decline_law.py", "tests/wire/test_backends.py",
    "tests/wire/test_reader.py", "tests/wire/test_body_buffer.py", "tests/wire/test_wire_cases.py",
    "tests/fuzz/test_corpus.py", "tests/client/test_plain_responses.py", "tests/engine/test_fast_path.py",
    "tests/exchange/test_cookies.py",
)  # fmt: skip
# The other backends run none of our C; a planted bug is looked for elsewhere.
SELECTED = (
    "(cython or twins or transcripts or mutated or seed or every or fast_path or plain_responses or test_cookies)"
    " and not httptools and not python and not planted"
)
REPORTS = ("ERROR: AddressSanitizer", "runtime error:")


class Bug(NamedTuple):
    name: str
    path: str
    piece: str
    planted: str


BUGS = (
    Bug("two bytes more of a chunk than are there", "_speedups/chunked.pxi",
        "min(<int64_t>min(room, length - at), left[0])", "min(<int64_t>min(room, length - at + 2), left[0])"),
    Bug("eight bytes at a time, up to the very end and beyond", "_speedups/head.pxi",
        "while length - at >= 8:", "while length - at >= 3:"),
    Bug("one line too many in the head's own memory", "_speedups/head.pxi",
        "if head._count == head._capacity:", "if head._count == head._capacity + 1:"),
    Bug("a shift beyond the width", "_speedups/chunked.pxi",
        "value = value << 4 | HEX_VALUE[line[at]]", "value = value << (4 + 70 * (at > 8)) | HEX_VALUE[line[at]]"),
)  # fmt: skip


def build(folder: Path, bug: Bug | None = None) -> None:
    """Make an instrumented copy of the checkout in *folder*. Raises RuntimeError where it cannot be built."""
    for name in COPIED:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "dropin")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    if bug is not None:
        path = folder / bug.path
        text = path.read_text(encoding="utf-8")
        if text.count(bug.piece) != 1:
            raise RuntimeError(f"{bug.name}: the piece stands {text.count(bug.piece)} times in {bug.path}")
        path.write_text(text.replace(bug.piece, bug.planted), encoding="utf-8")
    environment = os.environ | {"CFLAGS": FLAGS, "LDFLAGS": FLAGS, "HTTPCONN_REQUIRE_EXTENSIONS": "1"}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"the instrumented extension does not build\n{made.stderr[-3000:]}")


def library(name: str) -> str:
    path = subprocess.run(
        [os.environ.get("CC", "gcc"), f"-print-file-name={name}"], capture_output=True, text=True, check=True
    )
    if not Path(path.stdout.strip()).is_absolute():
        raise RuntimeError(f"gcc has no {name}")
    return path.stdout.strip()


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in *folder* under the sanitizers."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONSAFEPATH", "CI")}
    environment |= {
        "LD_PRELOAD": library("libasan.so"),
        # Python itself frees nothing at its end, so its leaks say nothing; ours are looked for by leaks.py.
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:allocator_may_return_null=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HTTPCONN_PARSER": "cython",
        "HTTPCONN_FUZZ_HEADS": environment.get("HTTPCONN_FUZZ_HEADS", "10000"),
    }
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def run_tests(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(
        folder, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--capture=no", "--timeout=300", *arguments
    )


def is_reported(result: subprocess.CompletedProcess[str]) -> bool:
    return any(report in result.stdout + result.stderr for report in REPORTS)


def show_teeth() -> None:
    for bug in BUGS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            build(folder, bug)
            begun = time.monotonic()
            tests = (
                "tests/wire/test_chunked_decoder.py",
                "tests/wire/test_decline_law.py",
                "tests/fuzz/test_corpus.py",
            )
            # Without -x: the answers may be wrong as well, but what counts here is the report.
            result = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--capture=no", "-k", SELECTED, *tests)
            if not is_reported(result):
                raise SystemExit(f"{bug.name}: NOT REPORTED\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
            lines = (result.stdout + result.stderr).splitlines()
            told = next(line for line in lines if any(report in line for report in REPORTS))
            print(f"{bug.name}: reported after {time.monotonic() - begun:.0f} s: {told.strip()[:110]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.isolated.sanitize")
    parser.add_argument("--quick", action="store_true", help="misuse for a moment only")
    parser.add_argument("--teeth", action="store_true")
    parser.add_argument("-k", default=SELECTED)
    chosen = parser.parse_args()
    if chosen.teeth:
        show_teeth()
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build(folder)
        shown = run(
            folder,
            "-c",
            "import httpconn._speedups as s; print(s.__file__, s.take_chunks(b'1\\r\\na', 0, -1, -1))",
        )
        if str(folder) not in shown.stdout:
            raise SystemExit(f"the instrumented extension is not what is loaded: {shown.stdout}{shown.stderr[-2000:]}")
        steps = [("-k", chosen.k, *TESTS)]
        for arguments in steps:
            begun = time.monotonic()
            result = run_tests(folder, *arguments)
            closing = (result.stdout.strip().splitlines() or [""])[-1]
            print(f"sanitized tests: {closing}   [{time.monotonic() - begun:.0f} s]", flush=True)
            if result.returncode or is_reported(result) or " passed" not in closing:
                raise SystemExit(f"{result.stdout[-4000:]}\n{result.stderr[-6000:]}")
        if (ROOT / "tests" / "isolated" / "misuse.py").exists():
            begun = time.monotonic()
            result = run(folder, "-m", "tests.isolated.misuse", "--seconds", "1" if chosen.quick else "4")
            print(result.stdout.strip(), f"  [sanitized, {time.monotonic() - begun:.0f} s]", flush=True)
            if result.returncode or is_reported(result):
                raise SystemExit(f"{result.stdout[-4000:]}\n{result.stderr[-6000:]}")


if __name__ == "__main__":
    main()
