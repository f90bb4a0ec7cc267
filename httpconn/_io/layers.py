"""What a connection is to be made with: how its socket is set, and what is put on it before it is the caller's."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias


class TLSSettings(NamedTuple):
    """A layer of TLS."""

    context: ssl.SSLContext
    server_hostname: str
    session: ssl.SSLSession | None = None
    fingerprint: bytes | None = None
    """SHA-256 of the one certificate (in DER) that the peer may show; the context's own checks count besides."""


class Handshake(Protocol):
    """What two ends say before the connection is the caller's; used once."""

    def outgoing(self) -> bytes:
        """Return what is to be sent before the next ``receive``, b"" for nothing."""

    def receive(self, data: bytes) -> bool:
        """Take what has come, b"" for the peer's close; return whether all is said. Raises what went wrong."""


Layer: TypeAlias = TLSSettings | Handshake


class SocketSettings(NamedTuple):
    source_address: tuple[str, int] | None = None
    options: Sequence[tuple[int, int, int | bytes]] = ()
    """What ``setsockopt`` takes, set before connecting."""
