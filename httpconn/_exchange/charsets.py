"""Character encodings as the web has them: which one a label means, and bytes into text.

Source: WHATWG, Encoding. The table of labels is ours, so that a text does not depend on what is installed. Decoding is
by Python's codecs, mended where they differ from the standard's indexes; docs/content.md says what still differs.
Nothing here raises for what a peer has sent, and all of it is linear.

A name that is not in the standard's table may be one of Python's encodings for text. Only listed ones are ever looked
up: of Python's codecs some are for no text (hex, rot13), some raise (idna) or take quadratic time (punycode), and a
name that nobody knows would stay in the interpreter's cache.
"""

from __future__ import annotations

import codecs
import re
import sys
import threading
from collections.abc import Callable, Sequence
from encodings.aliases import aliases
from functools import cache
from typing import Final, TypeAlias

DefaultEncoding: TypeAlias = str | Callable[[bytes], str | None]
"""A name, or what finds one in the content; see ``Settings.default_encoding``."""

UTF_8: Final = "utf-8"

_LABELS: Final = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8",
    "ibm866": "866 cp866 csibm866",
    "iso-8859-2": "csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso-8859-3": "csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso-8859-4": "csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso-8859-5": "csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso-8859-6": (
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 "
        "iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    ),
    "iso-8859-7": (
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 "
        "sun_eu_greek"
    ),
    "iso-8859-8": (
        "csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
        "iso_8859-8:1988 visual"
    ),
    "iso-8859-8-i": "csiso88598i logical",
    "iso-8859-10": "csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13": "iso8859-13 iso885913",
    "iso-8859-14": "iso8859-14 iso885914",
    "iso-8859-15": "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9",
    "iso-8859-16": "",
    "koi8-r": "cskoi8r koi koi8 koi8_r",
    "koi8-u": "koi8-ru",
    "macintosh": "csmacintosh mac x-mac-roman",
    "windows-874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620",
    "windows-1250": "cp1250 x-cp1250",
    "windows-1251": "cp1251 x-cp1251",
    "windows-1252": (
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
        "iso_8859-1:1987 l1 latin1 us-ascii x-cp1252"
    ),
    "windows-1253": "cp1253 x-cp1253",
    "windows-1254": (
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 x-cp1254"
    ),
    "windows-1255": "cp1255 x-cp1255",
    "windows-1256": "cp1256 x-cp1256",
    "windows-1257": "cp1257 x-cp1257",
    "windows-1258": "cp1258 x-cp1258",
    "x-mac-cyrillic": "x-mac-ukrainian",
    "gbk": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk",
    "gb18030": "",
    "big5": "big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc-jp": "cseucpkdfmtjapanese x-euc-jp",
    "iso-2022-jp": "csiso2022jp",
    "shift_jis": "csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis",
    "euc-kr": "cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    "replacement": "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr",
    "utf-16be": "unicodefffe",
    "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16",
    "x-user-defined": "",
}

_PYTHON_NAMES: Final = (
    "big5 big5hkscs cp037 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 "
    "cp861 cp862 cp863 cp864 cp865 cp869 cp875 cp932 cp949 cp950 cp1006 cp1026 cp1125 cp1140 euc_jis_2004 "
    "euc_jisx0213 hp_roman8 johab iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso8859_1 "
    "iso8859_9 iso8859_11 koi8_t kz1048 latin_1 mac_arabic mac_croatian mac_farsi mac_greek mac_iceland "
    "mac_latin2 mac_romanian mac_turkish palmos ptcp154 shift_jis_2004 shift_jisx0213 tis_620 utf_8_sig utf_16_be "
    "utf_16_le utf_32 utf_32_be utf_32_le"
)
_PYTHON_CODECS: Final = frozenset(_PYTHON_NAMES.split())
"""Those that the standard has not, or not under all of their names; each is for text, and linear."""

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)

_MARKS: Final = tuple(mark for mark, _ in _BYTE_ORDER_MARKS)

_BY_LABEL: Final = {label: name for name, labels in _LABELS.items() for label in (name, *labels.split())}


def find(label: str) -> str | None:
    """Return the name of the encoding that *label* means, for ``decode``; None where it means none."""
    label = label.strip("\t\n\f\r ").lower()
    name = _BY_LABEL.get(label)
    if name is None:
        codec = label.replace("-", "_").replace(" ", "_")
        codec = aliases.get(codec, codec)
        name = codec if codec in _PYTHON_CODECS else _BY_CODEC.get(codec)
    return name


