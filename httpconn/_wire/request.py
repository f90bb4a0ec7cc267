"""The head of a request as bytes, and what may not stand in it.

A head is made in one of two ways. ``RequestHeads`` of ``plain_request.py`` takes the fields as they are given and does
all at once; it answers only for what is certainly valid, and declines the rest (None). ``serialize_request_head`` joins
lines that ``encode_field_line`` has made and checked one by one, with http.client's exceptions. Both give the same
bytes for the same request, and a test holds them to that.

Refused by both: CR, LF, NUL and the other control characters anywhere but for a fold (CRLF and white space)
in a value, and white space in a method or target (CVE-2016-5699, CVE-2019-9740, CVE-2019-9947,
CVE-2019-18348, CVE-2020-26116). Error texts name the field, never its value: values are credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..errors import InvalidField, InvalidURL, quote
from .annotations import Final
from .grammar import RE_FIELD_BYTE, RE_TCHAR

_control_in_target: Final = re.compile("[\x00-\x20\x7f]").search
_control_in_method: Final = re.compile("[\x00-\x20\x7f]").search
# http.client allows more than tokens in names (its suite asserts white space inside, and obs-text); controls,
# white space in front and colons are refused.
_is_lenient_name: Final = re.compile(rb"[!-9;-~\x80-\xff][ -9;-~\x80-\xff]*+").fullmatch
_is_strict_name: Final = re.compile(RE_TCHAR + rb"++").fullmatch
_is_value: Final = re.compile(rb"(?:" + RE_FIELD_BYTE + rb"|\r\n[\t ])*+").fullmatch
_bad_value_byte: Final = re.compile(rb"\r(?!\n[\t ])|(?<!\r)\n|\n(?![\t ])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").search

_are_tchars: Final = re.compile(f"{RE_TCHAR.decode('latin-1')}*+").fullmatch


def validate_method(method: str, strict: bool = False) -> None:
    """Raise ValueError for a method with a control character or white space; with *strict*, for one that is no token.

    Source: http.client, _validate_method (which lets white space pass); RFC 9110 section 9.1.
    """
    if strict and not (method and _are_tchars(method)) and method.isascii():
        raise ValueError(f"expected a token as method, got {quote(method)}")
    match = _control_in_method(method)
    if match:
        raise ValueError(f"method can't contain control characters. {quote(method)} (found at least {match[0]!r})")


def validate_target(target: str) -> None:
    """Raise InvalidURL for a request-target with a control character or white space.

    Source: http.client, _validate_path.
    """
    match = _control_in_target(target)
    if match:
        raise InvalidURL(f"URL can't contain control characters. {quote(target)} (found at least {match[0]!r})")


def validate_host(host: str) -> None:
    """Raise InvalidURL for a host with a control character or white space.

    Source: http.client, _validate_host.
    """
    match = _control_in_target(host)
    if match:
        raise InvalidURL(f"URL can't contain control characters. {quote(host)} (found at least {match[0]!r})")


def encode_field_line(name: str | bytes, values: Sequence[str | bytes | int], strict: bool) -> bytes:
    """Return ``name: value`` without its line end; more than one value become continuation lines.

    Raises InvalidField (a ValueError) for an illegal name or value, UnicodeEncodeError where the name is not
    ASCII or a value not Latin-1. Source: http.client, putheader.
    """
    if isinstance(name, str):
        name = name.encode("ascii")
    if not (_is_strict_name if strict else _is_lenient_name)(name):
        raise InvalidField(f"Invalid header name {quote(name)}")
    encoded = []
    for value in values:
        if hasattr(value, "encode"):
            value = value.encode("latin-1")
        elif isinstance(value, int):
            value = str(value).encode("ascii")
        try:
            is_value = _is_value(value)
        except TypeError:
            raise TypeError(
                f"expected the value of the field {quote(name)} as str, bytes or int, got {type(value).__name__}"
            ) from None
        if not is_value:
            found = _bad_value_byte(value)
            where = f": {found[0]!r} at offset {found.start()}" if found else ""
            raise InvalidField(f"Invalid header value for {quote(name)}{where}")
        if strict and (b" " in value or b"\t" in value) and name.lower() == b"host":
            raise InvalidField("a Host has no white space (RFC 9110 section 7.2)")
        encoded.append(value)
    return name + b": " + b"\r\n\t".join(encoded)


def serialize_request_head(
    method: str, target: str, lines: Iterable[bytes], *, version: str = "HTTP/1.1", strict: bool = False
) -> bytes:
    """Return the head of a request: its request-line, field *lines* that have their line ends, and the empty line.

    Raises what ``validate_method`` and ``validate_target`` raise, and ValueError for a method that is not ASCII, before
    any of the lines is taken.
    """
    validate_method(method, strict)
    if not method.isascii():
        raise ValueError(f"expected a method in ASCII, got {quote(method)}")
    validate_target(target)
    return b"".join((f"{method} {target} {version}\r\n".encode("ascii"), *lines, b"\r\n"))


def encode_told_field_line(name: str | bytes, value: str | bytes | int) -> bytes:
    """As ``encode_field_line`` in strict mode. Raises InvalidField also for what is not ASCII or Latin-1.

    Of the value one character is told: the rest may be a secret.
    """
    try:
        return encode_field_line(name, (value,), True)
    except UnicodeEncodeError as error:
        found = f"{error.object[error.start]!r} at offset {error.start}"
    if isinstance(name, str) and not name.isascii():
        raise InvalidField(f"expected the name of a field in ASCII, got {found} in {quote(name)}")
    raise InvalidField(
        f"expected the value of the field {quote(name)} in Latin-1, got {found}; bytes go out as they are"
    )


def frame_target(start: bytes, text: str, at: int, end: bytes) -> bytes | None:
    """Return *start*, what *text* has from *at* on, and *end*.

    None where the text is not of ASCII, or that part of it not of visible characters, one or more.
    """
    if type(text) is not str or not text.isascii():
        return None
    target = text[at:]
    return b"".join((start, target.encode(), end)) if target and target.isprintable() and " " not in target else None


def expects_continue(lines: Iterable[bytes]) -> bool:
    """Return whether one of these field lines says that the body waits for a 100.

    Source: RFC 9110 section 10.1.1.
    """
    return _has_member(lines, b"expect", b"100-continue")


def asks_to_close(lines: Iterable[bytes]) -> bool:
    """Return whether one of these field lines says that this is the last request on its connection.

    Source: RFC 9112 section 9.6.
    """
    return _has_member(lines, b"connection", b"close")


def _has_member(lines: Iterable[bytes], wanted: bytes, member: bytes) -> bool:
    """Return whether a field of the name *wanted* has *member* in its list, in any case."""
    fields = (line.partition(b":") for line in lines)
    return any(
        name.strip().lower() == wanted and member in [item.strip().lower() for item in value.split(b",")]
        for name, _, value in fields
    )


def host_field_value(host: str, port: int | None, default_port: int | None) -> bytes:
    """Return the value of the Host field for a connection to *host*, as http.client writes it."""
    try:
        encoded = host.encode("ascii")
    except UnicodeEncodeError:
        encoded = host.encode("idna")
    if ":" in host:
        encoded = strip_ipv6_scope(b"[" + encoded + b"]" if not encoded.startswith(b"[") else encoded)
    return encoded if port == default_port else encoded + f":{port}".encode("ascii")


def strip_ipv6_scope(host: bytes) -> bytes:
    """Return *host* without the scope of a bracketed IPv6 address: it means something on this machine only."""
    address, percent, _ = host.partition(b"%")
    return address + b"]" if percent and host.startswith(b"[") else host
