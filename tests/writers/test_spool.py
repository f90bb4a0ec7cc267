"""The thread behind a writer: what it holds, and in what pieces it works."""

import threading

from httpconn.writers.spool import MOST_AT_ONCE_BYTES, MOST_HELD_BYTES, Spool

MIB = 1 << 20


def test_who_puts_faster_than_is_written_waits_and_what_is_held_stays_small() -> None:
    may_work = threading.Event()
    works: list[list[int]] = []
    put: list[int] = []

    def work(items: list[int]) -> None:
        assert may_work.wait(10)
        works.append(items)

    spool: Spool[int] = Spool(work, flush_s=0.01)

    def put_all() -> None:
        for number in range(60):
            spool.put(number, MIB)
            put.append(number)

    putting = threading.Thread(target=put_all)
    putting.start()
    putting.join(0.3)
    assert putting.is_alive()
    assert len(put) == MOST_HELD_BYTES // MIB - 1  # the next one is put in, and waits
    may_work.set()
    putting.join(10)
    spool.close()
    assert [number for items in works for number in items] == list(range(60))
    assert max(map(len, works)) == MOST_AT_ONCE_BYTES // MIB


def test_what_comes_within_the_time_of_a_flush_is_one_piece_of_work() -> None:
    works: list[list[int]] = []

    def work(items: list[int]) -> None:
        works.append(items.copy())
        items.append(-1)  # the list is the work's

    spool: Spool[int] = Spool(work, flush_s=30)
    for number in range(1_000):
        spool.put(number, 10)
    spool.flush()
    spool.close()
    assert [number for items in works for number in items] == list(range(1_000))
    assert len(works) <= 3  # the thread may have looked once as it began
