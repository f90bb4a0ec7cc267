"""Content into text: which encoding it is in, and what that means, as the Encoding standard has it."""

from __future__ import annotations

import codecs
import encodings
import json
import pickle
import random
import sys
import zlib
from typing import Any

import pytest

import httpconn
from httpconn import Request, Response
from httpconn._exchange import charsets

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange
from ..support.sites import Asker, Site, each_kind

NAMES = sorted(charsets._LABELS)
BOM = "\ufeff"


class Head:
    """As much of a head as a text needs."""

    def __init__(self, *content_types: str) -> None:
        self._values = list(content_types)
        self.status = 200

    def field_values(self, name: str) -> list[str]:
        assert name == "content-type"
        return self._values


def response(content: bytes, *content_types: str, request: Request | str = "http://a/") -> Response:
    return Response(request, Head(*content_types), content)  # type: ignore[arg-type]


# -- labels ------------------------------------------------------------------------------------------------------


def test_labels_are_those_of_webencodings() -> None:
    """Whose older versions have not all of them."""
    labels = pytest.importorskip("webencodings.labels").LABELS
    for label, name in labels.items():
        assert charsets.find(label) == name, label
        assert charsets.find(f"\t{label.upper()}\r\n ") == name
    assert len(labels) > 200
    assert len(charsets._BY_LABEL) == 228  # as many as the standard has in 2026


def test_labels_are_those_of_w3lib() -> None:
    """Scrapy's own table, where it translates one: it takes Python's names for the same encodings."""
    encoding = pytest.importorskip("w3lib.encoding")
    differing = {}
    for label in charsets._BY_LABEL:
        theirs = encoding.resolve_encoding(label)
        if theirs is None:
            continue
        sample = bytes(range(0x20, 0x7F))
        assert charsets.decode(sample, charsets._BY_LABEL[label]).startswith(sample.decode(theirs, "replace")[:2]) or (
            charsets._BY_LABEL[label] in ("utf-16le", "utf-16be", "replacement")
        ), label
        differing[label] = theirs
    assert len(differing) > 100
    for label, name in {"gb2312": "gb18030", "latin1": "cp1252", "iso-8859-9": "cp1254", "sjis": "cp932"}.items():
        assert encoding.resolve_encoding(label) == name  # and ours:
    assert [charsets.find(label) for label in ("gb2312", "latin1", "iso-8859-9", "sjis")] == [
        "gbk", "windows-1252", "windows-1254", "shift_jis",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("UTF8", "utf-8"),
        ("l1", "windows-1252"),
        ("US-ASCII", "windows-1252"),
        ("tis-620", "windows-874"),
        ("latin-1", "iso8859_1" if encodings.aliases.aliases.get("latin_1") else "latin_1"),
        ("cp437", "cp437"),
        ("IBM850", "cp850"),
        ("utf-32", "utf_32"),
        ("iso8859_5", "iso-8859-5"),
        ("mac_cyrillic", "x-mac-cyrillic"),
        ("MacCyrillic", "x-mac-cyrillic"),
        ("cp874", "windows-874"),
        ("euc_jp", "euc-jp"),
        ("koi8_u", "koi8-u"),
        ("hz-gb-2312", "replacement"),
        ("punycode", None),
        ("idna", None),
        ("hex", None),
        ("rot13", None),
        ("base64", None),
        ("unicode_escape", None),
        ("undefined", None),
        ("mbcs", None),
        ("utf-7", None),
        ("nobody knows", None),
        ("", None),
        ("\xfc\0" * 1000, None),
    ],
)
def test_a_name(label: str, name: str | None) -> None:
    assert charsets.find(label) in (name, "latin_1" if name == "iso8859_1" else name)


def test_what_is_taken_of_pythons_codecs_is_for_text() -> None:
    for name in charsets._PYTHON_CODECS:
        assert codecs.lookup(name)._is_text_encoding, name  # type: ignore[attr-defined]
        for content in (b"", b"abc", bytes(range(256)), b"\xff" * 9):
            assert isinstance(charsets.decode(content, name), str)


def test_a_name_that_nobody_knows_is_not_kept_by_the_interpreter() -> None:
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(200):
        assert charsets.find(f"x-unknown-{number}") is None
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


