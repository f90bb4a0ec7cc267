"""The thread behind a writer: what it holds, and in what pieces it works."""

import collections
import threading
from typing import Any

import pytest

from httpconn.writers import spool as spools
from httpconn.writers.spool import BLOCK_BYTES, MOST_HELD_BYTES, Spool

MIB = 1 << 20


def test_who_puts_faster_than_is_written_waits_and_what_is_held_stays_small() -> None:
    may_work = threading.Event()
    works: list[list[int]] = []
    put: list[int] = []

    def work(items: list[int]) -> None:
        assert may_work.wait(10)
        works.append(items)

    spool = Spool(work, 0.01, list[int])

    def put_all() -> None:
        for number in range(80):
            spool.put((number,), MIB // 2)
            put.append(number)

    putting = threading.Thread(target=put_all)
    putting.start()
    putting.join(0.3)
    assert putting.is_alive()
    assert len(put) == 2 * MOST_HELD_BYTES // MIB - 1  # the next one is put in, and waits
    may_work.set()
    putting.join(10)
    spool.close()
    assert [number for items in works for number in items] == list(range(80))
    assert max(map(len, works)) == 2 * BLOCK_BYTES // MIB


def test_what_comes_within_the_time_of_a_flush_is_one_piece_of_work() -> None:
    works: list[list[int]] = []

    def work(items: list[int]) -> None:
        works.append(items.copy())
        items.append(-1)  # the list is the work's

    spool = Spool(work, 30, list[int])
    for number in range(1_000):
        spool.put((number,), 10)
    spool.flush()
    spool.close()
    assert [number for items in works for number in items] == list(range(1_000))
    assert len(works) <= 3  # the thread may have looked once as it began


def test_a_flush_waits_for_what_has_no_size() -> None:
    begun, may_work = threading.Event(), threading.Event()
    works: list[list[str]] = []

    def work(items: list[str]) -> None:
        begun.set()
        assert may_work.wait(10)
        works.append(items)

    spool = Spool(work, 0.01, list[str])
    spool.put(("the end of a part",), 0)
    assert begun.wait(10)
    flushing = threading.Thread(target=spool.flush)
    flushing.start()
    flushing.join(0.1)
    assert flushing.is_alive()
    may_work.set()
    flushing.join(10)
    spool.close()
    assert works == [["the end of a part"]]


def test_a_flush_waits_for_what_is_between_two_places() -> None:
    taken, may_go_on = threading.Event(), threading.Event()
    works: list[list[int]] = []

    class Full(collections.deque[Any]):
        def popleft(self) -> Any:
            block = super().popleft()
            taken.set()
            may_go_on.wait(10)  # as a switch of threads between two steps
            return block

    spool = Spool(works.append, 0.01, list[int])
    spool._full = Full()
    spool.put((1,), BLOCK_BYTES)
    assert taken.wait(10)
    flushing = threading.Thread(target=spool.flush)
    flushing.start()
    flushing.join(0.1)
    assert flushing.is_alive()
    may_go_on.set()
    flushing.join(10)
    spool.close()
    assert works == [[1]]


def test_what_is_interrupted_at_the_end_of_a_block_is_worked_on_once() -> None:
    works: list[list[int]] = []
    may_interrupt = [False]

    def new() -> list[int]:
        if may_interrupt.pop():
            raise KeyboardInterrupt
        may_interrupt.append(False)
        return []

    spool = Spool(works.append, 30, new)
    may_interrupt[:] = [False, True]
    with pytest.raises(KeyboardInterrupt):
        spool.put((1,), BLOCK_BYTES)
    spool.put((2,), 1)
    spool.close()
    assert [number for items in works for number in items] == [1, 2]


def test_a_signals_handler_in_the_middle_of_a_put_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a handler: within the call, where the lock is held."""
    monkeypatch.setattr(spools, "_LONGEST_HOLD_S", 0.02)
    works: list[list[int]] = []
    within: list[Any] = []

    def new() -> list[int]:
        while within:
            with pytest.raises(RuntimeError, match="being put in already"):
                within.pop()()
        return []

    spool = Spool(works.append, 30, new)
    within += [spool.flush, spool.close, lambda: spool.put((3,), 1)]
    spool.put((1,), BLOCK_BYTES)
    assert not within
    spool.put((2,), 1)
    spool.close()
    assert [number for items in works for number in items] == [1, 2]


@pytest.mark.parametrize("is_used", [True, False])
def test_what_is_put_in_behind_the_end_is_refused(is_used: bool) -> None:
    works: list[list[int]] = []
    spool = Spool(works.append, 0.01, list[int])
    if is_used:
        spool.put((1,), 1)
    spool.close()
    for _ in range(2):
        with pytest.raises(ValueError, match="this one was closed"):
            spool.put((2,), 1)
    spool.flush()  # which would wait for ever
    spool.close()
    assert works == [[1]] * is_used
