"""The states of a connection, as http.client names them, in tables that can be printed.

One dict for each event: state -> next state. A missing key is the refusal; ``REFUSALS`` tells which exception
it is. There is no other place that decides what may be called when.

"abandon" is no call but what a failed one does, and "expect", "continue" and "answer" are what ``endheaders`` comes to;
where their key is missing, nothing changes.

"Unread-response" means that the head of a response has been read and its body has not been read to the end.

The last two states are come to where a body waits for the server's word (``expect_timeout_s``): "Request-expecting"
while it does, "Request-answered" where that word was a final response, or the end of the connection, and the body
was not sent.
"""

from __future__ import annotations

from ..errors import CannotSendHeader, CannotSendRequest, ImproperConnectionState, ResponseNotReady
from .annotations import Final

IDLE: Final = "Idle"
REQ_STARTED: Final = "Request-started"
REQ_SENT: Final = "Request-sent"
UNREAD: Final = "Unread-response"
REQ_STARTED_UNREAD: Final = "Req-started-unread-response"
REQ_SENT_UNREAD: Final = "Req-sent-unread-response"
REQ_EXPECTING: Final = "Request-expecting"
REQ_ANSWERED: Final = "Request-answered"

STATES: Final = (
    IDLE, REQ_STARTED, REQ_SENT, UNREAD, REQ_STARTED_UNREAD, REQ_SENT_UNREAD, REQ_EXPECTING, REQ_ANSWERED
)  # fmt: skip

PUTREQUEST: Final = {
    IDLE: REQ_STARTED,
    UNREAD: REQ_STARTED_UNREAD,
}

ENDHEADERS: Final = {
    REQ_STARTED: REQ_SENT,
    REQ_STARTED_UNREAD: REQ_SENT_UNREAD,
}

# A response whose connection does not persist takes the connection with it; what follows is the event "close".
GETRESPONSE: Final = {
    REQ_SENT: UNREAD,
    REQ_ANSWERED: UNREAD,
}

# Behind an unread response nothing can be waited for: what comes next is that response's body.
EXPECT: Final = {
    REQ_SENT: REQ_EXPECTING,
}

# A 100 has come, or the time has passed: the body follows.
CONTINUE: Final = {
    REQ_EXPECTING: REQ_SENT,
}

ANSWER: Final = {
    REQ_EXPECTING: REQ_ANSWERED,
}

END_OF_MESSAGE: Final = {
    IDLE: IDLE,
    REQ_STARTED: REQ_STARTED,
    REQ_SENT: REQ_SENT,
    UNREAD: IDLE,
    REQ_STARTED_UNREAD: REQ_STARTED,
    REQ_SENT_UNREAD: REQ_SENT,
    REQ_EXPECTING: REQ_EXPECTING,
    REQ_ANSWERED: REQ_ANSWERED,
}

CLOSE: Final = dict.fromkeys(STATES, IDLE)

# A request of which nothing has been sent is given up: it was refused, or could not be made.
ABANDON: Final = {
    REQ_STARTED: IDLE,
    REQ_STARTED_UNREAD: UNREAD,
}

EVENTS: Final = {
    "putrequest": PUTREQUEST,
    "endheaders": ENDHEADERS,
    "expect": EXPECT,
    "continue": CONTINUE,
    "answer": ANSWER,
    "getresponse": GETRESPONSE,
    "end_of_message": END_OF_MESSAGE,
    "abandon": ABANDON,
    "close": CLOSE,
}

REFUSALS: Final[dict[str, type[ImproperConnectionState]]] = {
    "putrequest": CannotSendRequest,
    "endheaders": CannotSendHeader,
    "getresponse": ResponseNotReady,
}

# http.client counts three states and keeps the unread response apart; its exceptions carry those three names.
HTTP_CLIENT_NAMES: Final = {
    IDLE: IDLE,
    REQ_STARTED: REQ_STARTED,
    REQ_SENT: REQ_SENT,
    UNREAD: IDLE,
    REQ_STARTED_UNREAD: REQ_STARTED,
    REQ_SENT_UNREAD: REQ_SENT,
    REQ_EXPECTING: REQ_SENT,
    REQ_ANSWERED: REQ_SENT,
}


def refusal(event: str, state: str) -> ImproperConnectionState:
    """Return the exception that says *event* is impossible in *state*. Its argument is http.client's."""
    kind = REFUSALS[event]
    return kind() if kind is CannotSendHeader else kind(HTTP_CLIENT_NAMES.get(state, state))


def diagram() -> str:
    """Return the tables as text, one line for each transition, as the docs show them."""
    lines = [f"{'state':<29}{'event':<16}next state"]
    for state in STATES:
        for event, table in EVENTS.items():
            if state in table and not (event == "end_of_message" and table[state] == state):
                lines.append(f"{state:<29}{event:<16}{table[state]}")
    return "\n".join(lines) + "\n"