# -- bytes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("windows-1252", b"\x80\x81\x8d\x8f\x90\x9d\x9f\xff", "€\x81\x8d\x8f\x90\x9dŸÿ"),
        ("windows-1250", b"\x81\x83\x88\x90\x98\x8a", "\x81\x83\x88\x90\x98Š"),
        ("windows-1251", b"\x98\xe9", "\x98й"),
        ("windows-1253", b"\x81\xaa\xd2\xff\xe1", "\x81\ufffd\ufffd\ufffdα"),
        ("windows-1255", b"\xca\xd9\xe0", "\u05ba\ufffdא"),
        ("windows-1257", b"\xa1\xa5\x83", "\ufffd\ufffd\x83"),
        ("windows-874", b"\x81\x85\xdb\xa1", "\x81…\ufffdก"),
        ("iso-8859-2", b"\x81\xb1", "\x81ą"),
        ("iso-8859-6", b"\xa1\xc7", "\ufffdا"),
        ("iso-8859-8-i", b"\xe0\xa1", "א\ufffd"),
        ("koi8-u", b"\xae\xbe\xa4\xc1", "ўЎєа"),
        ("koi8-r", b"\xae\xbe\xc1", "╝╬а"),
        ("macintosh", b"\xdb\xf0\x8a", "€\uf8ffä"),
        ("x-mac-cyrillic", b"\xa2\xb6\xff", "Ґґ€"),
        ("x-user-defined", b"a\x80\xff", "a\uf780\uf7ff"),
        ("replacement", b"whatever <script>", "\ufffd"),
        ("replacement", b"", ""),
        ("utf-16le", "ä\U0001f600".encode("utf-16-le") + b"\x00", "ä\U0001f600\ufffd"),
        ("utf-16be", "ä".encode("utf-16-be") + b"\xd8\x00", "ä\ufffd"),
        ("utf-8", b"\xe2\x82\xe2\x82\xac\xff<", "\ufffd€\ufffd<"),
        ("gbk", b"\x80\xd6\xd0\xa8\xbc\xa6\xd9\xfe\x59\xa3\xa0\xff", "€中\u1e3f\ufe10\u9fb4\u3000\ufffd"),
        ("gb18030", b"\x81\x35\xf4\x37\x82\x35\x90\x37\x81\x30", "\ue7c7\u9fb4\ufffd"),
        ("gb18030", b"\x81\x30\x81<\xfe\xff<\x81<", "\ufffd0\ufffd<\ufffd<\ufffd<"),
        ("big5", b"\xa4\xa4\xa3\xe1\xa1\x45\xa2\x46\x88\x62", "中€‧￠Ê̄"),
        ("big5", b"\xa4<\xff\xa4", "\ufffd<\ufffd\ufffd"),
        ("shift_jis", b"\x82\xa0\x87\x40\xb1\x80\xa0\xfd\x81\x60\x81<", "あ①ｱ\x80\ufffd\ufffd～\ufffd<"),
        ("euc-jp", b"\xa4\xa2\xad\xa1\xad\xea\x8e\xb1\xa1\xc1\xa1\xdd\xa1\xf1", "あ①㈱ｱ～－￠"),
        ("euc-jp", b"\x8f\xb0\xa1\x8f\xa2\xb7\xfd\xfe\xa4<\xa4", "丂～\ufffd\ufffd<\ufffd"),
        ("iso-2022-jp", b"a\x1b$B$\"-!\x1b(I1\x1b(J\\~\x1b(B\\\xff", "aあ①ｱ¥‾\\\ufffd"),
        ("iso-2022-jp", b"\x1b$B$\x1b(B<\x1b(J\x1b(Bx", "\ufffd<\ufffdx"),
        ("euc-kr", b"\xb0\xa1\x8c\x63\xc9\xa1<\xb0<", "가똠\ufffd<\ufffd<"),
        ("cp437", b"\x80\xff", "Ç\xa0"),
    ],
)  # fmt: skip
def test_decoded(name: str, content: bytes, text: str) -> None:
    """As the standard's indexes and decoders have it, where Python's codecs have another, or none, too."""
    assert charsets.decode(content, name) == text
    assert response(content, f"text/html; charset={name}").text == text


