"""Plain responses to jobs, and which of them have to be judged before anything else is sent.

Compiled too, with the types of ``fast_reading.pxd``.
"""

from __future__ import annotations

from typing import Final

from .._backends.contract import Backend
from .._wire.grammar import Limits
from .._wire.head import ResponseHead
from .._wire.plain import PlainReader
from ..policies.verdict import FIRST_ERROR

_FIRST_ERROR: Final = FIRST_ERROR


class FastReader(PlainReader):
    """Reads the plain responses to certain jobs, and knows from which ones something may follow."""

    __slots__ = ("_judged_from", "_keeps_cookies", "_retried_from")

    def __init__(
        self,
        backend: Backend,
        limits: Limits,
        max_content: int | None,
        judged_from: int,
        retried_from: int,
        keeps_cookies: bool,
        *,
        takes_coded: bool = False,
    ) -> None:
        """What has to be judged: statuses from *judged_from* to 399, those from *retried_from* on, and cookies."""
        PlainReader.__init__(self, backend, limits, max_content, takes_coded=takes_coded)
        self._judged_from = judged_from
        self._retried_from = retried_from
        self._keeps_cookies = keeps_cookies

    def has_to_judge(self, status: int, head: ResponseHead) -> bool:
        """Return whether something may follow from this response: then nothing is sent behind it before that is known.

        Of errors, unlike ``Policies.has_to_judge``, only those which some rule of the request may retry.
        """
        if status >= self._retried_from or self._judged_from <= status < _FIRST_ERROR:
            return True
        return self._keeps_cookies and head.get_joined("set-cookie") is not None