def find_for_caller(name: str) -> str:
    """Return the name for ``decode`` of an encoding that the caller asks for: any that Python has for text, or a label.

    Raises LookupError.
    """
    try:
        found = codecs.lookup(name).name
        b"a".decode(found, "replace")  # LookupError for what is not for text; of no byte at all nothing is said
        return found
    except (LookupError, ValueError):
        known = find(name)
        if known is None:
            raise LookupError(f"expected the name of an encoding for text, got {name!r}") from None
        return known


def check_default(default: object) -> None:
    """Raises TypeError, ValueError where *default* is no ``DefaultEncoding`` or None."""
    if isinstance(default, str):
        if find(default) is None:
            raise ValueError(f"expected default_encoding as the name of an encoding for text, got {default!r}")
    elif default is not None and not callable(default):
        raise TypeError(f"expected default_encoding as a name or a callable, got {type(default).__name__}")


def find_by_byte_order_mark(content: bytes) -> str | None:
    """Return the name of the encoding that *content* itself begins to tell."""
    if not content.startswith(_MARKS):
        return None
    return next(name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark))


def find_by_content_type(values: Sequence[str]) -> str | None:
    """Return the name of the encoding that Content-Type tells, None where it tells none that is known.

    *values* are those of all its lines. Of several the last counts, and has the charset of the one before if it is of
    the same type and tells none. Source: Fetch, "extract a MIME type"; laxer with white space and single quotes.
    """
    told_by_all = ", ".join(values)
    known = _KNOWN.get(told_by_all)
    if known is not None:
        return known or None
    found = _find_by_content_type(told_by_all)
    if len(told_by_all) <= _MOST_KNOWN_CHARS:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[told_by_all] = found or ""
    return found


_KNOWN: Final[dict[str, str]] = {}
"""What values of Content-Type tell, "" for nothing: a site has a few, and each of its pages one of them."""
_MOST_KNOWN: Final = 256
_MOST_KNOWN_CHARS: Final = 128


def _find_by_content_type(told_by_all: str) -> str | None:
    essence = charset = None
    for member in _split(told_by_all, ","):
        parts = _split(member, ";")
        found = parts[0].strip().lower()
        if essence is not None and "/" not in found:
            continue
        told = next((value for value in map(_charset_of, parts[1:]) if value is not None), None)
        if found != essence or told is not None:
            charset = told
        essence = found
    return None if charset is None else find(charset)


def _charset_of(parameter: str) -> str | None:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "charset":
        return None
    value = value.strip()
    quoted = _QUOTED(value)
    return value.strip("' \t") if quoted is None else _ESCAPED(r"\1", quoted[1])


_PIECES: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^",;]+|[,;]', re.DOTALL).findall
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)', re.DOTALL).match
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL).sub


def _split(text: str, at: str) -> list[str]:
    """Return what stands between the *at*s that are in no quoted-string."""
    parts: list[list[str]] = [[]]
    for piece in _PIECES(text):
        if piece == at:
            parts.append([])
        else:
            parts[-1].append(piece)
    return ["".join(part) for part in parts]


# -- bytes into text ------------------------------------------------------------------------------------------


def decode(content: bytes, name: str) -> str:
    """Return *content* as text, without a byte order mark; what cannot be decoded becomes U+FFFD.

    *name* is what the functions above return.
    """
    return _decode(content, name).lstrip("\ufeff")


def _decode(content: bytes, name: str) -> str:
    codec = _UNICODE.get(name)
    if codec is not None:
        return content.decode(codec, "replace")
    several = _SEVERAL.get(name)
    if several is not None:
        return several.decode(content)
    if name in _SINGLE:
        return codecs.charmap_decode(content, "replace", _table_of(name))[0]
    if name == "iso-2022-jp":
        return _ISO2022JPIncrementally().decode(content, True)
    if name == "replacement":
        return "\ufffd" if content else ""
    return content.decode(name, "replace")  # one of Python's


def _incremental_decoder(name: str) -> codecs.IncrementalDecoder:
    several = _SEVERAL.get(name)
    if several is not None:
        return _SeveralIncrementally(several)
    if name == "replacement" or name in _SINGLE:
        return _SingleIncrementally(name)
    if name == "iso-2022-jp":
        return _ISO2022JPIncrementally()
    marks = _PYTHON_MARKS.get(name)
    if marks is not None:
        return _MarkedIncrementally(name, *marks)
    return codecs.getincrementaldecoder(_UNICODE.get(name, name))("replace")