def crc_of(name: str, contents: list[bytes]) -> int:
    return zlib.crc32(
        "\0".join(charsets.decode(content, name) for content in contents).encode("utf-8", "surrogatepass")
    )


PAIRS = [bytes((lead, trail)) for lead in range(0x80, 0x100) for trail in range(0x100)]


@pytest.mark.parametrize(
    "name",
    ["big5", "euc-jp", "euc-kr", "gb18030", "iso-2022-jp", "shift_jis", "windows-1252", "utf-8", "x-user-defined"],
)
def test_nothing_raises_and_no_ascii_is_lost(name: str) -> None:
    for pair in PAIRS:
        text = charsets.decode(b"<" + pair + b">", name)
        assert text[0] == "<"
        assert text[-1] == ">" or name in ("gb18030", "iso-2022-jp") or pair[1] >= 0x80
        if pair[1] in b"<>\"'&/":  # a byte that ends a tag is no part of a character
            assert chr(pair[1]) in text[1:-1]


def test_names_of_detectors_are_known() -> None:
    """Those are Python's own, for the encodings of the standard too; the standard has these three as no encoding."""
    names = pytest.importorskip("charset_normalizer.constant").IANA_SUPPORTED
    assert {name for name in names if charsets.find(name) is None} <= {"hz", "iso2022_kr", "utf_7"}
    for name in ("utf_8", "cp1252", "iso8859_2", "koi8_r", "euc_kr", "iso2022_jp", "mac_roman", "gb18030", "shift_jis"):
        text = "Text, 1\n"
        assert response(text.encode(name), request=Request("GET", "http://a/", default_encoding=name)).text == text


def read_in_parts(content: bytes, name: str, rng: random.Random) -> str:
    decoder, parts = charsets.TextDecoder(name, looks_for_mark=False), []
    while content:
        step = rng.choice((1, 1, 2, 3, 7))
        parts.append(decoder.decode(content[:step]))
        content = content[step:]
    return "".join((*parts, decoder.decode(b"", True)))


@pytest.mark.parametrize("name", sorted({*NAMES, *charsets._PYTHON_CODECS}))
def test_short_texts_in_parts_as_in_one(name: str) -> None:
    """Whatever stands at their ends, and whatever bytes the encoding gives a meaning."""
    rng = random.Random(name)
    telling = b"\x81\x8f\xa2\xb7\x30\x39\x1b\x1b($@BJI!~\\abA\xff\xfe\xa4\x40\0"
    for _ in range(150):
        of = rng.choice((telling, bytes(range(256))))
        content = bytes(rng.choices(of, k=rng.choice((1, 2, 3, 5, 9, 20))))
        assert read_in_parts(content, name, rng) == charsets.decode(content, name), content


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("euc-jp", b"a\x8f\xa2\xb7b", "a\uff5eb"),
        ("gbk", b"a\xff0", "a\ufffd0"),
        ("gbk", b"a\x810\x81", "a\ufffd"),
        ("iso-2022-jp", b'\x1b$B-!$"\x1b(B<\x1b(J\x1b(Bx\x1b', "①あ<\ufffdx\ufffd"),
        ("utf_32", "aä".encode("utf-32-le"), "aä"),
        ("utf_32", codecs.BOM_UTF32_BE + "aä".encode("utf-32-be"), "aä"),
        ("utf_32", b"a\0", "\ufffd"),
        ("utf-16", "aä".encode("utf-16-le"), "aä"),
    ],
)
def test_what_codecs_for_parts_have_otherwise(name: str, content: bytes, text: str) -> None:
    if name in ("utf_32", "utf-16") and sys.byteorder == "big" and len(content) > 2:
        pytest.skip("without a mark it is this machine's order")
    assert charsets.decode(content, name) == text
    for seed in range(8):
        assert read_in_parts(content, name, random.Random(seed)) == text


@pytest.mark.slow
def test_as_many_errors_as_bytes_in_one_part() -> None:
    for name in charsets._SEVERAL:
        decoder = charsets.TextDecoder(name, looks_for_mark=False)
        text = decoder.decode(b"\x81") + decoder.decode(b"\xff" * 70_000) + decoder.decode(b"", True)
        assert set(text) <= {"\ufffd", "\uf8f3"}


