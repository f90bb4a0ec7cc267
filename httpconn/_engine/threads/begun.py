"""An exchange that has begun, as a channel on which it can be gone on with."""

from __future__ import annotations

from typing import Final

from ..._io.channel import Channel

RECEIVE_BYTES: Final = 65_536


class Begun:
    """A channel on which an exchange has begun: gives again what was sent and what came, then goes on as the channel.

    Of what went wrong it raises the error again: the system tells each of them once.
    """

    __slots__ = ("_came", "_channel", "_is_silent", "_sent")

    def __init__(
        self,
        channel: Channel,
        sent: int | OSError,
        came: list[bytes | OSError] | None = None,
        *,
        is_silent: bool = False,
    ) -> None:
        self._channel = channel
        self._sent: int | OSError | None = sent
        self._came = came or []
        self._is_silent = is_silent

    def send(self, data: bytes | memoryview) -> int:
        sent, self._sent = self._sent, None
        if isinstance(sent, OSError):
            try:
                raise sent
            finally:
                del sent
        return self._channel.send(data) if sent is None else sent

    def receive(self, size: int) -> bytes | None:
        if not self._came:
            return self._channel.receive(size)
        came = self._came.pop(0)
        if isinstance(came, OSError):
            try:
                raise came
            finally:
                del came
        return came

    @property
    def has_more(self) -> bool:
        """Whether something that has come is still to be given again, which the channel does not have any more."""
        return bool(self._came)

    def has_pending(self) -> bool:
        return bool(self._came) or self._channel.has_pending()

    def wait(self, wanted: int, timeout_s: float | None) -> bool:
        if self._is_silent:
            self._is_silent = False
            return False
        return self._channel.wait(wanted, timeout_s)

    @property
    def wants(self) -> int:
        return self._channel.wants

    @property
    def is_clean(self) -> bool:
        return self._channel.is_clean

    @property
    def is_tls(self) -> bool:
        return self._channel.is_tls
