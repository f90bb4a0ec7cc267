"""A server that sends the wire cases of ``tests/cases``, or other messages, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from ..cases import Answer, Case, all_cases
from .faulty import Exchange, FaultyServer


def answers() -> list[Case]:
    """Return the cases that a pool reads as a response to a plain GET."""
    return [
        case
        for case in all_cases()
        if isinstance(case.expected("pool"), Answer) and case.method == "GET" and not case.limits
    ]


def message_of(case: Case) -> bytes:
    """Return what of a case is the message, without what follows on its connection."""
    expected = case.expected("pool")
    assert isinstance(expected, Answer)
    return case.wire[: len(case.wire) - len(expected.unused)]


class Transcripts(FaultyServer):
    """Answers ``/3`` with the third of *wires*, and closes the connection behind it."""

    def __init__(self, wires: Sequence[bytes]) -> None:
        super().__init__()
        self.wires = wires

    def urls(self) -> list[str]:
        return [self.url(f"/{number}") for number in range(len(self.wires))]

    async def answer(self, exchange: Exchange) -> None:
        exchange.end()
        await exchange.send(self.wires[int(exchange.target[1:])])
