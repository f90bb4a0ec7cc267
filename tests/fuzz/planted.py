"""The harness's teeth: bugs planted one at a time in a copy of the parsers, each of which must be found in time.

    python -m tests.fuzz.planted [--seconds 60] [--only NAME] [--bare] [--table]

With ``--bare`` the wire cases and the corpus are left out: the fuzzer begins with one plain input.

A bug is a patch as data: one piece of one file and what stands there instead. A piece that is no longer there, or
that stands there twice, is an error, so that this list cannot come to test nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("httpconn", "_speedups", "setup.py", "pyproject.toml", "README.md", "LICENSE", "tests")


class Bug(NamedTuple):
    name: str
    target: str
    path: str
    piece: str
    planted: str


BUGS = (
    Bug("an off-by-one at the buffer's end", "head", "_speedups/head.pxi",
        "if start + 1 < length and data[start] == CR and data[start + 1] == LF:",
        "if start + 2 < length and data[start] == CR and data[start + 1] == LF:"),
    Bug("a sign accepted in Content-Length", "head", "httpconn/_wire/framing.py",
        '_is_digits: Final = re.compile(r"[0-9]++").fullmatch',
        '_is_digits: Final = re.compile(r"[+]?[0-9]++").fullmatch'),
    Bug("a sign accepted in a chunk-size", "chunks", "_speedups/chunked.pxi",
        "    cdef Py_ssize_t at = 0\n    cdef int64_t value = 0",
        "    cdef Py_ssize_t at = 1 if available > 3 and line[0] == 0x2B else 0\n    cdef int64_t value = 0"),
    Bug("a wrapped size", "chunks", "_speedups/chunked.pxi",
        "MOST_SIZE_DIGITS = 12",
        "MOST_SIZE_DIGITS = 18"),
    Bug("a lost resume point in a head", "reader", "httpconn/_wire/reader.py",
        "position + max(0, partial.searched - 2)",
        "position + max(0, partial.searched - 1)"),
    Bug("a lost resume point in a chunk-size line", "chunks", "httpconn/_wire/chunked.py",
        "self.searched = 0 if end else length",
        "self.searched = 0 if end else length + 1"),
    Bug("complete where the trailer section was cut", "reader", "httpconn/_wire/reader.py",
        "        self.complete = False\n        if decoder.in_trailers and not self.strict:",
        "        self.complete = decoder.in_trailers\n        if decoder.in_trailers and not self.strict:"),
    Bug("a line of the head lost when its memory grows", "head", "_speedups/head.pxi",
        "memcpy(lines, self._inline, sizeof(self._inline))",
        "memcpy(lines, self._inline, sizeof(self._inline) - sizeof(FieldLine))"),
    Bug("a bare CR taken for a line's end", "head", "_speedups/head.pxi",
        "        if data[at] != CR or data[at + 1] != LF:\n            return 0\n        at += 2\n        if head._count",
        "        if data[at] != CR:\n            return 0\n        at += 2\n        if head._count"),
    Bug("white space taken in front of a colon", "head", "httpconn/_wire/grammar.py",
        'rb"(?:" + RE_TCHAR + rb"++:"',
        'rb"(?:" + RE_TCHAR + rb"++\\ ?:"'),
    Bug("two different lengths", "head", "httpconn/_wire/framing.py",
        "if len(significant) > 1:",
        "if len(significant) > 2:"),
    Bug("Connection: Close not seen", "head", "httpconn/_wire/framing.py",
        'options is not None and "close" in options.lower()',
        'options is not None and "close" in options'),
    Bug("one byte compared behind a chunk", "chunks", "httpconn/_wire/body.py",
        'not buffer.startswith(b"\\r\\n", position)',
        'not buffer.startswith(b"\\r", position)'),
    Bug("bytes behind a plain response let pass", "reader", "httpconn/_wire/plain.py",
        "chunks[end:] != _LAST_CHUNK",
        "not chunks.startswith(_LAST_CHUNK, end)"),
    Bug("one trailer too many", "chunks", "httpconn/_wire/chunked.py",
        "elif len(self._trailers) >= self._trailer_lines:",
        "elif len(self._trailers) > self._trailer_lines:"),
    Bug("read on behind the message", "reader", "httpconn/_wire/reader.py",
        "        if self._decoder is None:\n            return self._left if self._left != UNTIL_CLOSE",
        "        if self._decoder is None:\n            return self._left + 1 if self._left != UNTIL_CLOSE"),
    Bug("an error forgotten", "reader", "httpconn/_wire/reader.py",
        "            self._refusal = BodyTooLong(text)  # for whoever asks again: what follows is no part of a body\n",
        ""),
)  # fmt: skip


def copy_of_the_checkout(folder: Path, pieces: dict[str, str]) -> None:
    """Make in *folder* a copy of the package with *pieces* (path to text) in it, and build that."""
    skipped = shutil.ignore_patterns("__pycache__", "dropin", "*.so")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skipped)
        else:
            shutil.copy(source, folder / name)
    for path, text in pieces.items():
        (folder / path).write_text(text, encoding="utf-8")
    if built := _built.get("sound") if not any(path.startswith("_speedups") for path in pieces) else None:
        name, data = built
        (folder / "httpconn" / name).write_bytes(data)
        return
    environment = os.environ | {"HTTPCONN_REQUIRE_EXTENSIONS": "1"}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    made = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if made.returncode:
        raise ValueError(f"the copy does not build\n{made.stderr[-2000:]}")


_built: dict[str, tuple[str, bytes]] = {}
"""The extension without a bug, built once, for the bugs that are planted elsewhere."""


def plant(bug: Bug, folder: Path) -> None:
    """Make in *folder* a copy of the package with *bug* in it. Raises ValueError for a bug that fits no longer."""
    text = (ROOT / bug.path).read_text(encoding="utf-8")
    if text.count(bug.piece) != 1:
        raise ValueError(f"{bug.name}: the piece stands {text.count(bug.piece)} times in {bug.path}")
    if not _built:
        with tempfile.TemporaryDirectory() as sound:
            copy_of_the_checkout(Path(sound), {})
            [library] = Path(sound, "httpconn").glob("_speedups*.so")
            _built["sound"] = (library.name, library.read_bytes())
    copy_of_the_checkout(folder, {bug.path: text.replace(bug.piece, bug.planted)})


def hunt(bug: Bug, seconds: int, bare: bool = False) -> tuple[bool, int, float]:
    """Return whether the harness finds *bug* within *seconds*, after how many executions and seconds."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plant(bug, folder)
        environment = os.environ | {"PYTHONPATH": str(folder)}
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            bug.target,
            "--seconds",
            str(seconds),
            *(["--bare"] if bare else []),
        ]
        begun = time.monotonic()
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        took = time.monotonic() - begun
        output = result.stdout + result.stderr
        found = re.search(r"A FINDING after ([0-9,]+) executions", output)
        if result.returncode and not found:
            raise RuntimeError(f"{bug.name}: the harness failed\n{output[-3000:]}")
        # A finding of the right kind: a promise broken, or an error of another family; not a broken copy.
        told = re.search(
            r"^(Finding|IndexError|OverflowError|MemoryError|==\d+== ERROR: libFuzzer: deadly signal)\b.*",
            output,
            re.MULTILINE,
        )
        if found and not told:
            raise RuntimeError(f"{bug.name}: found, but how?\n{output[-3000:]}")
        return bool(found), int(found[1].replace(",", "")) if found else 0, took


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.planted", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--table", action="store_true", help="print a table for docs/safety.md")
    chosen = parser.parse_args()
    missed = []
    for bug in BUGS:
        if chosen.only not in bug.name:
            continue
        found, executions, seconds = hunt(bug, chosen.seconds, chosen.bare)
        if chosen.table:
            print(f"| {bug.name} | `{bug.path}` | {bug.target} | {executions:,} | {seconds:.0f} |", flush=True)
        else:
            told = f"found after {executions:,} executions" if found else "MISSED"
            print(f"{bug.name} ({bug.path}): {told}, {seconds:.1f} s", flush=True)
        if not found:
            missed.append(bug.name)
    if missed:
        raise SystemExit(f"missed within {chosen.seconds} s: {', '.join(missed)}")


if __name__ == "__main__":
    main()
