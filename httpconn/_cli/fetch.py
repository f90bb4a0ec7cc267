"""``httpconn fetch``: reads URLs, fetches them, and writes a record for each, so that a killed run can go on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

from .. import writers
from .._wire.urls import parse_url, redacted
from ..errors import HTTPException, MissingExtra, without_frames
from ..fetch import Fetcher
from ..model import Request, Response
from ..policies.retries import IDEMPOTENT_METHODS
from ..writers.columns import asked_url
from ..writers.recorded import Recorded, url_told
from . import arguments
from .inputs import CHUNK_BYTES, BadInput, Entry, Input, UsageError, entry_of, is_regular, opened
from .progress import Counts, Progress

if TYPE_CHECKING:
    from argparse import Namespace

ANSWERED: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
UNWRITABLE: Final = 3
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141

_SHOWN: Final = 10

Entries: TypeAlias = Iterable[Entry | str | None]


class UnderWay(HTTPException):
    """A request that must not be sent twice was under way when an earlier run ended; nobody knows how far it came."""


class OutputError(Exception):
    """The output cannot be written."""


def main(argv: list[str], program: str) -> int:
    """Do what *argv* says. Returns the exit code; raises SystemExit for what argparse refuses."""
    given = arguments.parser(f"{program} fetch", ", ".join(writers.SUFFIXES)).parse_args(argv)
    try:
        arguments.check(given)
        with contextlib.ExitStack() as stack:
            entries, count = _entries(given, stack)
            if given.dry_run:
                return _tell_plan(given, entries)
            return _fetch(given, entries, count)
    except (UsageError, MissingExtra) as error:
        print(f"{program} fetch: {error}", file=sys.stderr)
        return UNUSABLE
    except OutputError as error:
        cause = error.__cause__
        if isinstance(cause, BrokenPipeError):
            _forget_output()
            return CLOSED_PIPE
        print(f"{program} fetch: {error}", file=sys.stderr)
        return UNWRITABLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _forget_output() -> None:
    """Have the interpreter's last flush of standard output go nowhere, since nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _entries(given: Namespace, stack: contextlib.ExitStack) -> tuple[Entries, Callable[[], int | None]]:
    """Return the entries of the input, and what counts them, if that can be known. Raises UsageError."""
    method = "HEAD" if given.head else "GET"
    if arguments.is_urls(given.input):
        of_urls = [entry_of(url, method) for url in given.input]
        return of_urls, lambda: len(of_urls)
    path = given.input[0] if given.input else "-"
    if path == "-" and sys.stdin.isatty():
        raise UsageError("expected a file of URLs, URLs, or URLs on standard input, which is a terminal")
    file = opened(path, stack)
    form = arguments.form_of(given)
    is_counted = path != "-" and form != "csv" and is_regular(file) and type(file).__name__ == "BufferedReader"
    return Input(file, form, given.column, method), lambda: _count_lines(path) if is_counted else None


def _count_lines(path: str) -> int | None:
    count = 0
    last = b""
    try:
        with open(path, "rb") as file:
            while chunk := file.read(16 * CHUNK_BYTES):
                count += chunk.count(b"\n")
                last = chunk[-1:]
    except OSError:
        return None  # it is gone by now; the run has it open
    return count + (last not in (b"", b"\n"))


def _check_not_read(given: Namespace) -> None:
    """Raise UsageError where what is written to is read from as well: it would be gone."""
    for read in (*given.input[:1], *filter(None, (given.cookies,))):
        with contextlib.suppress(OSError):  # one of them is not there
            if given.out is not None and os.path.samefile(read, given.out):
                raise UsageError(f"{given.out!r} is the output, and an input too")


def _fetch(given: Namespace, entries: Entries, count: Callable[[], int | None]) -> int:
    _check_not_read(given)
    try:
        fetcher = Fetcher(**arguments.fetch_options(given), keep_sent=arguments.is_warc(given))
    except (ValueError, TypeError, HTTPException) as error:
        raise UsageError(str(error)) from None
    with fetcher:
        out = _open_output(given)
        journal = Journal(given.out, resume=given.resume)
        run = Run(given, entries, fetcher, out, journal)
        try:
            return _run(run, given, count)
        finally:
            journal.close()