@pytest.mark.parametrize(
    ("name", "held"), [("gbk", b"\xd6"), ("euc-jp", b"\x8f\xa2"), ("shift_jis", b"\x93"), ("iso-2022-jp", b"\x1b$"),
                      ("utf_32", b"a\0"), ("utf-8", b"\xe4\xb8")]
)  # fmt: skip
def test_what_waits_for_more_is_told(name: str, held: bytes) -> None:
    decoder = charsets.TextDecoder(name, looks_for_mark=False)
    assert decoder.decode(held) == ""
    assert decoder.held() == held


@pytest.mark.parametrize("size", [100_000, 400_000])
@pytest.mark.slow
def test_iso_2022_jp_in_parts_is_linear(size: int) -> None:
    """Pairs are counted from the last byte that can be in none, which may be far away."""
    decoder = charsets.TextDecoder("iso-2022-jp", looks_for_mark=False)
    assert decoder.decode(b"\x1b$B" + b'$"' * size + b"\n") == "あ" * size + "\ufffd"


@pytest.mark.parametrize("name", NAMES)
def test_in_parts_as_in_one(name: str) -> None:
    rng = random.Random(name)
    content = rng.randbytes(300) + "text ä 中 あ 가 €".encode("gb18030") + rng.randbytes(300) + b"\x8f"
    for mark in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF8[:2]):
        for is_certain in (False, True):
            sent, parts = mark + content, []
            decoder = charsets.TextDecoder(name, looks_for_mark=not is_certain)
            while sent:
                step = rng.randint(1, 40 if len(parts) > 4 else 2)
                parts.append(decoder.decode(sent[:step]))
                sent = sent[step:]
            parts.append(decoder.decode(b"", True))
            told = charsets.find_by_byte_order_mark(mark) if not is_certain else None
            assert "".join(parts) == charsets.decode(mark + content, told or name)
            assert isinstance(decoder.encode("text"), bytes)
            assert not decoder.held()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_mark_in_a_stream(new_pool: Maker, size: int) -> None:
    page = codecs.BOM_UTF8 + "ä\n中".encode()

    async def served(exchange: Exchange) -> None:
        await exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=koi8-r\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for at in range(0, len(page), size):
            part = page[at : at + size]
            await exchange.send(b"%x\r\n%b\r\n" % (len(part), part))
        await exchange.send(b"0\r\n\r\n")

    class Pieces(Site):
        async def answer(self, exchange: Exchange) -> None:
            await served(exchange)

    with Pieces() as site, new_pool() as pool:
        with pool.request("GET", site.url("/"), stream=True) as found:
            assert list(found.iter_lines()) == ["ä", "中"]
        with pool.request("GET", site.url("/"), stream=True) as found:
            assert "".join(found.iter_text()) == "ä\n中"
        with pool.request("GET", site.url("/"), stream=True) as found:
            found.encoding = "latin-1"
            assert "".join(found.iter_text()) == page.decode("latin-1")


def test_many_errors_are_no_call_each() -> None:
    """The first 65,536 sequences that Python has not are looked up; with more, all of them are U+FFFD."""
    most = charsets._MOST_MENDED
    assert charsets.decode(b"\x80" * most, "gbk") == "€" * most
    assert charsets.decode(b"\x80" * (most + 1), "gbk") == "\ufffd" * (most + 1)


