"""The state table, driven on real connections, held against http.client, and printed for the docs."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import httpconn
from httpconn._wire import state

from ..support.peers import TIMEOUT_S, received

DOCUMENT = Path(__file__).parents[2] / "docs" / "states.md"
INTRODUCTION = """\
# The states of a connection

What may be called when, and what comes of it, is one table in `httpconn/_wire/state.py`, printed here. A line
that is missing is a refusal: `putrequest` then raises CannotSendRequest, `putheader` and `endheaders` raise
CannotSendHeader, `getresponse` raises ResponseNotReady. The names are http.client's own.

A test fails when this page is not what the table prints: `python -m tests.wire.test_state` writes it anew.

"""


def document() -> str:
    return f"{INTRODUCTION}```text\n{state.diagram()}```\n"


class Bench:
    """One connection, its socket's other end, and the last response."""

    def __init__(self, connection_class: type) -> None:
        self.client, self.server = socket.socketpair()
        self.client.settimeout(TIMEOUT_S)
        self.server.settimeout(TIMEOUT_S)
        self.connection = connection_class("example.org")
        self.connection.sock = self.client
        self.response = None
        self.thread = threading.Thread(target=self._request_expecting)

    def putrequest(self) -> None:
        self.connection.putrequest("GET", "/")

    def putheader(self) -> None:
        self.connection.putheader("A", "b")

    def endheaders(self) -> None:
        self.connection.endheaders()

    def answer(self) -> None:
        self.server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    def getresponse(self) -> None:
        self.response = self.connection.getresponse()

    def end_of_message(self) -> None:
        assert self.response.read() == b"hi"

    def request_expecting(self) -> None:
        """A request whose body waits for the server's word."""
        self.connection.expect_timeout_s = TIMEOUT_S
        self.connection.request("POST", "/", b"body", {"Expect": "100-continue"})

    def _request_expecting(self) -> None:
        with contextlib.suppress(OSError):  # it may be closed meanwhile
            self.request_expecting()

    def expect(self) -> None:
        self.thread.start()
        while self.state() != state.REQ_EXPECTING:
            time.sleep(0.001)

    def close(self) -> None:
        self.connection.close()

    def finish(self) -> None:
        self.connection.close()
        if self.response is not None:
            self.response.close()
        self.client.close()
        self.server.close()
        if self.thread.ident is not None:
            self.thread.join(2 * TIMEOUT_S)
            assert not self.thread.is_alive()

    def state(self) -> str:
        """The state that the connection tells in its repr, or http.client's own attribute."""
        if isinstance(self.connection, http.client.HTTPConnection):
            return self.connection._HTTPConnection__state
        return re.fullmatch(r"<.* \[(.*)\]>", repr(self.connection))[1]


TO_UNREAD = ("putrequest", "endheaders", "answer", "getresponse")
WAYS = {
    state.IDLE: (),
    state.REQ_STARTED: ("putrequest",),
    state.REQ_SENT: ("putrequest", "endheaders"),
    state.UNREAD: TO_UNREAD,
    state.REQ_STARTED_UNREAD: (*TO_UNREAD, "putrequest"),
    state.REQ_SENT_UNREAD: (*TO_UNREAD, "putrequest", "endheaders"),
    state.REQ_EXPECTING: ("expect",),
    state.REQ_ANSWERED: ("answer", "request_expecting"),
}
"""How each state is come to."""

OURS_ALONE = {state.REQ_EXPECTING, state.REQ_ANSWERED}
"""http.client waits for no 100."""

EVENTS = ("putrequest", "putheader", "endheaders", "getresponse", "end_of_message", "close")


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Callable[[type], Bench]:
    def make(connection_class: type) -> Bench:
        made = Bench(connection_class)
        request.addfinalizer(made.finish)
        return made

    return make


def drive(bench: Bench, way: tuple[str, ...]) -> Bench:
    for step in way:
        getattr(bench, step)()
    return bench


def outcome(bench: Bench, event: str) -> BaseException | None:
    try:
        getattr(bench, event)()
    except Exception as error:
        return error
    return None


def table_of(event: str) -> dict[str, str]:
    # Putting a header is allowed just where the head may be ended, and changes nothing.
    return {name: name for name in state.ENDHEADERS} if event == "putheader" else state.EVENTS[event]


