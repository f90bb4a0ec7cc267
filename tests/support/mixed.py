"""A thousand responses, each with something that readers get wrong, and what the server says that it has sent."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from .faulty import Exchange, FaultyServer, gzip

INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


class Message(NamedTuple):
    """What the server sends for one request."""

    wire: bytes
    """All of it: interim responses, head, body."""
    head: bytes
    """The head of the response itself, with its empty line."""
    coded: bytes
    """The body without its transfer coding."""
    content: bytes
    """Without its content coding, too."""
    status: int
    features: frozenset[str]
    closes: bool


def _in_chunks(dice: random.Random, body: bytes, features: set[str]) -> bytes:
    parts = []
    while body:
        size = dice.randint(1, max(1, len(body)))
        extension = b""
        if dice.random() < 0.3:
            features.add("chunk extension")
            extension = dice.choice((b";a=b", b';a="b;c"', b"; a", b" ;a = b"))
        parts.append(b"%x%b\r\n%b\r\n" % (size, extension, body[:size]))
        body = body[size:]
    trailers = b""
    if dice.random() < 0.4:
        features.add("trailers")
        trailers = b"X-Sum: %d\r\n" % dice.randrange(1000) + dice.choice((b"", b"X-Told: caf\xe9\r\n"))
    return b"".join((*parts, dice.choice((b"0", b"000")), b"\r\n", trailers, b"\r\n"))


def _content(dice: random.Random, number: int) -> bytes:
    """Return what begins with its own number, unless it is empty: so a crossed one shows."""
    filler = dice.choice((b"", dice.randbytes(dice.randrange(3000)), b"HTTP/1.1 200 OK\r\n\r\n" * dice.randrange(40)))
    return dice.choice((b"", b"%d\n" % number + filler, b"%d\r\n0\r\n\r\n" % number + filler))


def message(dice: random.Random, number: int) -> Message:
    features: set[str] = set()
    status = dice.choice((200,) * 12 + (204, 404, 410, 500))
    content = b"" if status == 204 else _content(dice, number)
    reason = dice.choice((b" OK", b" ", b"", b" Caf\xe9 \xc3\xa9"))
    if not reason.strip():
        features.add("no reason phrase")
    fields = [b"X-Number: %d" % number]
    if dice.random() < 0.3:
        features.add("bytes above 0x7f")
        fields.append(b"X-Told: caf\xe9 \xe2\x82\xac \xff")
    if dice.random() < 0.2:
        fields.append(b"Set-Cookie: a=1\r\nset-cookie:b=2")
    coded = content
    if content and dice.random() < 0.3:
        features.add("gzip")
        coded = gzip(content)
        fields.append(dice.choice((b"Content-Encoding: gzip", b"content-encoding:GZIP")))
    framing = "none" if status == 204 else dice.choice(("length", "length", "chunked", "chunked", "close"))
    body = coded
    if framing == "length":
        fields.append(dice.choice((b"Content-Length: %d", b"content-length:  %d ")) % len(coded))
    elif framing == "chunked":
        features.add("chunked")
        fields.append(dice.choice((b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked")))
        body = _in_chunks(dice, coded, features)
    elif framing == "close":
        features.add("until close")
    dice.shuffle(fields)
    head = b"HTTP/1.1 %d%b\r\n%b\r\n\r\n" % (status, reason, b"\r\n".join(fields))
    before = b""
    if dice.random() < 0.2:
        features.add("103")
        before = INTERIM * dice.randint(1, 3)
    return Message(before + head + body, head, coded, content, status, frozenset(features), framing == "close")


def messages(count: int, seed: int) -> list[Message]:
    """Return *count* of them, always the same of one *seed*."""
    dice = random.Random(seed)
    return [message(dice, number) for number in range(count)]


class Mixed(FaultyServer):
    """Answers ``/3`` with the third of *messages*, in pieces now and then, and notes what it sends by checksums."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__()
        self.messages = messages
        self.sent: dict[int, int] = {}
        """What goes out for each number: the CRC-32 of all of its bytes."""

    def urls(self) -> list[str]:
        return [self.url(f"/{number}") for number in range(len(self.messages))]

    async def answer(self, exchange: Exchange) -> None:
        number = int(exchange.target[1:])
        message = self.messages[number]
        if message.closes:
            exchange.end()
        cut = number * 7 % len(message.wire) if number % 5 == 0 else 0
        parts = [message.wire[:cut], message.wire[cut:]]
        # Noted in front: the client may have all of it, and the test look, before this goes on behind the last part.
        self.sent[number] = zlib.crc32(b"".join(parts))
        for part in filter(None, parts):
            await exchange.send(part)
            await asyncio.sleep(0)
