"""A file that is being downloaded, over several requests where it takes these: which part to ask for, and what comes.

Until it is whole it lies beside its place, as ``<name>.download.part``, and what it is a part of stands in
``<name>.download.json``: the URL, and the validator that the server gave. Only with a strong validator can more of the
same be asked for, by If-Range: the server sends the rest, or all of it where it has something else by now.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import os
import re
import stat
import threading
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .._wire.framing import announced_bytes
from .._wire.head import ResponseHead
from ..errors import IncompleteFetch, IncompleteRead, IncompleteSink, ReadTimeout, StatusError, name_place
from ..model import OF_REQUESTS, Request, Response, Timeout, pairs_of, unknown_of_request
from ..policies.retries import Retry
from .sink import check_sink

try:
    import fcntl
except ImportError:  # Windows: there, two downloads to one path are not told from each other
    fcntl = None  # type: ignore[assignment]

Progress: TypeAlias = Callable[[int, int | None], object] | Any
"""Called with the bytes that are there, and how many there will be, None where that is not known; or tqdm's bar."""

TAKEN: Final = "the content is the file's, or the next part of it"
DONE: Final = "the file is whole already"
AGAIN: Final = "another request is needed"
REFUSED: Final = "the server has no such file now"

_OK: Final = 200
_PARTIAL_CONTENT: Final = 206
_RANGE_NOT_SATISFIABLE: Final = 416
_MOST_NAME_BYTES: Final = 200
_MOST_NOTED_BYTES: Final = 65_536
_BREAKS: Final = (IncompleteRead, ConnectionError, ReadTimeout)
"""What a download that may be retried goes on after, besides what its ``Retry`` names."""
_content_range: Final = re.compile(r"bytes[ \t]+(?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.IGNORECASE).fullmatch


class Download:
    """One file on its way to its place; its methods but ``request`` may be called in any thread, one at a time."""

    def __init__(
        self, request: Request, path: Any, retry: Retry | None, *, resume: bool, progress: Progress | None
    ) -> None:
        """Raises OSError for a path that no file can have, TypeError and ValueError for an invalid option."""
        names = {_lowered(name) for name, _ in pairs_of(request.headers)}
        if request.sink is not None or not names.isdisjoint(("range", "if-range")):
            raise ValueError(
                "expected neither sink nor Range nor If-Range: a download has a place and ranges of its own"
            )
        self._path = os.path.realpath(os.fsdecode(path))
        check_sink(self._path)
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(self._path).st_mode):
                raise ValueError(f"expected the path of a file, got that of something else: {self._path!r}")
        folder, name = os.path.split(self._path)
        beside = os.path.join(folder, os.fsdecode(os.fsencode(name)[:_MOST_NAME_BYTES]))
        self._part, self._notes = f"{beside}.download.part", f"{beside}.download.json"
        self._request = request if "accept-encoding" in names else _with(request, ("Accept-Encoding", "identity"))
        self._retry = request.retry or retry
        self._resume = resume
        self._progress = _teller(progress)
        self._file: Any = None
        self._lock = threading.Lock()  # a thread may be writing when the download is given up
        self._is_given_up = False
        self._noted: dict[str, Any] = {}
        self._asked_from = 0
        self._at = 0
        self._total: int | None = None
        self._retries = 0

    # -- what is asked for ------------------------------------------------------------------------------------

    def request(self) -> Request:
        """Return the request for what is missing: all, or what lies behind the part that is here."""
        self._asked_from = self._at = 0
        self._total = None
        self._noted = self._read_notes() if self._resume else {}
        validator = self._noted.get("etag") or self._noted.get("last_modified")
        if isinstance(validator, str) and self._noted.get("url") == self._request.url:
            with contextlib.suppress(FileNotFoundError):
                self._asked_from = self._at = os.stat(self._part).st_size
        if not self._asked_from:
            return self._request
        return _with(self._request, ("Range", f"bytes={self._asked_from}-"), ("If-Range", validator))

    def _read_notes(self) -> dict[str, Any]:
        try:
            with open(self._notes, encoding="utf-8") as file:
                told = json.loads(file.read(_MOST_NOTED_BYTES))
        except (OSError, ValueError):  # there are none, or what is left of some
            return {}
        return told if isinstance(told, dict) else {}

    # -- what comes -------------------------------------------------------------------------------------------

    def begin(self, response: Response) -> str:
        """Return what *response*, of which the head has come, is: TAKEN, DONE, AGAIN or REFUSED. Raises OSError."""
        head = response._head
        assert head is not None
        if head.status == _PARTIAL_CONTENT and self._asked_from:
            return self._open(head, is_new=False) if self._continues(head) else self._anew()
        if head.status == _RANGE_NOT_SATISFIABLE and self._asked_from:
            self._total = _range_of(head)[2]
            is_whole = self._total == self._asked_from and self._is_same(head)
            return DONE if is_whole else self._anew()
        if head.status != _OK:
            return REFUSED
        self._at = 0
        is_coded = self._request.decode and head.get_joined("content-encoding") is not None
        length = announced_bytes(head)
        self._total = length if length >= 0 and not is_coded else None
        self._noted = {} if is_coded else {"url": self._request.url, **_strong_validator(head)}
        return self._open(head, is_new=True)

    def _continues(self, head: ResponseHead) -> bool:
        """Return whether a 206 is the part that was asked for, of the same thing."""
        first, _, self._total = _range_of(head)
        is_coded = self._request.decode and head.get_joined("content-encoding") is not None
        return first == self._asked_from and self._is_same(head) and not is_coded

    def _is_same(self, head: ResponseHead) -> bool:
        """Return whether an answer to If-Range is of what the part is of: some servers pass over that field."""
        told, noted = head.get_joined("etag"), self._noted.get("etag")
        if told is not None and noted is not None and told != noted:
            return False
        told, noted = head.get_joined("last-modified"), self._noted.get("last_modified")
        return told is None or noted is None or told == noted

    def _anew(self) -> str:
        """Have the next request be for all of it."""
        self._remove()
        return AGAIN

    def _open(self, head: ResponseHead, *, is_new: bool) -> str:
        file = open(self._part, "ab", buffering=0)  # noqa: SIM115 - end and failed close it
        try:
            if fcntl is not None:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)  # the other one's, or ours: not both
            if is_new:
                file.truncate(0)
                self._write_notes()
            elif os.fstat(file.fileno()).st_size != self._asked_from:
                raise BlockingIOError(f"another download has written to {self._part!r} meanwhile")
        except BaseException:
            file.close()
            raise
        with self._lock:
            self._file = file
        if self._is_given_up:  # while this was going on in a thread
            self._close()
        return TAKEN

    def _write_notes(self) -> None:
        """Note what the part is of, before there is any of it."""
        if self._is_resumable:
            with open(self._notes, "w", encoding="utf-8") as file:
                json.dump(self._noted, file)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._notes)

    @property
    def _is_resumable(self) -> bool:
        return self._resume and ("etag" in self._noted or "last_modified" in self._noted)

    def write(self, part: bytes) -> None:
        """Take the next part of the content. Raises OSError."""
        with self._lock:
            rest = memoryview(part)
            while rest and self._file is not None:  # None: given up
                rest = rest[self._file.write(rest) :]
        self._at += len(part)

    def tell(self) -> None:
        """Tell how much is there, to who wants to know: in the caller's own thread."""
        self._progress(self._at, self._total)

    def end(self) -> str:
        """Return DONE, or AGAIN where the server sent less than was asked for. Raises OSError, IncompleteRead."""
        self._close()
        if self._total is None or self._at == self._total:
            return DONE
        if self._at > self._total or self._at == self._asked_from:
            self._remove()
            raise IncompleteRead(b"", self._total - self._asked_from)
        return AGAIN

    def commit(self) -> None:
        """Put the file into its place. Raises OSError; then what was there before is there still."""
        with contextlib.suppress(FileNotFoundError):  # what there is none of has the mode that open() gives
            os.chmod(self._part, stat.S_IMODE(os.stat(self._path).st_mode))
        os.replace(self._part, self._path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._notes)

    # -- what goes wrong ----------------------------------------------------------------------------------------

    def failed(self, error: BaseException) -> float | None:
        """Close the part, which stays if it can be gone on with; return in how many seconds to go on, None: not now."""
        was_open = self._file is not None
        wait_s = self._backoff_after(error) if was_open else None
        self._is_given_up = wait_s is None
        self._close()
        if was_open:
            self._settle(error if wait_s is None else None)
        return wait_s

    def _settle(self, error: BaseException | None) -> None:
        """Keep what can be gone on with, and nothing else; have the text of *error* say so, and how much has come."""
        if self._is_resumable:
            told = f"{self._at} bytes of it are in {self._part!r}"
        else:
            self._remove()
            told = f"{self._at} bytes of it had come, nothing of it is kept"
        if type(error) is IncompleteFetch:  # which counts what nobody took: here all has gone to the file
            error.__class__ = IncompleteSink
            error.written = self._at  # type: ignore[attr-defined]  # as of its new class
        if error is not None:
            name_place(error, told)

    def _backoff_after(self, error: BaseException) -> float | None:
        retry = self._retry
        if retry is None or not retry.allows("GET", self._retries, is_replayable=True):
            return None
        if not isinstance(error, (*_BREAKS, *retry.errors)):
            return None
        self._retries += 1
        return retry.backoff_after(self._retries - 1, 0.0)

    def refusal(self, response: Response) -> StatusError:
        """Return the error for an answer that is no file."""
        return StatusError(f"{response.status} {response.reason} for {response.url}, which was to be a file", response)

    def _close(self) -> None:
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def _remove(self) -> None:
        for path in (self._notes, self._part):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def request_for(url: str, options: dict[str, Any], timeout: Timeout) -> Request:
    """Return the request for a file. Where it has no timeout of its own, *timeout* counts, but for its total.

    Raises TypeError for an option that is not there.
    """
    for name in options.keys() - OF_REQUESTS:
        raise unknown_of_request(name, "a download", "path", "progress", "resume")
    if options.get("timeout") is None:
        options["timeout"] = Timeout(timeout.connect, timeout.read, None, timeout.pool)
    return Request("GET", url, **options)