def test_every_state_is_driven() -> None:
    assert tuple(WAYS) == state.STATES
    # These are no calls: what a refused request comes to (test_same_bytes drives it), and a body that waits
    # (test_expect).
    assert {*EVENTS, "abandon", "expect", "continue", "answer"} == {*state.EVENTS, "putheader"}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("start", state.STATES)
def test_cell(in_use, bench, start: str, event: str) -> None:
    """Each cell of the table, the missing ones too."""
    ours = drive(bench(httpconn.HTTPConnection), WAYS[start])
    assert ours.state() == start
    if event == "end_of_message" and ours.response is None:
        assert state.END_OF_MESSAGE[start] == start  # nothing can end
        return
    if (event, start) == ("getresponse", state.REQ_SENT):
        ours.answer()
    error = outcome(ours, event)
    following = table_of(event).get(start)
    if following is None:
        kind = state.REFUSALS["endheaders" if event == "putheader" else event]
        assert type(error) is kind
        assert ours.state() == start, "a refusal changes nothing"
        return
    assert error is None
    if (event, start) == ("getresponse", state.REQ_ANSWERED):
        following = state.CLOSE[following]  # such a response takes the connection with it
    assert ours.state() == following
    if event == "close":
        assert ours.connection.sock is None
        assert ours.client.fileno() == -1
        assert ours.response is None or ours.response.isclosed()


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("start", [start for start in state.STATES if start not in OURS_ALONE])
def test_cell_as_http_client(bench, start: str, event: str) -> None:
    """The same calls on http.client: the same exception with the same arguments, and the state it has a name for."""
    ours = drive(bench(httpconn.HTTPConnection), WAYS[start])
    theirs = drive(bench(http.client.HTTPConnection), WAYS[start])
    assert state.HTTP_CLIENT_NAMES[ours.state()] == theirs.state()
    if event == "end_of_message" and ours.response is None:
        assert theirs.response is None
        return
    if (event, start) == ("getresponse", state.REQ_SENT):
        ours.answer()
        theirs.answer()
    mine, standard = outcome(ours, event), outcome(theirs, event)
    assert type(mine) is type(standard)
    assert getattr(mine, "args", None) == getattr(standard, "args", None)
    assert state.HTTP_CLIENT_NAMES[ours.state()] == theirs.state()


def test_a_refused_request_sends_nothing(in_use, bench) -> None:
    ours = drive(bench(httpconn.HTTPConnection), ("putrequest", "endheaders"))
    received(ours.server)
    for call in (ours.putrequest, ours.putheader, ours.endheaders):
        with pytest.raises(httpconn.ImproperConnectionState):
            call()
    with pytest.raises(httpconn.CannotSendRequest):
        ours.connection.request("GET", "/second")
    assert received(ours.server) == b""
    ours.answer()
    drive(ours, ("getresponse", "end_of_message"))
    assert ours.state() == state.IDLE


def test_request_is_refused_as_putrequest_is(in_use, bench) -> None:
    for start in state.STATES:
        ours = drive(bench(httpconn.HTTPConnection), WAYS[start])
        if start in state.PUTREQUEST:
            ours.connection.request("GET", "/")
            assert ours.state() == state.ENDHEADERS[state.PUTREQUEST[start]]
        else:
            with pytest.raises(httpconn.CannotSendRequest):
                ours.connection.request("GET", "/")
            assert ours.state() == start


def test_a_response_that_closes_leaves_idle(in_use, bench) -> None:
    """The response takes the socket with it; the connection opens another when it is needed."""
    ours = drive(bench(httpconn.HTTPConnection), ("putrequest", "endheaders"))
    ours.server.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
    drive(ours, ("getresponse",))
    assert ours.state() == state.IDLE
    assert ours.connection.sock is None
    drive(ours, ("end_of_message",))


def test_every_transition_leads_to_a_state() -> None:
    for event, table in state.EVENTS.items():
        assert set(table) <= set(state.STATES), event
        assert set(table.values()) <= set(state.STATES), event
    assert set(state.CLOSE) == set(state.END_OF_MESSAGE) == set(state.STATES)


def test_diagram_in_the_docs_is_the_table() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "stale: run python -m tests.wire.test_state"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