# -- which one ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["text/html; charset=utf-8"], "utf-8"),
        (["text/html;charset=UTF-8"], "utf-8"),
        (['text/html; charset="windows-1251"'], "windows-1251"),
        (["text/html; charset='windows-1251'"], "windows-1251"),
        (["text/html; charset = koi8-r ; x=y"], "koi8-r"),
        (["text/html; boundary=\"; charset=utf-8\"; charset=koi8-r"], "koi8-r"),
        (['text/html; charset="koi8\\-r"'], "koi8-r"),
        (["text/html; charset=koi8-r; charset=utf-8"], "koi8-r"),
        (["text/html; charset=koi8-r, text/html"], "koi8-r"),
        (["text/html; charset=koi8-r", "text/html"], "koi8-r"),
        (["text/html; charset=koi8-r", "text/plain"], None),
        (["text/html; charset=koi8-r", "text/plain; charset=big5"], "big5"),
        (["text; charset=koi8-r"], "koi8-r"),
        (["text/html; charset=koi8-r, junk"], "koi8-r"),
        (["text/html; charset=none"], None),
        (["text/html; charset=punycode"], None),
        (["text/html; charset="], None),
        (['text/html; charset="utf-8'], "utf-8"),
        (["text/html; charset*=punycode''abc"], None),
        (["text/html"], None),
        ([""], None),
        ([], None),
        (['"' * 50_000], None),
        ([";=" * 50_000 + "\\" * 50_000], None),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_the_charset_of_content_type(values: list[str], name: str | None) -> None:
    assert charsets.find_by_content_type(values) == name
    assert response(b"", *values).encoding == (name or "utf-8")


@pytest.mark.parametrize(
    ("mark", "name", "codec"),
    [(codecs.BOM_UTF8, "utf-8", "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le", "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16be", "utf-16-be")],
)  # fmt: skip
def test_a_byte_order_mark_goes_first(mark: bytes, name: str, codec: str) -> None:
    """In front of Content-Type, and of what a caller's function says; and it is no part of the text."""
    content = mark + "ä text".encode(codec)
    for content_type in ("text/html", "text/html; charset=koi8-r", f"text/html; charset={name}"):
        found = response(content, content_type, request=Request("GET", "http://a/", default_encoding="big5"))
        assert found.encoding == name
        assert found.text == "ä text"


@pytest.mark.parametrize("name", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "gb18030"])
def test_no_mark_is_left_at_the_front(name: str) -> None:
    found = response((BOM + "text").encode(name))
    found.encoding = name
    assert found.text == "text"


def test_the_encoding_may_be_set() -> None:
    """By any name that Python has, with Python's meaning; what has been set counts, whatever the content says."""
    found = response(codecs.BOM_UTF8 + b"\xc3\xa4\x81", "text/html; charset=utf-8")
    for value, name, text in (
        ("latin-1", "iso8859-1", "ï»¿Ã¤\x81"),
        ("iso-8859-1", "iso8859-1", "ï»¿Ã¤\x81"),
        ("cp1252", "cp1252", "ï»¿Ã¤\ufffd"),
        ("UTF8", "utf-8", "ä\ufffd"),
        ("windows-1252", "cp1252", "ï»¿Ã¤\ufffd"),
        ("x-user-defined", "x-user-defined", "\uf7ef\uf7bb\uf7bf\uf7c3\uf7a4\uf781"),
    ):
        found.encoding = value
        assert found.encoding == name
        assert found.text == text
    for value in ("nobody knows", "hex", "rot13"):
        with pytest.raises(LookupError):
            found.encoding = value
    assert found.encoding == "x-user-defined"


@pytest.mark.parametrize(
    "charset", ["punycode", "hex", "idna", "rot13", "base64", "undefined", "unicode_escape", "uu", "x" * 5000, "\0", ""]
)
def test_text_never_raises(charset: str) -> None:
    content = b"ab-\xff\xc3\xa4" * 50_000
    found = response(content, f"text/html; charset={charset}")
    assert found.encoding == "utf-8"
    assert found.text == content.decode("utf-8", "replace")


# -- what is tried where nothing is told -----------------------------------------------------------------------------


def declared(content: bytes) -> str | None:
    """As a caller's function may look for it."""
    at = content.find(b"charset=")
    return content[at + 8 :].partition(b">")[0].decode("latin-1") if at >= 0 else None


PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/told": (200, {"Content-Type": "text/html; charset=koi8-r"}, "страница".encode("koi8-r")),
    "/declared": (200, {"Content-Type": "text/html"}, b"<meta charset=gb2312>" + "中".encode("gbk")),
    "/wrong": (200, {}, b"<meta charset=punycode>\xc3\xa4"),
    "/nothing": (200, {}, b"\xc3\xa4"),
    "/coded": (200, {"Content-Encoding": "gzip"}, b""),
}