def _run(run: Run, given: Namespace, count: Callable[[], int | None]) -> int:
    progress = Progress(run.counts, count, lambda: len(run.fetcher._loop.hosts))
    if not given.quiet:
        progress.start()
    code = UNWRITABLE
    try:
        run.go()
        code = FAILED if run.counts.failed else ANSWERED
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        try:
            run.close()
        finally:
            if not given.quiet:
                progress.stop()
    if not given.quiet:
        print(run.counts.summary(progress.seconds), file=sys.stderr)
        if code == INTERRUPTED and given.out is not None:
            print("interrupted; --resume goes on", file=sys.stderr)
    if run.usage is not None and code != INTERRUPTED:
        raise run.usage
    if code == ANSWERED:
        run.journal.remove()
    return code


def _open_output(given: Namespace) -> writers.Writer:
    try:
        return writers.open(
            "-" if given.out is None else given.out,
            resume=given.resume,
            replace=given.force,
            fields=given.fields,
            flush_s=given.flush_s,
            file_bytes=given.file_size,
            revisit=given.revisit,
        )
    except FileExistsError as error:
        raise UsageError(f"{given.out!r} is there already: --resume goes on with it, --force begins anew") from error
    except OSError as error:
        raise UsageError(f"{given.out!r} cannot be written: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error


class Journal:
    """The places whose requests must not be sent twice, noted in a file of its own before they are sent."""

    def __init__(self, out: str | None, *, resume: bool) -> None:
        """Raises UsageError where what is there cannot be read."""
        self._path = None if out is None else os.path.join(out, "begun") if os.path.isdir(out) else f"{out}.begun"
        self._descriptor: int | None = None
        self.begun: set[int] = set()
        if self._path is not None and os.path.exists(self._path):
            try:
                if resume:
                    with open(self._path, "rb") as file:
                        self.begun = {int(line) for line in file if line.endswith(b"\n")}
                else:
                    os.remove(self._path)
            except (OSError, ValueError) as error:
                raise UsageError(f"{self._path!r}, which says what was under way, cannot be read: {error}") from None

    def note(self, place: int) -> None:
        """Note that the request at *place* may be sent from now on. Raises OutputError."""
        if self._path is None:
            return
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.write(self._descriptor, b"%d\n" % place)
        except OSError as error:
            raise OutputError(f"{self._path!r} cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Forget all: each place has a record."""
        self.close()
        if self._path is not None and os.path.exists(self._path):
            os.remove(self._path)


class Run:
    """One run: what the fetcher is asked for, and where its results go."""

    def __init__(
        self,
        given: Namespace,
        entries: Entries,
        fetcher: Fetcher,
        out: writers.Writer,
        journal: Journal,
    ) -> None:
        self.counts = Counts()
        self.fetcher = fetcher
        self.journal = journal
        self.usage: UsageError | None = None
        """What is wrong with the input from some place on; what came before is fetched all the same."""
        self._out = out
        self._name = given.out
        self._entries = entries
        self._takes_coded = out.takes_coded
        self._keeps_wire = given.wire
        self._omits_failures = given.failures == "omit"
        self._retries_unsafe = given.retry_unsafe
        self._had: Recorded | None = out.recorded if given.resume and len(out.recorded) else None
        self._places: dict[int, int] = {}  # of what the fetcher has been given and not answered yet, by its own number
        self._given = 0
        self._may_interrupt = False
        self._is_interrupted = False

    def go(self) -> None:
        """Fetch all. Raises OutputError, and KeyboardInterrupt, which never comes while a record is written."""
        handlers = self._take_signals()
        try:
            results = self.fetcher.feed(self._requests())
            while True:
                self._may_interrupt = True
                if self._is_interrupted:
                    raise KeyboardInterrupt
                try:
                    response = next(results)
                except StopIteration:
                    break
                except UsageError as error:
                    self.usage = without_frames(error)
                    continue
                finally:
                    self._may_interrupt = False
                self._record(response, self._places.pop(response.index))
        finally:
            for number, handler in handlers:
                signal.signal(number, handler)

    def _take_signals(self) -> list[tuple[signal.Signals, Any]]:
        def interrupt(_number: int, _frame: FrameType | None) -> None:
            self._is_interrupted = True
            if self._may_interrupt:
                raise KeyboardInterrupt

        return [(number, signal.signal(number, interrupt)) for number in (signal.SIGINT, signal.SIGTERM)]

    def _requests(self) -> Iterator[Request | str | None]:
        had, places, takes_coded = self._had, self._places, self._takes_coded
        place = -1
        for entry in self._entries:
            if entry is None:
                yield None
                continue
            place += 1
            if had is not None and place in had:
                self._check_same(had, place, _url_of(entry))
                self.counts.skipped += 1
                continue
            request = entry if isinstance(entry, str) else entry.request
            if not isinstance(entry, str):
                problem = entry.problem or self._may_be_sent_twice(request, place)
                if problem is not None:
                    self._fail(entry, place, problem)
                    continue
            if takes_coded:
                request = Request("GET", request) if isinstance(request, str) else request
                request.decode = False
                request.wire = self._keeps_wire
            places[self._given] = place
            self._given += 1
            yield request

    def _may_be_sent_twice(self, request: Request | str, place: int) -> UnderWay | None:
        """Return an error where an earlier run may have sent this; note of what is unsafe that it is sent now."""
        if isinstance(request, str) or request.method in IDEMPOTENT_METHODS:
            return None
        if place in self.journal.begun and not self._retries_unsafe:
            text = f"this {request.method} may have been sent by an earlier run; --retry-unsafe sends it again"
            return UnderWay(text)
        self.journal.note(place)
        return None

    def _check_same(self, had: Recorded, place: int, url: str) -> None:
        if not had.matches(place, url_told(url)):
            raise UsageError(
                f"entry {place + 1} of the input is {redacted(url)!r:.100}, and {self._name!r} has the record of "
                "another one there: this is not the input that it was begun with"
            )

    def _fail(self, entry: Entry, place: int, error: Exception) -> None:
        response = Response(entry.request, None, b"")
        response.attempts = 0
        response.error = error
        self._record(response, place)

    def _record(self, response: Response, place: int) -> None:
        counts = self.counts
        error = response.error
        try:
            if error is None or not self._omits_failures:
                self._out.write(response, place)
        except OSError as failure:
            raise OutputError(f"{self._name!r} cannot be written: {failure.strerror or failure}") from failure
        counts.done += 1
        counts.bytes += len(response.content)
        if error is not None:
            counts.note_failure(type(error).__name__, _host_of(response))

    def close(self) -> None:
        """Finish the output. Raises OutputError."""
        try:
            self._out.close()
        except OSError as error:
            raise OutputError(f"{self._name!r} cannot be written: {error.strerror or error}") from error


def _url_of(entry: Entry | str) -> str:
    return entry if isinstance(entry, str) else entry.url


def _host_of(response: Response) -> str:
    if isinstance(response.error, BadInput):
        return ""
    return asked_url(response).partition("://")[2].partition("/")[0][:100]


def _tell_plan(given: Namespace, entries: Entries, out: TextIO | None = None) -> int:
    """Print what would be asked for; return the exit code, FAILED where an entry is no request."""
    hosts: Counter[str] = Counter()
    wrong: list[str] = []
    total = 0
    for entry in entries:
        if entry is None:
            continue
        total += 1
        problem = None if isinstance(entry, str) else entry.problem
        if problem is None:
            try:
                hosts[str(parse_url(url_told(_url_of(entry)))[0])] += 1
            except (ValueError, HTTPException) as error:
                problem = error
        if problem is not None:
            wrong.append(f"  {problem}" if len(wrong) < _SHOWN else "")
    print(f"{total:,} requests to {len(hosts):,} hosts, {len(wrong):,} entries that are none", file=out)
    for host, number in hosts.most_common(_SHOWN):
        print(f"  {number:,} x {host}", file=out)
    for text in wrong[:_SHOWN]:
        print(text, file=out)
    if given.out is not None and os.path.exists(given.out):
        print(f"{given.out!r} is there already", file=out)
    return FAILED if wrong else ANSWERED
