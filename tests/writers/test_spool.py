"""The thread behind a writer: what it holds, and in what pieces it works."""

import threading

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