@each_kind
def test_default_encoding(kind: str) -> None:
    asked: list[bytes] = []

    def find(content: bytes) -> str | None:
        asked.append(content)
        return declared(content)

    with Site(PAGES) as site:
        with Asker(kind, default_encoding=find) as ask:
            assert ask(site.url("/told")).text == "страница"
            assert not asked  # it was told
            assert ask(site.url("/declared")).text == "<meta charset=gb2312>中"
            assert ask(site.url("/wrong")).text.endswith(">ä")
            found = ask(site.url("/nothing"))
            assert found.text == found.text == "ä"
            assert asked[-1:] == [b"\xc3\xa4"]
            assert len(asked) == 3
            request = Request("GET", site.url("/nothing"), default_encoding="latin1")
            assert ask(request).text == "Ã¤"
            assert len(asked) == 3
        with Asker(kind, default_encoding="windows-1251") as ask:
            for _ in range(3):
                found = ask(site.url("/nothing"))
                assert (found.text, found.encoding) == ("Г¤", "windows-1251")
            assert ask(Request("GET", site.url("/nothing"), default_encoding=lambda _: None)).text == "ä"
            assert ask(site.url("/told")).encoding == "koi8-r"


@pytest.mark.parametrize("ordered", [False, True])
def test_default_encoding_on_every_road(fetch_many: FetchMany, ordered: bool) -> None:
    """Also of responses that the compiled road makes, and of those that it hands on."""
    with Site(PAGES) as site:
        options: dict[str, Any] = {"default_encoding": "windows-1251", "per_host": 2, "ordered": ordered}
        urls = [site.url(f"/{path}?{number}") for number in range(30) for path in ("nothing", "told")]
        for found in fetch_many(urls, **options):
            assert found.text == ("Г¤" if "/nothing" in found.url else "страница")
        for found in fetch_many(urls[:3], per_host=1):
            assert found.text == ("ä" if "/nothing" in found.url else "страница")


def test_a_response_pickles_with_the_encoding_that_was_found(new_pool: Maker) -> None:
    with Site(PAGES) as site, new_pool(default_encoding=lambda content: declared(content)) as pool:
        found = pickle.loads(pickle.dumps(pool.get(site.url("/declared"))))
        assert found.text == "<meta charset=gb2312>中"
        assert found.encoding == "gbk"


def test_what_is_no_default_encoding() -> None:
    for wrong, error in (("hex", ValueError), ("nobody", ValueError), (8, TypeError), (b"utf-8", TypeError)):
        for make in (httpconn.ConnectionPool, httpconn.Fetcher, httpconn.AsyncClient):
            with pytest.raises(error, match="default_encoding"):
                make(default_encoding=wrong)  # type: ignore[arg-type]
        with pytest.raises(error, match="default_encoding"):
            Request("GET", "http://a/", default_encoding=wrong)  # type: ignore[arg-type]


def test_what_a_callers_function_raises_is_the_callers() -> None:
    def find(_: bytes) -> str:
        raise OSError("no detector here")

    found = response(b"\xe4", request=Request("GET", "http://a/", default_encoding=find))
    with pytest.raises(OSError, match="no detector"):
        _ = found.text


def test_the_text_of_a_streamed_response(new_pool: Maker) -> None:
    """It is read for it; before, the encoding is what the head says."""
    pages = {"/": (200, {"Content-Type": "text/html; charset=koi8-r"}, codecs.BOM_UTF8 + b"\xc3\xa4")}
    with Site(pages) as site, new_pool() as pool:
        with pool.request("GET", site.url("/"), stream=True) as found:
            assert found.encoding == "koi8-r"
            assert found.text == "ä"
            assert found.encoding == "utf-8"


# -- JSON ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_json(codec: str) -> None:
    data = {"ä": ["\U0001f600", 1.5]}
    assert response(json.dumps(data, ensure_ascii=False).encode(codec), "application/json; charset=x").json() == data


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000])
def test_json_that_is_nested_too_deep_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError):
        response(content).json()


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"\xff\xfe\x00", b"nope"])
def test_json_that_is_none(content: bytes) -> None:
    with pytest.raises(ValueError):
        response(content).json()
