"""Digest access authentication: what a server has asked for, and the answer to it.

A nonce that is known is used for the next request to its origin at once, counted, until the server gives another one.
Source: RFC 7616, and RFC 2617 for servers without ``qop``.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from .._wire.head import ResponseHead, field_values_of
from .auth import Digest

UNAUTHORIZED: Final = 401
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_SESSION: Final = "-SESS"
_MOST_ANSWERS: Final = 3
"""Challenges that one request answers: the first, and those that say that only the nonce was too old."""
_MOST_KNOWN: Final = 10_000

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# What lies between two commas, if these are in no quoted string; one without an end goes to the end.
_elements: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.?)*+"?)++', re.DOTALL).findall
_param: Final = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*({_TOKEN}|"(?:[^"\\]|\\.)*+")', re.DOTALL).fullmatch
_scheme: Final = re.compile(rf"({_TOKEN})(?:[ \t]+(.*))?", re.DOTALL).fullmatch
_has_control: Final = re.compile(r"[\x00-\x1f\x7f]").search

Params: TypeAlias = dict[str, str]
Body: TypeAlias = Callable[[], Iterable[bytes]]


class Session:
    """A nonce, and what belongs to it: what requests to one origin are signed with until there is another one."""

    def __init__(self, hash_name: str, secret: str, params: Params, named: bytes, qop: str) -> None:
        self._hash = hash_name
        self._secret = secret  # H(A1)
        self._params = params
        self._named = named
        self.nonce = params["nonce"]
        self.realm = params["realm"]
        self.qop = qop
        """"auth", "auth-int", or "" for a server that knows neither."""
        self._cnonce = params["cnonce"]
        self._counter = itertools.count(1)

    @classmethod
    def of(cls, user: str, password: str, params: Params) -> Session | None:
        """Return the answer to a challenge; None for an algorithm or quality of protection that is not known here."""
        if not {"realm", "nonce"} <= params.keys() or any(_has_control(value) for value in params.values()):
            return None
        told = params.get("algorithm", "MD5").upper()
        name = _HASHES.get(told.removesuffix(_SESSION), "")
        if name not in hashlib.algorithms_available:
            return None
        offered = {one.strip().lower() for one in params["qop"].split(",")} if "qop" in params else {""}
        # The content is hashed where nothing else will do: it would be read twice.
        qop = next((one for one in ("auth", "auth-int", "") if one in offered), None)
        if qop is None or (not qop and told.endswith(_SESSION)):
            return None
        realm = params["realm"].encode("latin-1")
        secret = _hashed(name, b"%b:%b:%b" % (user.encode(), realm, password.encode()))
        params = {**params, "cnonce": os.urandom(16).hex()}
        if told.endswith(_SESSION):
            secret = _hashed(name, f"{secret}:{params['nonce']}:{params['cnonce']}".encode("latin-1"))
        return cls(name, secret, params, _user_name(name, user, realm, params), qop)

    def renewed(self, nonce: str) -> Session:
        """Return the same with the nonce that the server wants next (nextnonce)."""
        return Session(self._hash, self._secret, {**self._params, "nonce": nonce}, self._named, self.qop)

    def answer(self, method: str, target: str, body: Body | None) -> bytes:
        """Return the value of an Authorization field; *body* gives the content, which counts for auth-int."""
        signed = f"{method}:{target}"
        if self.qop == "auth-int":
            assert body is not None
            signed += f":{_hashed(self._hash, *body())}"
        signed = _hashed(self._hash, signed.encode("latin-1"))
        count = f"{next(self._counter):08x}"
        middle = [count, self._cnonce, self.qop] if self.qop else []
        response = _hashed(self._hash, ":".join((self._secret, self.nonce, *middle, signed)).encode("latin-1"))
        told = [("realm", self.realm), ("nonce", self.nonce), ("uri", target), ("response", response)]
        if "opaque" in self._params:
            told.append(("opaque", self._params["opaque"]))
        parts = [self._named, *(b"%b=%b" % (name.encode(), _quoted(value.encode("latin-1"))) for name, value in told)]
        if "algorithm" in self._params:
            parts.append(b"algorithm=" + self._params["algorithm"].encode("latin-1"))
        if self.qop:
            parts.append(f'qop={self.qop}, nc={count}, cnonce="{self._cnonce}"'.encode())
        return b"Digest " + b", ".join(parts)


class Authentication:
    """What one request sends to be let in, each time that it is sent, and what it learns from the answers."""

    __slots__ = ("_answers", "_body", "_digest", "_key", "_method", "_sent", "_sessions", "_target", "is_challenged")

    def __init__(
        self, sessions: Sessions, digest: Digest, origin: object, method: str, target: str, body: Body | None
    ) -> None:
        """*body* gives what is sent behind the head, None where it cannot be read before."""
        self._sessions = sessions
        self._digest = digest
        self._key = origin, digest
        self._method = method
        self._target = target
        self._body = body
        self._sent: Session | None = None
        self._answers = 0
        self.is_challenged = False
        """Whether the last answer has asked for what can be given: the request is to be sent again."""

    def field_value(self) -> bytes | None:
        """Return the value of the Authorization field for the next sending; None where no nonce is known yet."""
        session = self._sessions.get(self._key)
        if session is not None and session.qop == "auth-int" and self._body is None:
            session = None
        self._sent = session
        return None if session is None else session.answer(self._method, self._target, self._body)

    def take_note(self, head: ResponseHead) -> None:
        """Learn from the *head* of an answer: a challenge, or the nonce that is wanted next."""
        sent, self.is_challenged = self._sent, False
        if head.status == UNAUTHORIZED:
            found, is_stale = self._challenge(head)
            is_refusal = sent is not None and not is_stale and (
                self._answers > 0 or found is None or (found.nonce, found.realm) == (sent.nonce, sent.realm)
            )  # fmt: skip
            if found is not None and not is_refusal and self._answers < _MOST_ANSWERS:
                self._answers += 1
                self.is_challenged = True
                self._sessions.put(self._key, found, sent)
            elif sent is not None:
                self._sessions.forget(self._key, sent)
        elif sent is not None:
            nonce = next((value for name, value in _info(head) if name == "nextnonce"), "")
            if nonce and not _has_control(nonce):
                self._sessions.put(self._key, sent.renewed(nonce))

    def _challenge(self, head: ResponseHead) -> tuple[Session | None, bool]:
        """Return the answer to the first challenge that can be answered, and whether only the nonce was too old."""
        for scheme, params in challenges_of(field_values_of(head, "www-authenticate")):
            session = Session.of(*self._digest.user_and_password, params) if scheme == "digest" else None
            if session is not None and not (session.qop == "auth-int" and self._body is None):
                return session, params.get("stale", "").lower() == "true"
        return None, False


class Sessions:
    """What is known of the nonces of origins, for all requests of a pool or fetcher, whatever their thread."""

    def __init__(self) -> None:
        self._of: dict[Any, Session] = {}

    def get(self, key: object) -> Session | None:
        return self._of.get(key)

    def put(self, key: object, session: Session, refused: Session | None = None) -> None:
        """Have *session* used from now on; but one with that nonce, unless it was *refused*, goes on counting."""
        known = self._of.get(key)
        if known is not None and known is not refused and (known.nonce, known.realm) == (session.nonce, session.realm):
            return
        if known is None and len(self._of) >= _MOST_KNOWN:
            self._of.clear()
        self._of[key] = session

    def forget(self, key: object, session: Session) -> None:
        """Forget *session*, which was refused, unless another one is known by now."""
        if self._of.get(key) is session:
            self._of.pop(key, None)


def challenges_of(values: Iterable[str]) -> Iterator[tuple[str, Params]]:
    """Yield scheme, in lower case, and parameters of each challenge in the *values* of WWW-Authenticate fields.

    Several may stand in one value. One that is malformed, or has a token in the place of parameters (Negotiate), is
    left out. Source: RFC 9110 section 11.6.1.
    """
    for value in values:
        params: Params | None = None
        scheme = ""
        for element in (element.strip(" \t") for element in _elements(value)):
            if not element:
                continue
            begins = None if _param(element) else _scheme(element)
            if begins is not None:
                if params is not None:
                    yield scheme, params
                scheme, params, element = begins[1].lower(), {}, begins[2] or ""
            found = _param(element)
            if found is not None and params is not None:
                params.setdefault(found[1].lower(), _unquoted(found[2]))
            elif begins is None or element:
                params = None  # malformed, or a token in the place of parameters
        if params is not None:
            yield scheme, params


def _info(head: ResponseHead) -> Iterator[tuple[str, str]]:
    """Yield the parameters of Authentication-Info fields. Source: RFC 7615."""
    for value in field_values_of(head, "authentication-info"):
        for element in _elements(value):
            found = _param(element.strip(" \t"))
            if found is not None:
                yield found[1].lower(), _unquoted(found[2])


def _user_name(hash_name: str, user: str, realm: bytes, params: Params) -> bytes:
    """Return how the user is named: as it is in UTF-8, hashed, or encoded where the server knows UTF-8."""
    if params.get("userhash", "").lower() == "true":
        return b'username="%b", userhash=true' % _hashed(hash_name, b"%b:%b" % (user.encode(), realm)).encode()
    if not user.isascii() and params.get("charset", "").upper() == "UTF-8":
        return b"username*=UTF-8''" + quote(user, safe="!#$&+-.^_`|~").encode()
    return b"username=" + _quoted(user.encode())


def _hashed(name: str, *parts: bytes) -> str:
    made = hashlib.new(name, usedforsecurity=False)
    for part in parts:
        made.update(part)
    return made.hexdigest()


def _quoted(value: bytes) -> bytes:
    return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value
