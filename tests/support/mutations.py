"""Messages with a few bytes changed, lost or doubled, in heads and chunks alike."""

from __future__ import annotations

import random
from collections.abc import Sequence

_PIECES = [b"\r", b"\n", b" ", b":", b"0", b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n",
           b"Connection: close\r\n", b"\r\n X", b"\0", b"Content-Encoding: gzip\r\n", b"A: b\r\n", b"-", b"+"]  # fmt: skip


def mutated(dice: random.Random, messages: Sequence[bytes]) -> bytes:
    """Return one of *messages* with one to three changes."""
    data = bytearray(dice.choice(messages))
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data[at] = dice.randrange(256)
            case 1:
                del data[at]
            case 2:
                data[at:at] = dice.choice(_PIECES)
            case 3:
                line = data.find(b"\n", at) + 1
                data[line:line] = dice.choice(_PIECES)
    return bytes(data)
