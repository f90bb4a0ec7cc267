"""What ``httpconn fetch`` takes, and what a fetcher is made of it."""

from __future__ import annotations

import argparse
import os
import re
from typing import Any

from .._exchange.settings import USER_AGENT
from ..errors import IncompleteRead
from ..model import Timeout
from ..policies.retries import Retry
from .inputs import UsageError, as_url

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Source: RFC 9110 section 5.6.2."""
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

_EPILOG = """\
The suffix of --out chooses the format: {suffixes}; a path that ends in a slash is a
folder with a file for each response. Without --out, JSON Lines go to standard output.

exit codes: 0 each request was answered (a 404 is an answer); 1 some were not; 2 it could not begin, or the input
is not what was said; 3 the output could not be written; 130 interrupted: what was written can be resumed.
"""


def _bytes(text: str) -> int:
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].isalpha() else (text, "")
    if unit not in _UNITS or not number.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number of bytes, as 500000, 64M or 2G, got {text!r}")
    return int(number) * _UNITS[unit]


def _size(text: str) -> int:
    size = _bytes(text)
    if not size:
        raise argparse.ArgumentTypeError("expected a size of 1 or more")
    return size


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _times(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number of 0 or more, got {text!r}")
    return int(text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _field(text: str) -> tuple[str, str | None]:
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f'expected "Name: value", or "Name:" to leave a field out, got {text!r}')
    if not _TOKEN.fullmatch(name.strip()) or any(sign in value for sign in "\r\n\0"):
        raise argparse.ArgumentTypeError(f"expected a name of a field and its value, got {text!r}")
    return name.strip(), value.strip() or None


def parser(program: str, suffixes: str) -> argparse.ArgumentParser:
    """Return the parser of the command line of *program*."""
    made = argparse.ArgumentParser(
        prog=program,
        description="Fetch URLs into a file, or a folder, over many connections.",
        epilog=_EPILOG.format(suffixes=suffixes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("input", nargs="*", metavar="INPUT", help="a file of URLs, - for standard input (the default), or URLs")
    add("-o", "--out", metavar="PATH", help="where to write; see below")
    _add_input(made.add_argument_group("input"))
    _add_output(made.add_argument_group("output"))
    _add_fetching(made.add_argument_group("fetching"))
    return made


def _add_input(group: Any) -> None:
    add = group.add_argument
    add(
        "--input-format",
        choices=("auto", "lines", "jsonl", "csv"),
        default="auto",
        help="auto: by the name of the file (.csv), else JSON Lines if the first line begins with {, else lines. "
        "Compression (gzip, zstd, bzip2, xz) is seen by itself",
    )
    add("--column", default="url", metavar="NAME", help="the column of a CSV file that has the URLs (url)")
    add("--dry-run", action="store_true", help="read the input and tell what would be asked for; nothing is sent")


def _add_output(group: Any) -> None:
    add = group.add_argument
    add("--fields", type=_names, metavar="A,B", help="the columns to write (all); index and url always are")
    add("--resume", action="store_true", help="go on with an output that is there: what it has is not asked for again")
    add("--force", action="store_true", help="write over an output that is there")
    add(
        "--failures",
        choices=("record", "omit"),
        default="record",
        help="record: a failure has a record with its error, and is done. omit: it has none, so --resume asks again",
    )
    add(
        "--wire",
        action="store_true",
        help="WARC: messages exactly as they came, with their transfer coding, which many readers cannot undo",
    )
    add("--revisit", action="store_true", help="WARC: content that is there already is a record that refers to it")
    add(
        "--file-size",
        type=_size,
        metavar="BYTES",
        help="WARC: files of about this size, pages-00000.warc.gz and so on. Parquet: parts of so much content (256M)",
    )
    add("--flush-s", type=_seconds, default=1.0, metavar="S", help="seconds that a record may wait in memory (1)")
    add("-q", "--quiet", action="store_true", help="no progress and no summary")


def _add_fetching(group: Any) -> None:
    add = group.add_argument
    add("--per-host", type=_count, default=4, metavar="N", help="connections to one host (4)")
    add("--connections", type=_count, default=256, metavar="N", help="connections in all (256)")
    add("--rate", type=_seconds, metavar="R", help="requests a second to one host (as fast as it answers)")
    add("--retry", type=_times, default=2, metavar="N", help="how often a request that failed is sent again (2)")
    add("--retry-unsafe", action="store_true", help="send requests as POST again that were under way at a kill")
    add("--timeout", type=_seconds, default=None, metavar="S", help="seconds for each phase and the whole (10 to "
        "connect, 30 of silence, 300 in all)")  # fmt: skip
    add("--max-content", type=_bytes, default=64 << 20, metavar="BYTES", help="the longest content of a response (64M)")
    add("-H", "--header", type=_field, action="append", default=[], metavar="'NAME: VALUE'", help="a field to send")
    add("--proxy", metavar="URL", help='the URL of a proxy, or "environment" to read HTTP_PROXY and the like')
    add("--cookies", metavar="FILE", help="send these cookies (cookies.txt), and those that servers set meanwhile")
    add("--robots", action="store_true", help="keep to each host's robots.txt, by the name in User-Agent")
    add("--head", action="store_true", help="ask by HEAD: fields, and no content")
    add("--strict", action="store_true", help="refuse malformed responses that are read leniently else")


def fetch_options(given: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a Fetcher. Raises UsageError."""
    options: dict[str, Any] = {
        "per_host": given.per_host,
        "max_connections": given.connections,
        "max_content": given.max_content,
        "strict": given.strict,
    }
    if given.rate is not None:
        options["rate_per_host"] = given.rate
    if given.retry:
        options["retry"] = Retry(given.retry, errors=(ConnectionError, IncompleteRead))
    if given.robots:
        options["robots"] = True
    if given.timeout is not None:
        options["timeout"] = Timeout.of(given.timeout)
    if given.header:
        fields: dict[str, tuple[str, str | None]] = {}
        for name, value in (("Accept", "*/*"), ("User-Agent", USER_AGENT), *given.header):
            fields[name.lower()] = (name, value)
        options["headers"] = [*fields.values()]
    if given.proxy == "environment":
        options["trust_env"] = True
    elif given.proxy is not None:
        options["proxy"] = given.proxy
    if given.cookies is not None:
        options["cookies"] = _jar(given.cookies)
    return options