def _codec_of(name: str) -> str:
    """Return Python's nearest codec."""
    if name in _SEVERAL:
        return _SEVERAL[name].codec
    return (
        {"iso-2022-jp": "iso2022_jp_ext", "replacement": "ascii"}.get(name)
        or _UNICODE.get(name)
        or _SINGLE.get(name, name)
    )


class TextDecoder:
    """Content that comes in parts into text, as ``decode`` has it of the whole."""

    def __init__(self, name: str, *, looks_for_mark: bool) -> None:
        self._name = name
        self._begin: bytes | None = b"" if looks_for_mark else None  # what may become a byte order mark
        self._decoder = _incremental_decoder(name)
        self._is_at_front = True

    def decode(self, content: bytes, final: bool = False) -> str:
        """Return the text of the next bytes; the beginning of a character waits for its rest, unless it is *final*."""
        if self._begin is not None:
            content, self._begin = self._begin + content, None
            found = find_by_byte_order_mark(content)
            if found is not None:
                self._name, self._decoder = found, _incremental_decoder(found)
            elif not final and any(mark.startswith(content) for mark in _MARKS):
                self._begin = content
                return ""
        text = self._decoder.decode(content, final)
        if self._is_at_front:
            text = text.lstrip("\ufeff")
            self._is_at_front = not text
        return text

    def held(self) -> bytes:
        """Return the bytes that wait for others."""
        return self._begin or self._decoder.getstate()[0]

    def encode(self, text: str) -> bytes:
        """Return the bytes that *text* was, as far as that can be told."""
        return text.encode(_codec_of(self._name), "replace")


