"""Replies of a SOCKS proxy, cut into pieces in every way: the same words are said to it, and the same comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from httpconn._exchange.proxies import Socks5Handshake, parse_proxy
from httpconn.errors import ProxyError

NO_PASSWORD = b"\x05\x00"
WITH_PASSWORD = b"\x05\x02"
LOGGED_IN = b"\x01\x00"
PORT = b"\x1f\x90"
NAME = b"a-name-that-the-proxy-tells.example"
OPENED = {
    "IPv4": b"\x05\x00\x00\x01\x7f\x00\x00\x01" + PORT,
    "name": b"\x05\x00\x00\x03" + bytes([len(NAME)]) + NAME + PORT,
    "name of one byte": b"\x05\x00\x00\x03\x01a" + PORT,
    "a long name": b"\x05\x00\x00\x03\xbf" + b".".join([b"a" * 63] * 3) + PORT,
    "name of 255 bytes": b"\x05\x00\x00\x03\xff" + b"a" * 255 + PORT,
    "name like a reply": b"\x05\x00\x00\x03\x0a\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90" + PORT,
    "IPv6": b"\x05\x00\x00\x04" + bytes(15) + b"\x01" + PORT,
}
REFUSED = {
    "refused": (b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", "connection refused"),
    "unknown reply": (b"\x05\x63\x00\x01\x00\x00\x00\x00\x00\x00", "reply 99"),
    "not SOCKS 5": (b"HTTP/1.1 400 Bad Request\r\n", "does not speak SOCKS 5"),
    "an address of no kind": (b"\x05\x00\x00\x02\x00\x00\x00\x00\x00\x00", "unknown kind"),
}


def splits(wire: bytes) -> Iterator[list[bytes]]:
    """Yield *wire* whole, byte by byte, and in two at every place."""
    yield [wire]
    yield [wire[at : at + 1] for at in range(len(wire))]
    for at in range(1, len(wire)):
        yield [wire[:at], wire[at:]]


def begun(url: str) -> Socks5Handshake:
    handshake = Socks5Handshake(parse_proxy(url), "origin.example", 8080)
    assert handshake.outgoing().startswith(b"\x05")
    return handshake


def take(handshake: Socks5Handshake, pieces: list[bytes]) -> bool:
    """Hand *pieces* over; nothing is said before the last of them, and only that may end it."""
    for piece in pieces[:-1]:
        assert handshake.receive(piece) is False
        assert handshake.outgoing() == b""
    return handshake.receive(pieces[-1])


@pytest.mark.parametrize("reply", OPENED.values(), ids=OPENED)
def test_opened(reply: bytes) -> None:
    for pieces in splits(reply):
        handshake = begun("socks5h://localhost")
        assert not take(handshake, [NO_PASSWORD[:1], NO_PASSWORD[1:]])
        assert handshake.outgoing().endswith(b"origin.example\x1f\x90")
        assert take(handshake, pieces), pieces


def test_logged_in() -> None:
    for reply in OPENED.values():
        for method in splits(WITH_PASSWORD):
            for login in splits(LOGGED_IN):
                handshake = begun("socks5h://user:secret@localhost")
                assert not take(handshake, method)
                assert handshake.outgoing() == b"\x01\x04user\x06secret"
                assert not take(handshake, login)
                assert handshake.outgoing().endswith(b"origin.example\x1f\x90")
                assert take(handshake, [reply])


@pytest.mark.parametrize(("reply", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(reply: bytes, text: str) -> None:
    for pieces in splits(reply):
        handshake = begun("socks5h://localhost")
        handshake.receive(NO_PASSWORD)
        handshake.outgoing()
        with pytest.raises(ProxyError, match=text):
            for piece in pieces:
                assert handshake.receive(piece) is False


@pytest.mark.parametrize("reply", OPENED.values(), ids=OPENED)
def test_cut_short(reply: bytes) -> None:
    """A name that has been cut is not believed, as socksio does."""
    for at in range(len(reply)):
        handshake = begun("socks5h://localhost")
        handshake.receive(NO_PASSWORD)
        handshake.outgoing()
        if at:
            assert handshake.receive(reply[:at]) is False
        with pytest.raises(ProxyError, match="closed the connection"):
            handshake.receive(b"")


@pytest.mark.parametrize("reply", OPENED.values(), ids=OPENED)
def test_bytes_behind(reply: bytes) -> None:
    for at in range(1, len(reply)):
        handshake = begun("socks5h://localhost")
        handshake.receive(NO_PASSWORD)
        handshake.outgoing()
        assert handshake.receive(reply[:at]) is False
        with pytest.raises(ProxyError, match="sent bytes behind its answer"):
            handshake.receive(reply[at:] + b"H")