def _jar(path: str) -> Any:
    from http.cookiejar import LoadError, MozillaCookieJar

    jar = MozillaCookieJar(path)
    try:
        jar.load(ignore_discard=True, ignore_expires=True)
    except (OSError, LoadError, UnicodeDecodeError) as error:
        raise UsageError(f"the cookies {path!r} cannot be read: {error}") from None
    for cookie in jar:
        if cookie.expires == 0:  # so do curl and browsers' exports write one without an end
            cookie.expires, cookie.discard = None, True
    jar.clear_expired_cookies()
    return jar


def check(given: argparse.Namespace) -> None:
    """Raise UsageError where options contradict each other, or one would have no effect."""
    wrong = [
        (given.resume and given.force, "--resume goes on, --force begins anew: expected one of them"),
        (given.resume and given.out is None, "--resume needs --out: standard output cannot be resumed"),
        (given.force and given.out is None, "--force needs --out"),
        (given.retry_unsafe and not given.resume, "--retry-unsafe is for --resume"),
        (given.column != "url" and not _is_csv(given), "--column is for CSV: add --input-format csv"),
        (given.wire and not is_warc(given), "--wire is for a WARC"),
        (given.revisit and not is_warc(given), "--revisit is for a WARC"),
        (given.file_size is not None and not _is_in_parts(given), "--file-size is for a WARC and for Parquet"),
        (given.revisit and given.wire, "--revisit leaves out what --wire keeps: expected one of them"),
        (given.dry_run and given.quiet, "--dry-run only tells: expected no --quiet"),
        (given.out == "-", "expected a path after --out; without it, records go to standard output"),
    ]
    for is_so, text in wrong:
        if is_so:
            raise UsageError(text)
    if is_urls(given.input):
        if given.input_format != "auto":
            raise UsageError("--input-format is for a file; URLs were given")
    elif len(given.input) > 1:
        hint = next(filter(None, map(as_url, given.input)), "")
        raise UsageError(f"expected one input, or URLs, got {' '.join(map(repr, given.input))}{hint}")


def is_warc(given: argparse.Namespace) -> bool:
    """Whether the output is a WARC."""
    return given.out is not None and given.out.lower().endswith((".warc", ".warc.gz"))


def _is_in_parts(given: argparse.Namespace) -> bool:
    return is_warc(given) or (given.out is not None and given.out.lower().endswith(".parquet"))


def is_urls(inputs: list[str]) -> bool:
    """Whether the arguments are URLs themselves, and no file of them."""
    return bool(inputs) and all(text.lower().startswith(("http://", "https://")) for text in inputs)


def _is_csv(given: argparse.Namespace) -> bool:
    return form_of(given) == "csv"


def form_of(given: argparse.Namespace) -> str:
    """Return the form of the input: "auto", "lines", "jsonl" or "csv"."""
    form: str = given.input_format
    if form == "auto" and len(given.input) == 1 and not is_urls(given.input):
        name = given.input[0].lower()
        for suffix in (".gz", ".zst", ".bz2", ".xz"):
            name = name.removesuffix(suffix)
        form = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(os.path.splitext(name)[1], "auto")
    return form
