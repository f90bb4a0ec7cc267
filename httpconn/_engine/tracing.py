"""What is noted of a request when it is sent: for who asked to have it kept, and for who hears the logger.

A request that is traced is never sent by the fast path: so that has not to ask. Its response may be read by it, unless
the head is to be logged.
"""

from __future__ import annotations

import time

from .._exchange.job import Job
from .._exchange.logged import shown_head
from .._io.channel import Channel
from .._io.logger import is_heard, tell
from ..model import Sent, TLSInfo


def note_sending(job: Job, channel: Channel, *, keeps_sent: bool) -> None:
    """Note that *job* is about to be sent over *channel*, which is open; *keeps_sent*: in ``job.sent``, too."""
    sent = job.head_to_send
    head = sent[: sent.index(b"\r\n\r\n") + 4]
    if keeps_sent:
        told = channel.told_of_tls() if job.origin.is_tls else None  # else it would be a proxy's
        job.sent = Sent(head, time.time(), channel.peer(), None if told is None else TLSInfo(*told))
    job.sent_over = channel.label() if is_heard() else None
    if job.sent_over is not None:
        job.is_plain = job.may_read_fast = False
        tell("sent over %s, to %s%s", job.sent_over, job.where, shown_head(head))
