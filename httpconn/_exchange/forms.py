"""Forms as bodies of requests: application/x-www-form-urlencoded, and multipart/form-data where there are files.

Sources: the URL standard, "application/x-www-form-urlencoded serializing"; the HTML standard, "multipart/form-data
encoding algorithm"; RFC 7578. But for one thing: line ends in names and values are sent as they are, where a browser's
form makes each a CRLF.
"""

from __future__ import annotations

import errno
import inspect
import io
import mimetypes
import os
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

from .._wire.urls import checked_pairs
from ..errors import InvalidField
from ..model import Form, Request
from .request_body import (
    ChunkedBody,
    FileBody,
    Framed,
    JoinedBody,
    PathBody,
    Piece,
    as_bytes,
    check_readable,
    extent_of,
    pieces_of,
)

_NO_NAME: Final = "blob"
"""The file name of what has none, as browsers have it. An empty one makes a text field of it for some servers."""


def form_body(request: Request) -> Framed:
    """Return the body of *request*, which has a ``Form``.

    Raises TypeError for what is no form, InvalidField for what is no media type, OSError for a path without a file.
    """
    form: Form = request.body
    if request.json is not None:
        raise TypeError("expected a form or json, got both")
    fields = _fields(form.data)
    if form.files is None:
        data = b"&".join(b"%b=%b" % (_urlencoded(name), _urlencoded(value)) for name, value in fields)
        return data, len(data), "application/x-www-form-urlencoded"
    boundary = os.urandom(16).hex()
    content_type = f"multipart/form-data; boundary={boundary}"
    body = JoinedBody(_multipart(fields, form.files, boundary.encode()))
    if len(body.pieces) == 1:
        [data] = body.parts()
        return data, len(data), content_type
    return body if body.length is not None else ChunkedBody(body.parts()), body.length, content_type


def _multipart(fields: list[tuple[bytes, bytes]], files: Any, boundary: bytes) -> Iterator[Piece]:
    for name, value in fields:
        yield b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n' % (boundary, _escaped(name))
        yield value
        yield b"\r\n"
    for given, file in _repeated(files, "files", list):
        file_name, media_type, content = _file(file, f"files[{given!r:.64}]")
        yield b'--%b\r\nContent-Disposition: form-data; name="%b"' % (boundary, _escaped(_text(given)))
        if file_name is not None:
            yield b'; filename="%b"' % _escaped(_text(file_name))
        if media_type is not None:
            yield b"\r\nContent-Type: %b" % media_type.encode()
        yield b"\r\n\r\n"
        yield content
        yield b"\r\n"
    yield b"--%b--\r\n" % boundary


def _repeated(given: Any, what: str, several: Any) -> list[tuple[Any, Any]]:
    """Return *given*, a mapping or pairs, as pairs; a value of a class of *several* is several, and None is none."""
    pairs = given.items() if isinstance(given, Mapping) else checked_pairs(given, what)
    lists = [(name, value if isinstance(value, several) else [value]) for name, value in pairs]
    return [(name, one) for name, values in lists for one in values if one is not None]


def _fields(data: Any) -> list[tuple[bytes, bytes]]:
    if isinstance(data, (str, bytes, bytearray, memoryview)) or hasattr(data, "read"):
        raise TypeError(f"expected data as a mapping or pairs, got one of {type(data).__name__}: that is a body=")
    pairs = [] if data is None else _repeated(data, "data", (list, tuple))
    return [(_text(name), _text(value, f"data[{name!r:.64}]")) for name, value in pairs]


def _text(value: Any, what: str = "a name of a form") -> bytes:
    """Return a name or value of a form. Raises TypeError for a mapping or file, ValueError for lone surrogates."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (Mapping, os.PathLike)) or hasattr(value, "read"):
        raise TypeError(f"expected {what} as str, got one of {type(value).__name__}; a file goes into files=")
    return str(value).encode()


def _urlencoded(value: bytes) -> bytes:
    return quote_plus(value, safe="*").replace("~", "%7E").encode()


def _escaped(name: bytes) -> bytes:
    """Return *name* as it stands between quotes; a backslash is none of the three that are escaped."""
    return name.replace(b"\n", b"%0A").replace(b"\r", b"%0D").replace(b'"', b"%22")


def _file(given: Any, what: str) -> tuple[Any, Any, Piece]:
    """Return file name, media type and content; None for a name or type that is not told.

    Raises TypeError, ValueError, OSError; *what* it is, is in their texts.
    """
    media_type, name, content = None, _NO_NAME, given
    if isinstance(given, tuple) and 2 <= len(given) <= 3:
        name, content, media_type = (*given, None)[:3]
        content = content.encode() if isinstance(content, str) else content
    else:
        path = given if isinstance(given, os.PathLike) else getattr(given, "name", None)
        if isinstance(path, (str, os.PathLike)):
            name = os.path.basename(os.fspath(path)) or _NO_NAME
    if media_type is None and name is not None:
        found, coding = mimetypes.guess_type(os.fsdecode(name))
        media_type = "application/octet-stream" if found is None or coding is not None else found
    if not (media_type is None or (isinstance(media_type, str) and media_type.isascii() and media_type.isprintable())):
        raise InvalidField(f"expected the media type of {what} as printable ASCII, got {media_type!r:.64}")
    return name, media_type, _content(content, what)


def _content(given: Any, what: str) -> Piece:
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    if isinstance(given, os.PathLike):
        told = os.stat(given)
        if stat.S_ISDIR(told.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(given))
        return PathBody(given, told.st_size if stat.S_ISREG(told.st_mode) else None)
    if isinstance(given, (AsyncIterable, io.TextIOBase)) or inspect.iscoroutinefunction(getattr(given, "read", None)):
        raise TypeError(
            f"expected {what} as a file whose read() gives bytes, not text or something to await, "
            f"got one of {type(given).__name__}"
        )
    if hasattr(given, "read"):
        check_readable(given, what)
        extent = extent_of(given)
        return pieces_of(given) if extent is None else FileBody(given, extent[0], max(extent[1] - extent[0], 0))
    if isinstance(given, (str, tuple, Mapping)) or not isinstance(given, Iterable):
        raise TypeError(
            f"expected {what} as bytes, pathlib.Path, file object, or (file name, one of these, media type), "
            f"got one of {type(given).__name__}"
        )
    return (as_bytes(part) for part in given)
