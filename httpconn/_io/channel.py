"""A non-blocking connection: opened step by step, then received from and sent to. Whoever has it does the waiting.

A step says what to wait for (READ, WRITE) or 0 for done. Nothing here waits, so one blocking caller and a loop over a
thousand connections use the same steps.

A connection is made by the first of several addresses that answers (Happy Eyeballs, RFC 8305), and then gets its layers
in turn: what is said to a proxy (a ``Handshake``, handed in: nothing here knows what its bytes mean), and TLS, also
inside of TLS. Compiled too, by ``channel.pxd``: a wide crawl opens one for each host.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias

from ..errors import FingerprintMismatch, without_frames
from .connect import name_in_tls
from .descriptors import is_out_of_descriptors
from .layers import Handshake, Layer, SocketSettings, TLSSettings
from .logger import is_heard, tell
from .nested import NestedTLS
from .polling import LONGEST_WAIT_S

READ: Final = 1
WRITE: Final = 2

ATTEMPT_DELAY_S: Final = 0.25
"""How long an address may be silent before the next one is tried beside it (RFC 8305 section 5)."""

_IN_PROGRESS: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR})
_SOL_TCP: Final = socket.IPPROTO_TCP
_STANDARD: Final = socket.socket if socket.socket.__module__ == "socket" else None
_NON_BLOCKING: Final = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)
"""The kind that saves a system call. What others have put in the place of ``socket.socket`` may know no such kind."""
_ways_of: Final = attrgetter("recv", "read", "send", "pending")
_STANDARD_WAYS: Final = _ways_of(ssl.SSLSocket) if ssl.SSLSocket.__module__ == "ssl" else None
_AF_UNIX: Final = getattr(socket, "AF_UNIX", None)
_HANDSHAKE_BYTES: Final = 65_536
_RECORD_BYTES: Final = 16_384
"""No read of TLS gives more (RFC 8446 section 5.1): what is asked for beyond is memory that is taken and given back."""
# In place of comprehensions: see tests/laws/test_generated_c.py.
_first: Final = itemgetter(0)
_second: Final = itemgetter(1)

Why: TypeAlias = str | BaseException
"""Why a connection is closed, for the log."""

NOT_PERSISTENT: Final = "nothing may follow that response on it"
NOT_QUIET: Final = "the peer has closed it, or has sent what nobody asked for"

Address: TypeAlias = tuple[int, Any]
"""(family, what ``socket.connect`` takes)"""


class Channel:
    """One connection to the first of *addresses* that takes it, with *layers* put on in their order.

    The addresses are begun with in their order, each a quarter of a second after the one before it or as soon as that
    one has failed; when one has connected, the others are closed.

    ``receive`` and ``send`` may be called once ``open`` has returned 0.
    """

    __slots__ = ("_addresses", "_is_tls", "_is_wrapped", "_last_error", "_layers", "_peer", "_poll", "_settings",
                 "_tls", "_trying", "_unsent", "connected_at", "dead", "has_resumed", "is_clean", "next_at", "number",
                 "secured_at", "sock", "wants")  # fmt: skip

    def __init__(self, addresses: Sequence[Address], settings: SocketSettings, layers: Sequence[Layer] = ()) -> None:
        self._addresses = list(addresses)
        self._addresses.reverse()
        self._trying: list[tuple[socket.socket, Address]] = []  # in the order in which they were begun
        self._settings = settings
        self._layers = list(layers)
        self._layers.reverse()
        self._is_wrapped = False  # the TLS layer that is being put on
        self._is_tls = False
        self._unsent = b""
        self._last_error: OSError | None = None
        self._peer: tuple[str, int] | None = None
        self._poll: Any = None
        self._tls: Any = None
        """What Python's own ``SSLSocket`` hands all to, where it is one: a read is one call then, and not five."""
        self.sock: Any = None
        """The connection, once there is one, with the layers so far."""
        self.is_clean = True
        """False once a TLS peer closed the connection without saying so (close_notify)."""
        self.wants = READ
        """What to wait for after ``receive`` or ``send`` could do nothing."""
        self.connected_at = 0.0
        self.secured_at = 0.0
        """When the last layer was on; 0.0 where there are none."""
        self.number = 0
        """Of the set of ``sockets``: another number, other sockets."""
        self.next_at = 0.0
        """When ``open`` has something to do even if no socket has: time.monotonic(), or 0.0 for never."""
        self.has_resumed: bool | None = None
        """Whether the peer has gone on with the session that it was shown last; None: it was shown none."""
        self.dead: list[Address] = []
        """The addresses that refused, or were silent until another one answered."""

    # -- opening ------------------------------------------------------------------------------------------

    def open(self) -> int:
        """Take the next step; return what to wait for before the one after it, 0 when the connection is open.

        Raises the last address's OSError where none takes the connection; ssl.SSLError, FingerprintMismatch and
        what a ``Handshake`` raises, which are final.
        """
        if not self.connected_at and not self._connect():
            return WRITE
        while self._layers:
            layer = self._layers[-1]
            wanted = self._secure(layer) if isinstance(layer, TLSSettings) else self._converse(layer)
            if wanted:
                return wanted
            self._layers.pop()
            self.secured_at = time.monotonic()
        if is_heard():
            tell("opened %s%s", self.label(), ", with TLS" if self._is_tls else "")
        return 0

    @property
    def sockets(self) -> list[Any]:
        """What is to be waited for: the one socket, or those that are connecting."""
        sock, trying = self.sock, self._trying  # held here: C would lend them to a call, and a finalizer may close this
        if sock is not None:
            return [sock]
        return [trying[0][0]] if len(trying) == 1 else list(map(_first, trying))

    def _connect(self) -> bool:
        """Return whether an address has taken the connection. Raises the last one's OSError where none does."""
        for attempt in tuple(self._trying):
            if self._is_connected(attempt):
                self._take(attempt)
                return True
        while self._addresses and (not self._trying or time.monotonic() >= self.next_at):
            if self._begin(self._addresses.pop()):
                return True
        if self._trying:
            return False
        raise self._take_last_error()

    def _begin(self, address: Address) -> bool:
        """Begin to connect to *address*; return whether that was done at once."""
        family, where = address
        try:
            sock = socket.socket(family, _NON_BLOCKING if socket.socket is _STANDARD else socket.SOCK_STREAM)
        except OSError as error:
            if not is_out_of_descriptors(error):
                self._note_dead(address, error)
                return False
            if not self._trying:
                raise  # no fault of the address
            self._addresses.append(address)  # what has been begun goes on without company
            self.next_at = time.monotonic() + ATTEMPT_DELAY_S
            return False
        attempt = (sock, address)
        self._trying.append(attempt)
        self.number += 1
        try:
            if sock.gettimeout() != 0.0:
                sock.setblocking(False)
            if family != _AF_UNIX:
                sock.setsockopt(_SOL_TCP, socket.TCP_NODELAY, 1)
                if self._settings.source_address is not None:
                    sock.bind(self._settings.source_address)
            for option in self._settings.options:
                sock.setsockopt(*option)
            number = sock.connect_ex(where)
        except OSError as error:
            self._give_up(attempt, error)
            return False
        if number in _IN_PROGRESS:
            self.next_at = time.monotonic() + ATTEMPT_DELAY_S if self._addresses else 0.0
            return False
        if number:
            self._give_up(attempt, _os_error(number, where if family == _AF_UNIX else None))
            return False
        self._take(attempt)
        return True

    def _is_connected(self, attempt: tuple[socket.socket, Address]) -> bool:
        """Return whether the address of *attempt* has taken the connection; one that has refused it is given up."""
        sock = attempt[0]
        try:
            sock.getpeername()
        except OSError as error:
            # Where it was refused, macOS has EINVAL here, and only SO_ERROR tells why.
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number or error.errno != errno.ENOTCONN:
                self._give_up(attempt, _os_error(number) if number else error)
            return False
        return True

    def _give_up(self, attempt: tuple[socket.socket, Address], error: OSError) -> None:
        """Close what was begun with an address. Where it was the last one, the next one's time has come."""
        sock, address = attempt
        if attempt is self._trying[-1]:
            self.next_at = 0.0
        self._trying.remove(attempt)
        self.number += 1
        sock.close()
        self._note_dead(address, error)

    def _take_last_error(self) -> OSError:
        """Return what the last address has failed of, and hold it no longer: its traceback will hold this channel."""
        error, self._last_error = self._last_error, None
        return error or OSError("there is no address to connect to")

    def _note_dead(self, address: Address, error: OSError) -> None:
        self._last_error = without_frames(error)
        self.dead.append(address)

    def _take(self, attempt: tuple[socket.socket, Address]) -> None:
        """Go on with the address that has answered, and close what was begun with others."""
        self.sock = attempt[0]
        self.connected_at = time.monotonic()
        self.next_at = 0.0
        began_earlier = True
        for other in self._trying:
            if other is attempt:
                began_earlier = False
                continue
            if began_earlier:
                self.dead.append(other[1])
            self.number += 1
            other[0].close()
        self._trying = []

    # -- layers ---------------------------------------------------------------------------------------------

    def _secure(self, tls: TLSSettings) -> int:
        """Take the next step of a TLS handshake; return what to wait for, 0 when it is done."""
        if not self._is_wrapped:
            server_hostname = name_in_tls(tls.server_hostname)
            if self._is_tls:
                self.sock = NestedTLS(self.sock, tls.context, server_hostname, tls.session)
            else:
                self.sock = tls.context.wrap_socket(
                    self.sock,
                    do_handshake_on_connect=False,
                    suppress_ragged_eofs=False,
                    server_hostname=server_hostname,
                    session=tls.session,
                )
            self._is_wrapped = self._is_tls = True
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        self._is_wrapped = False
        sock = self.sock
        is_standard = isinstance(sock, ssl.SSLSocket) and _ways_of(type(sock)) == _STANDARD_WAYS
        self._tls = sock._sslobj if is_standard else None
        if tls.session is not None:
            self.has_resumed = self.sock.session_reused
        if tls.fingerprint is not None:
            import hashlib  # which few programs need, as the next one
            import hmac

            shown = hashlib.sha256(self.sock.getpeercert(True) or b"").digest()
            if not hmac.compare_digest(shown, tls.fingerprint):
                raise FingerprintMismatch(
                    f"expected a certificate with the SHA-256 {tls.fingerprint.hex()} from {tls.server_hostname}, "
                    f"got one with {shown.hex()}"
                )
        return 0

    def _converse(self, handshake: Handshake) -> int:
        """Take the next steps of what is said before the connection is ours; return what to wait for, 0 when done."""
        while True:
            if not self._unsent:
                self._unsent = handshake.outgoing()
            while self._unsent:
                count = self.send(self._unsent)
                if not count:
                    return self.wants
                self._unsent = self._unsent[count:]
            data = self.receive(_HANDSHAKE_BYTES)
            if data is None:
                return self.wants
            if handshake.receive(data):
                return 0

    # -- an open connection -------------------------------------------------------------------------------

    def receive(self, size: int) -> bytes | None:
        """Return up to *size* bytes, b"" where the peer has closed, or None: wait for ``wants`` first."""
        got: bytes | None = self._receive(size, None)
        return got

    def receive_into(self, room: memoryview) -> int | None:
        """Receive into *room*; return how many bytes, 0 where the peer has closed, or None: as ``receive``."""
        got: int | bytes | None = self._receive(len(room), room)
        return 0 if isinstance(got, bytes) else got

    def _receive(self, size: int, room: memoryview | None) -> Any:
        tls = self._tls
        try:
            if room is not None:
                return self.sock.recv_into(room) if tls is None else tls.read(size, room)
            return self.sock.recv(size) if tls is None else tls.read(min(size, _RECORD_BYTES))
        except (BlockingIOError, ssl.SSLWantReadError):
            self.wants = READ
        except ssl.SSLWantWriteError:
            self.wants = WRITE
        except ssl.SSLEOFError:
            self.is_clean = False
            return b""
        return None

    def send(self, data: bytes | memoryview) -> int:
        """Return how many bytes could be sent; 0: wait for ``wants`` first."""
        tls = self._tls
        try:
            return self.sock.send(data) if tls is None else tls.write(data)  # type: ignore[no-any-return]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.wants = WRITE
        except ssl.SSLWantReadError:
            self.wants = READ
        return 0

    def has_pending(self) -> bool:
        """Return whether bytes have been received that no wait will tell of: TLS keeps decrypted ones."""
        return self._is_tls and (self.sock if self._tls is None else self._tls).pending() > 0

    @property
    def is_tls(self) -> bool:
        """Whether bytes go through TLS, so that what the socket has is not what ``receive`` gives."""
        return self._is_tls

    @property
    def is_offering_session(self) -> bool:
        """Whether the peer was shown a session in a handshake that has not come to its end."""
        if not self._is_wrapped:
            return False
        layer = self._layers[-1]
        return isinstance(layer, TLSSettings) and layer.session is not None

    @property
    def tls_object(self) -> Any:
        """What a session can be read from, also after ``close``, see ``Sessions``; None where TLS is not on (yet)."""
        return self.sock._sslobj if self.secured_at and self._is_tls and self.sock is not None else None

    def peer(self) -> tuple[str, int] | None:
        """Return the address and port at the other end, ("unix:/path", 0) for a Unix socket; None: it is gone."""
        if self._peer is None:
            self._peer = _address_of(self.sock, "getpeername")
        return self._peer

    def label(self) -> str:
        """Return both ends, for the log."""
        ours, theirs = _address_of(self.sock, "getsockname"), _address_of(self.sock, "getpeername")
        return f"{_shown_address(ours)} to {_shown_address(theirs)}"

    def told_of_tls(self) -> tuple[str, str, bytes] | None:
        """Return version, cipher and the peer's certificate (in DER) of the last layer of TLS; None without one."""
        if not self._is_tls or self.sock is None:
            return None
        cipher = self.sock.cipher()
        return self.sock.version() or "", cipher[0] if cipher else "", self.sock.getpeercert(True) or b""

    def close(self, why: Why = "its holder has closed it") -> None:
        """Close the socket, or those that are connecting; a second call does nothing. *why* is for the log."""
        sock, trying = self.sock, self._trying
        if (sock is not None or trying) and is_heard():
            told = why if isinstance(why, str) else f"{type(why).__name__}: {why}".encode("unicode_escape").decode()
            is_open = self.connected_at and not self._layers
            tell("closed %s: %s", self.label() if is_open else "what was not open yet", told)
        self.sock = self._tls = None
        if sock is not None:
            _close(sock)
        if trying:
            self.dead.extend(map(_second, trying))
            self._trying = []
            for begun, _ in trying:
                _close(begun)

    # -- for who has only one connection to wait for --------------------------------------------------------

    def wait(self, wanted: int, timeout_s: float | None) -> bool:
        """Wait for READ, WRITE or either (READ | WRITE); return False where *timeout_s* or ``next_at`` passes first."""
        if self.next_at:
            until_next_s = self.next_at - time.monotonic()
            timeout_s = until_next_s if timeout_s is None else min(timeout_s, until_next_s)
        if timeout_s is not None and timeout_s > LONGEST_WAIT_S:
            return self.wait(wanted, LONGEST_WAIT_S) or self.wait(wanted, timeout_s - LONGEST_WAIT_S)
        if self._poll is not None and wanted == READ:  # connected, as it mostly is
            return bool(self._poll.poll(_milliseconds(timeout_s)))
        if not hasattr(select, "poll"):
            sockets = self.sockets
            # Windows tells of a failed connect in the third list.
            reading, writing = sockets if wanted & READ else [], sockets if wanted & WRITE else []
            return any(select.select(reading, writing, sockets, None if timeout_s is None else max(0.0, timeout_s)))
        poll = select.poll()
        for sock in self.sockets:
            if sock.fileno() < 0:
                raise ConnectionAbortedError("the program has closed the socket of this connection")
            poll.register(sock, (select.POLLIN if wanted & READ else 0) | (select.POLLOUT if wanted & WRITE else 0))
        if wanted == READ and self.connected_at:
            self._poll = poll
        return bool(poll.poll(_milliseconds(timeout_s)))


def _milliseconds(timeout_s: float | None) -> float | None:
    """Return what ``poll`` takes for *timeout_s*: rounded up, and never less than 0, which is for ever there."""
    return None if timeout_s is None else timeout_s * 1000 + 0.999 if timeout_s > 0 else 0.0


def _close(sock: Any) -> None:
    try:
        sock.close()
    except OSError:
        return  # a reset that close() reports: the connection is over anyway


def _address_of(sock: Any, end: str) -> tuple[str, int] | None:
    """Return the address and port of one end of *sock*; None where that cannot be told any more."""
    try:
        told = getattr(sock, end)()
    except (AttributeError, OSError):  # there is none, or its peer has gone
        return None
    if isinstance(told, tuple):
        return told[0], told[1]
    return f"unix:{os.fsdecode(told)}", 0


def _shown_address(address: tuple[str, int] | None) -> str:
    if address is None:
        return "nowhere"
    host, port = address
    return f"[{host}]:{port}" if ":" in host and port else f"{host}:{port}" if port else host or "unix"


def _os_error(number: int, path: object = None) -> OSError:
    """Return the system's error, which names the *path* of a Unix socket: no URL has it."""
    return OSError(number, os.strerror(number), path)
