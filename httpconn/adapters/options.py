"""Which options of a pool a library's program may give, and which are that library's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .._io.descriptors import most_descriptors
from ..model import Timeout

LEFT_TO_LIBRARY: Final[Mapping[str, str]] = {
    "after_response": "it has hooks of its own",
    "auth": "it has credentials of its own",
    "before_request": "it has hooks of its own",
    "cookies": "it has cookies of its own",
    "default_encoding": "it decodes texts itself",
    "headers": "it has headers of its own",
    "max_content": "it reads the content itself",
    "max_ratio": "it decodes the content itself",
    "netrc": "it reads netrc itself",
    "redirects": "it follows redirects itself",
    "robots": "it asks for each page itself",
    "tolerant_decoding": "it decodes the content itself",
    "trust_env": "it reads the environment itself",
}
"""Options of a pool, and why they would have no effect, or one too many."""

_MOST_CONNECTIONS: Final = 1_000
_SPARE_DESCRIPTORS: Final = 64


def settings_of(options: dict[str, Any], library: str, *, owned: Mapping[str, str] = LEFT_TO_LIBRARY) -> dict[str, Any]:
    """Return the options for a pool that carries what *library* sends. Raises TypeError for one that is the library's.

    Neither requests nor httpx has a thread wait for another one's connection to the same host unless it is told to.
    """
    for name in options.keys() & owned.keys():
        raise TypeError(f"{name}= is {library}'s own business: {owned[name]}")
    given: dict[str, Any] = {"timeout": Timeout(None), **options}
    if given.get("max_connections") is None:
        most = most_descriptors()
        given["max_connections"] = (
            _MOST_CONNECTIONS if most is None else max(1, min(_MOST_CONNECTIONS, most - _SPARE_DESCRIPTORS))
        )
    given.setdefault("per_host", given["max_connections"])
    return {**given, "redirects": 0, "max_content": None, "headers": {}}


class Kept:
    """What has been made of a few keys; a small table that is emptied when it is full."""

    __slots__ = ("_made", "_most")

    def __init__(self, most: int) -> None:
        self._made: dict[Any, Any] = {}
        self._most = most

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what *make* has made for *key*, now or before. Raises what it raises."""
        found = self._made.get(key)
        if found is None:
            found = make()
            if len(self._made) >= self._most:
                self._made.clear()
            self._made[key] = found
        return found