_UNICODE: Final = {UTF_8: "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}

_PYTHON_MARKS: Final = {
    **dict.fromkeys(("utf-16", "utf_16"), (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
    **dict.fromkeys(("utf-32", "utf_32"), (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
}
"""Of Python's encodings that are told by a byte order mark: those for little-endian and big-endian."""

_SINGLE: Final = {
    "ibm866": "cp866",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "iso-8859-8-i": "iso8859_8",
    "x-user-defined": "ascii",
    **{name: name.replace("iso-", "iso") for name in _LABELS if name.startswith("iso-8859-") and name[-1] != "i"},
    **{name: name.replace("windows-", "cp") for name in _LABELS if name.startswith("windows-125")},
}
"""Encodings of one byte a character, and Python's codecs for them."""

_BY_CODEC: Final = {
    **{codec.replace("-", "_"): name for name, codec in _UNICODE.items()},
    **{
        codec.replace("-", "_"): name
        for name, codec in _SINGLE.items()
        if name not in ("iso-8859-8-i", "x-user-defined")
    },
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "iso2022_jp": "iso-2022-jp",
    "utf_16": "utf-16le",
}
"""Encodings of the standard by Python's own names, which detectors return; as far as those are no labels."""

_MENDED_BYTES: Final = {("koi8-u", 0xAE): "\u045e", ("koi8-u", 0xBE): "\u040e", ("windows-1255", 0xCA): "\u05ba"}


@cache
def _table_of(name: str) -> str:
    """Return the characters of all 256 bytes; U+FFFE, as Python's codecs have it, for those that are none."""
    codec = _SINGLE[name]
    table = [bytes((byte,)).decode(codec, "replace").replace("\ufffd", "\ufffe") for byte in range(256)]
    for byte in range(0x80, 0xA0):
        if table[byte] == "\ufffe":
            table[byte] = chr(byte)  # the standard's windows-* have a control character there, Microsoft's nothing
    if name == "x-user-defined":
        table[0x80:] = [chr(0xF780 + byte) for byte in range(128)]
    for (mended, byte), character in _MENDED_BYTES.items():
        if mended == name:
            table[byte] = character
    return "".join(table)


_MOST_MENDED: Final = 65_536
"""Sequences of one content that Python's codec has not and that are looked up here, each at the cost of a call."""


class _TooManyMended(Exception):
    pass


class _Left(threading.local):
    count = 0


_left: Final = _Left()


class _Several:
    """An encoding of several bytes a character: a codec of Python's, and what the standard has otherwise."""

    def __init__(self, codec: str, sequence: bytes, found: dict[bytes, str], mended: dict[str, str]) -> None:
        self.codec = codec
        # Of this object alone: a second copy of this module in the process, as tests make one, has its own.
        self.errors = f"httpconn.{codec}.{id(self):x}"
        self._find_sequence = re.compile(sequence + b"|.", re.DOTALL).match
        self._found = found
        self._mended = mended
        codecs.register_error(self.errors, self._handle)

    def decode(self, content: bytes) -> str:
        _left.count = _MOST_MENDED
        try:
            text = self.prepared(content).decode(self.codec, self.errors)
        except _TooManyMended:
            text = content.decode(self.codec, "replace")
        return self.mend(text)

    def prepared(self, content: bytes) -> bytes:
        """Return *content* without what the codec takes for another character."""
        return content

    def mend(self, text: str) -> str:
        for old, new in self._mended.items():
            text = text.replace(old, new)
        return text

    def find(self, sequence: bytes) -> str:
        """Return the text of a sequence that the codec has not."""
        return self._found.get(sequence, "\ufffd")

    def _handle(self, error: UnicodeError) -> tuple[str, int]:
        """As ``codecs.register_error`` has it: one U+FFFD for a whole sequence, and none of the ASCII in it is lost."""
        if not isinstance(error, UnicodeDecodeError):
            try:
                raise error
            finally:
                del error
        _left.count -= 1
        if _left.count < 0:
            raise _TooManyMended
        found = self._find_sequence(error.object, error.start)
        assert found is not None  # an error has a byte
        return self.find(found[0]), found.end()


class _EUCJP(_Several):
    def prepared(self, content: bytes) -> bytes:
        return content.replace(b"\x8f\xa2\xb7", b"\xa1\xc1")  # FULLWIDTH TILDE, for Python an ASCII one

    def find(self, sequence: bytes) -> str:
        """Rows 13, 89 to 92 are those of Shift_JIS (NEC's characters, and IBM's as NEC has them)."""
        if len(sequence) != 2 or sequence[0] not in b"\xad\xf9\xfa\xfb\xfc" or sequence[1] < 0xA1:
            return "\ufffd"
        row, cell = sequence[0] - 0xA1, sequence[1] - 0xA1
        lead, trail = divmod(row * 94 + cell, 188)
        lead += 0x81 if lead < 0x1F else 0xC1
        trail += 0x40 if trail < 0x3F else 0x41
        return bytes((lead, trail)).decode("cp932", "ignore") or "\ufffd"


_GB18030: Final = _Several(
    "gb18030",
    rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][0-9][\x81-\xfe]?\Z|[\x81-\xfe][\x80-\xff]",
    {b"\x80": "\u20ac"},
    {
        "\ue5e5": "\u3000",
        # those of GB 18030-2005 and -2022; the first three change places
        "\u1e3f": "\ud800",  # no decoder gives that
        "\ue7c7": "\u1e3f",
        "\ud800": "\ue7c7",
        **dict(zip("\ue78d\ue78e\ue78f", "\ufe10\ufe12\ufe11", strict=True)),
        **{chr(0xE790 + at): chr(0xFE13 + at) for at in range(7)},
        **dict(zip("\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864", map(chr, range(0x9FB4, 0x9FBC)), strict=True)),
    },
)
_SEVERAL: Final = {
    "gbk": _GB18030,
    "gb18030": _GB18030,
    "big5": _Several(
        "big5hkscs",
        rb"[\x81-\xfe][\x80-\xff]",
        {b"\xa3\xe1": "\u20ac"},
        dict(
            zip(
                "\u2022\uff64\u203e\u223c\u2641\u2609\xa5\xa2\xa3",
                "\u2027\ufe51\xaf\uff5e\u2295\u2299\uffe5\uffe0\uffe1",
                strict=True,
            )
        ),
    ),
    "shift_jis": _Several(
        "cp932",
        rb"[\x81-\x9f\xe0-\xfc][\x80-\xff]",
        {},
        dict.fromkeys("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd"),
    ),
    "euc-jp": _EUCJP(
        "euc_jp",
        rb"\x8f[\xa1-\xfe][\x80-\xff]?|[\x8e\x8f\xa1-\xfe][\x80-\xff]",
        {},
        dict(zip("\u301c\u2016\u2212\xa2\xa3\xac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2", strict=True)),
    ),
    "euc-kr": _Several("cp949", rb"[\x81-\xfe][\x80-\xff]", {}, {}),
}

_ISO_2022_JP: Final = re.compile(rb"\x1b(?:\([BJI]|\$[@B])")
_TWO_BYTE_STATES: Final = (b"\x1b$@", b"\x1b$B")


class _ISO2022JPIncrementally(codecs.IncrementalDecoder):
    """Source: Encoding, section 12.2.1. JIS X 0208 by way of euc-jp."""

    def __init__(self) -> None:
        super().__init__()
        self._state = b"\x1b(B"
        self._follows_escape = False
        self._held = b""

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # codecs takes any buffer
        content, self._held = self._held + content, b""
        parts: list[str] = []
        at = 0
        for escape in _ISO_2022_JP.finditer(content):
            parts += self._run(content[at : escape.start()])
            if self._follows_escape:
                parts.append("\ufffd")  # two escape sequences with nothing between
            self._state, self._follows_escape, at = escape[0], True, escape.end()
        rest = content[at:]
        if not final:
            rest, self._held = self._cut(rest)
        return "".join((*parts, *self._run(rest)))

    def getstate(self) -> tuple[bytes, int]:
        return self._held, 0

    def _run(self, run: bytes) -> tuple[str, ...]:
        if not run:
            return ()
        self._follows_escape = False
        return (_decode_iso_2022_jp_run(run, self._state),)

    def _cut(self, run: bytes) -> tuple[bytes, bytes]:
        """Return *run*, and its last bytes which those that are to come may belong to."""
        size = next((len(begin) for begin in _BEGINS_OF_ESCAPE if run.endswith(begin)), 0)
        if self._state in _TWO_BYTE_STATES and not size:
            # Pairs are counted from the last byte that can be in none.
            size = (len(run) - len(run.rstrip(_OF_PAIRS))) % 2
        return run[: len(run) - size], run[len(run) - size :]


_NOT_ASCII: Final = re.compile("[\x0e\x0f\x1b\x80-\xff]").sub
_PAIR: Final = re.compile(rb"[\x21-\x7e]([\x21-\x7e]?)|.", re.DOTALL).sub
_OF_PAIRS: Final = bytes(range(0x21, 0x7F))
_BEGINS_OF_ESCAPE: Final = (b"\x1b(", b"\x1b$", b"\x1b")
_HALFWIDTH: Final = "".join(chr(0xFF61 + byte - 0x21) if 0x21 <= byte <= 0x5F else "\ufffe" for byte in range(256))


def _decode_iso_2022_jp_run(run: bytes, state: bytes) -> str:
    if state == b"\x1b(I":
        return codecs.charmap_decode(run, "replace", _HALFWIDTH)[0]
    if state in _TWO_BYTE_STATES:
        # 0xFF is an error of one byte in euc-jp.
        pairs = _PAIR(lambda found: bytes(byte | 0x80 for byte in found[0]) if found[1] else b"\xff", run)
        return _decode(pairs, "euc-jp")
    text = _NOT_ASCII("\ufffd", run.decode("latin-1"))
    return text if state == b"\x1b(B" else text.replace("\\", "\xa5").replace("~", "\u203e")


class _SeveralIncrementally(codecs.IncrementalDecoder):
    def __init__(self, encoding: _Several) -> None:
        super().__init__()
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # codecs takes any buffer
        content = self._encoding.prepared(self.getstate()[0] + content)
        self._decoder.reset()
        if final:  # of what is not whole at the end, the codec's own loses all but the first character
            return self._encoding.decode(content)
        _left.count = max(_MOST_MENDED, len(content))  # a part is no more than what has come
        return self._encoding.mend(self._decoder.decode(content))

    def getstate(self) -> tuple[bytes, int]:
        return self._decoder.getstate()[0], 0


class _SingleIncrementally(codecs.IncrementalDecoder):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._has_begun = False

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # codecs takes any buffer
        if self._name == "replacement":  # one U+FFFD, whatever comes
            content, self._has_begun = b"" if self._has_begun else content, self._has_begun or bool(content)
        return _decode(content, self._name)


class _MarkedIncrementally(codecs.IncrementalDecoder):
    """An encoding that is told by a byte order mark; the codec's own raises where there is none."""

    def __init__(self, name: str, little: bytes, big: bytes) -> None:
        super().__init__()
        self._name = name
        self._marks = {little: "le", big: "be"}
        self._begin = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # codecs takes any buffer
        if self._decoder is None:
            content = self._begin + content
            size = len(min(self._marks))
            if len(content) < size and not final:
                self._begin = content
                return ""
            order = self._marks.get(content[:size], f"{sys.byteorder[0]}e")
            self._decoder = codecs.getincrementaldecoder(f"{self._name}-{order}")("replace")
        return self._decoder.decode(content, final)

    def getstate(self) -> tuple[bytes, int]:
        return (self._begin if self._decoder is None else self._decoder.getstate()[0]), 0
