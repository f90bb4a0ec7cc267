"""Which places of an input have a record, and of which URL: four bytes a place."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator

from .._wire.urls import redacted, take_credentials
from ..model import Response

_MOST_PLACES = 1 << 31
"""8 GiB of memory: a place beyond it in a file is damage."""


def url_told(url: str) -> str:
    """Return *url* as a record has it: without a user name and a password."""
    if "@" not in url:
        return url
    url, told = take_credentials(url)
    return url if told is not None else redacted(url) if "//" in url.partition("@")[0] else url


class Recorded:
    """A set of places, from 0, each with a check sum of its URL. It has ``len()``, ``in`` and iteration, in order."""

    def __init__(self) -> None:
        self._sums = array("I")  # 0: no record
        self._count = 0
        self._is_resumed = False

    def __len__(self) -> int:
        return self._count

    def __contains__(self, index: int) -> bool:
        return 0 <= index < len(self._sums) and self._sums[index] != 0

    def __iter__(self) -> Iterator[int]:
        return (place for place, told in enumerate(self._sums) if told)

    def add(self, index: int, url: str) -> None:
        """Note that the place *index* has a record. Raises ValueError where it has one already, or is no place."""
        sums, told = self._sums, _sum_of(url)
        size = len(sums)
        if index == size < _MOST_PLACES:
            sums.append(told)
        elif 0 <= index < size:
            if sums[index]:
                raise ValueError(f"expected one record for each place in the input, got a second one for place {index}")
            sums[index] = told
        elif size < index < _MOST_PLACES:
            sums.frombytes(bytes(sums.itemsize * (index - size)))
            sums.append(told)
        else:
            raise ValueError(f"expected a place in the input from 0, got {index}")
        self._count += 1

    def resume(self) -> None:
        """Note that what is recorded so far is of an earlier run."""
        self._is_resumed = self._count > 0

    def place_of(self, response: Response, index: int | None) -> int:
        """Return *index*; without one that of *response*, or the first place behind all others where that is taken.

        Raises ValueError where there are records of an earlier run: what this one asks for is counted from 0 again.
        TypeError for what is no response.
        """
        if not isinstance(response, Response):
            raise TypeError(f"expected a Response to write, got {type(response).__name__}")
        if index is not None:
            return index
        if self._is_resumed:
            raise ValueError(
                "expected the place in the input, write(response, index): response.index counts what this run asks "
                f"for, and {self._count} places have records, some of an earlier run"
            )
        return len(self._sums) if response.index in self else response.index

    def left(self, urls: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield the place and the URL of each of *urls* that has no record.

        Raises ValueError where the record at its place is of another URL: it is not the list that the file was begun
        with.
        """
        for place, url in enumerate(urls):
            if place not in self:
                yield place, url
            elif not self.matches(place, url_told(url)):
                raise ValueError(
                    f"{redacted(url)!r:.100} is at place {place} of the list, and another URL has the record of that "
                    "place: what is new goes behind what was there"
                )

    def matches(self, index: int, url: str) -> bool:
        """Return whether the record of the place *index* is of *url*."""
        return self._sums[index] == _sum_of(url)


def _sum_of(url: str) -> int:
    return zlib.crc32(url.encode("utf-8", "replace")) | 1