def _with(request: Request, *fields: tuple[str, Any]) -> Request:
    return request.replaced(headers=[*pairs_of(request.headers), *fields])


def _lowered(name: Any) -> str:
    return (name.decode("latin-1") if isinstance(name, bytes) else str(name)).lower()


def _range_of(head: ResponseHead) -> tuple[int | None, int | None, int | None]:
    """Return first, last and length of a Content-Range, each None where it is not told. RFC 9110 section 14.4."""
    found = _content_range((head.get_joined("content-range") or "").strip(" \t"))
    if found is None:
        return None, None, None
    first, last, total = (None if text in (None, "*") else int(text) for text in found.groups())
    return first, last, total


def _strong_validator(head: ResponseHead) -> dict[str, str]:
    """Return what tells the content of a response from any other of its URL; empty where nothing does.

    A Last-Modified does where it is a second older than the response or more. Source: RFC 9110 sections 8.8.1 to 8.8.3.
    """
    told: dict[str, str] = {}
    etag = head.get_joined("etag")
    if etag is not None and re.fullmatch(r'"[\x21\x23-\x7e\x80-\xff]*"', etag):
        told["etag"] = etag
    modified, date = (_seconds_of(head.get_joined(name)) for name in ("last-modified", "date"))
    if etag is None and modified is not None and date is not None and date - modified >= 1:
        told["last_modified"] = head.get_joined("last-modified") or ""
    return told


def _seconds_of(date: str | None) -> float | None:
    if date is None:
        return None
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _teller(progress: Progress | None) -> Callable[[int, int | None], object]:
    """Return what is told how far it is. Raises TypeError."""
    if progress is None:
        return lambda at, total: None
    if callable(progress):
        return progress
    if not callable(getattr(progress, "update", None)) or not hasattr(progress, "n"):
        raise TypeError(
            f"expected progress as a function of two numbers, or a bar, got one of {type(progress).__name__}"
        )

    def move(at: int, total: int | None) -> None:
        progress.total = total
        progress.update(at - progress.n)

    return move
