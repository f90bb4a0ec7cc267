"""Credentials, each bound to one origin: an Authorization field goes where it was meant to go, and nowhere else.

They are looked up by the origin that a URL was parsed to, never by its text (CVE-2024-47081), and are in no repr.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from .._wire.urls import Origin, parse_url
from ..errors import InvalidField, InvalidURL

if TYPE_CHECKING:
    import netrc


class Bearer:
    """A token, for ``auth=``: sent as ``Authorization: Bearer ...`` (RFC 6750)."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        """Raises TypeError, InvalidField for a token that is none."""
        if not isinstance(token, str):
            raise TypeError(f"expected a bearer token as str, got one of {type(token).__name__}")
        if not (token and token.isascii() and token.isprintable() and " " not in token):
            raise InvalidField("expected a bearer token of visible ASCII characters")
        self._token = token

    @property
    def field_value(self) -> str:
        """The value of the Authorization field."""
        return f"Bearer {self._token}"

    def __reduce__(self) -> tuple[type[Bearer], tuple[str]]:
        return Bearer, (self._token,)

    def __eq__(self, other: object) -> bool:
        return self._token == other._token if isinstance(other, Bearer) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._token)

    def __repr__(self) -> str:
        return "Bearer(...)"


class Digest:
    """User and password for digest authentication, for ``auth=`` (RFC 7616); see ``digest.py``.

    Nothing is sent of them until the server has asked, and then only what was made of them for one request.
    """

    __slots__ = ("user_and_password",)

    def __init__(self, user: str, password: str) -> None:
        """Raises TypeError, InvalidField for a user name with control characters."""
        for told in (user, password):
            if not isinstance(told, str):
                raise TypeError(f"expected user and password as str, got one of {type(told).__name__}")
        if any(sign < " " or sign == "\x7f" for sign in user):
            raise InvalidField("expected a user name without control characters")
        self.user_and_password = user, password

    def __reduce__(self) -> tuple[type[Digest], tuple[str, str]]:
        return Digest, self.user_and_password

    def __eq__(self, other: object) -> bool:
        return self.__reduce__() == other.__reduce__() if isinstance(other, Digest) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.user_and_password)

    def __repr__(self) -> str:
        return "Digest(...)"


Auth: TypeAlias = tuple[str, str] | Bearer | Digest
"""(user, password) for basic authentication, a Bearer or a Digest."""


def checked_auth(auth: object) -> str | Digest:
    """Return the value of the Authorization field for *auth*, or itself where that is another each time.

    Raises TypeError, InvalidField.
    """
    return auth if isinstance(auth, Digest) else field_value_of(auth)


def field_value_of(auth: object) -> str:
    """Return the value of the Authorization field for *auth*. Raises TypeError, InvalidField.

    Source: RFC 7617, with UTF-8.
    """
    if isinstance(auth, Bearer):
        return auth.field_value
    if not (isinstance(auth, tuple) and len(auth) == 2 and all(isinstance(part, str) for part in auth)):
        raise TypeError(f"expected auth as (user, password), a Bearer or a Digest, got {type(auth).__name__}")
    user, password = auth
    if ":" in user:
        raise InvalidField(
            "expected a user name without a colon: basic authentication cannot tell it from a password's"
        )
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


class Credentials:
    """The credentials that a pool or fetcher has for some origins."""

    def __init__(
        self, auth: Mapping[str, Auth] | None = None, netrc_file: bool | str | os.PathLike[str] | None = None
    ) -> None:
        """*auth* has origins, ``"https://example.org"``, as keys; *netrc_file* True is the user's own file.

        Raises TypeError, InvalidURL, InvalidField; OSError and netrc.NetrcParseError for the file.
        """
        if auth is not None and not isinstance(auth, Mapping):
            raise TypeError(
                'expected auth as a mapping of origins, {"https://example.org": ("user", "password")}: '
                f"credentials for every host there is would go to every host there is; got one of {type(auth).__name__}"
            )
        self._of: dict[object, str | Digest] = {}
        for url, value in (auth or {}).items():
            try:
                origin, target = parse_url(url)
            except InvalidURL as error:
                raise type(error)(f"a key of auth: {error}") from None
            if target != "/":
                raise ValueError(f"expected an origin, as {origin}, got a URL with more than that")
            self._of[origin.key] = checked_auth(value)
        self._netrc: netrc.netrc | None = None
        if netrc_file is not None and netrc_file is not False:
            import netrc  # few programs have one

            self._netrc = netrc.netrc(None if netrc_file is True else os.fspath(netrc_file))

    def __bool__(self) -> bool:
        return bool(self._of) or self._netrc is not None

    def value_for(self, origin: Origin, *, by_host: bool = True) -> str | Digest | None:
        """Return the value of the Authorization field for *origin*, or the Digest; None where there is nothing for it.

        *by_host*: whether what is known of its host only, whatever the scheme and port, may go there.
        Of a netrc file, what it says of that host; its ``default``, which would go to every host, is not used.
        """
        value = self._of.get(origin.key)
        if value is None and self._netrc is not None and by_host:
            found = self._netrc.hosts.get(origin.host) if origin.host != "default" else None
            if found is not None:
                login, _, password = found
                value = field_value_of((login or "", password or ""))
        return value
