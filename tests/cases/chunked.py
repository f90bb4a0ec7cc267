"""The chunked transfer coding (RFC 9112 section 7.1) and its trailer section (section 7.1.2)."""

from __future__ import annotations

from httpconn import IncompleteRead, MalformedFraming

from . import Answer, BadBody, Case

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GRAMMAR = "RFC 9112 section 7.1"
SIZE = "SAFETY, chunk-size: anything but hex digits"
RANGE = "SAFETY, chunk-size out of range"
END = "SAFETY, anything but CRLF after the data"
EXTENSION = "SAFETY, bare CR or NUL in extensions"
EXTENSION_GRAMMAR = "RFC 9112 section 7.1.1, the grammar of extensions: default lists and closes, strict refuses"
SPACE = "SAFETY, space or HTAB between chunk-size and the line's end"
TRAILERS = "SAFETY, trailer section: validated as fields, kept apart"
CUT = "SAFETY: complete is never True for a message that was cut"
MISSING_END = "test_chunked_missing_end"

LAST = b"0\r\n\r\n"


def good(id: str, body: bytes, expected: bytes, *, rule: str = GRAMMAR, **more) -> Case:
    return Case(id, rule, HEAD + body, Answer(body=expected, **more))


def bad(id: str, body: bytes, arrived: bytes = b"", *, rule: str = SIZE, text: str = "") -> Case:
    """IncompleteRead, exactly that class, with the reason in its cause; in both modes."""
    expected = BadBody(error=IncompleteRead, cause=MalformedFraming, body=arrived, text=text)
    return Case(id, rule, HEAD + body, expected)


def cut(id: str, body: bytes, arrived: bytes = b"") -> Case:
    return Case(id, CUT, HEAD + body, BadBody(error=IncompleteRead, body=arrived), closes=True)


def missing_end(id: str, body: bytes, arrived: bytes) -> Case:
    """The body is whole, and its trailer section is not ended."""
    lax = Answer(body=arrived, complete=False, persists=False)
    return Case(id, MISSING_END, HEAD + body, lax, BadBody(error=IncompleteRead, body=arrived), closes=True)


def lax_trailers(id: str, section: bytes, *kept: tuple[str, str]) -> Case:
    """Malformed trailers are listed and the connection closed; strict refuses, when the body has been given."""
    answer = Answer(body=b"hi", trailers=kept, persists=False, defects=("",))
    refused = BadBody(error=IncompleteRead, cause=MalformedFraming, body=b"hi")
    return Case(id, TRAILERS, HEAD + b"2\r\nhi\r\n0\r\n" + section + b"\r\n", answer, refused, pool=answer)


def lax_extension(id: str, extension: bytes, *, first: bytes = b"", arrived: bytes = b"") -> Case:
    """Passed over, listed and the connection closed; strict refuses, when what came before it has been given."""
    answer = Answer(body=arrived + b"hello", persists=False, defects=("chunk extension",))
    refused = BadBody(error=IncompleteRead, cause=MalformedFraming, body=arrived, text="chunk extension")
    return Case(id, EXTENSION_GRAMMAR, HEAD + first + b"5" + extension + b"\r\nhello\r\n" + LAST, answer, refused,
                pool=answer)  # fmt: skip


CASES = (
    good("empty", LAST, b""),
    good("one", b"5\r\nhello\r\n" + LAST, b"hello"),
    good("three", b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n" + LAST, b"abcdef"),
    good("hex-lower", b"a\r\n0123456789\r\n" + LAST, b"0123456789"),
    good("hex-upper", b"A\r\n0123456789\r\n" + LAST, b"0123456789"),
    good("hex-two-digits", b"1f\r\n" + b"x" * 31 + b"\r\n" + LAST, b"x" * 31),
    good("leading-zeros", b"0005\r\nhello\r\n" + LAST, b"hello"),
    good("many-leading-zeros", b"0" * 40 + b"5\r\nhello\r\n" + LAST, b"hello"),
    good("last-chunk-of-zeros", b"5\r\nhello\r\n0000\r\n\r\n", b"hello"),
    good("data-of-crlf", b"2\r\n\r\n\r\n" + LAST, b"\r\n"),
    good("data-of-last-chunk", b"5\r\n0\r\n\r\n\r\n" + LAST, b"0\r\n\r\n"),
    good("data-of-nuls", b"3\r\n\0\0\0\r\n" + LAST, b"\0\0\0"),
    good("data-every-byte", b"100\r\n" + bytes(range(256)) + b"\r\n" + LAST, bytes(range(256))),
    good("extension", b"5;a=b\r\nhello\r\n0;c\r\n\r\n", b"hello"),
    good("extension-quoted", b'5;a="b;c\\"\t"\r\nhello\r\n' + LAST, b"hello"),
    good("extension-tight", b'5;a=b;c="";d\r\nhello\r\n' + LAST, b"hello"),
    good("extension-token-of-all", b"5;!#$%&'*+-.^_`|~09AZaz=!#\r\nhello\r\n" + LAST, b"hello"),
    good("extension-quoted-obs-text", b'5;a="\xe9\\\xe9"\r\nhello\r\n' + LAST, b"hello"),
    good("extension-quoted-crlf-escaped", b'5;a="\\r\\n"\r\nhello\r\n' + LAST, b"hello"),
    good("extension-of-the-last-chunk", b"5\r\nhello\r\n0;a=b\r\n\r\n", b"hello"),
    lax_extension("extension-empty", b";"),
    lax_extension("extension-two-semicolons", b";;"),
    lax_extension("extension-two-semicolons-among", b";a;;b"),
    lax_extension("extension-semicolon-last", b";a=b;"),
    lax_extension("extension-open-quote", b';a="b'),
    lax_extension("extension-open-quote-escaped", b';a="b\\"'),
    lax_extension("extension-quote-alone", b';"'),
    lax_extension("extension-quoted-name", b';"a"=b'),
    lax_extension("extension-behind-a-quote", b';a="b"c'),
    lax_extension("extension-no-value", b";a="),
    lax_extension("extension-no-value-among", b";a=;b=c"),
    lax_extension("extension-no-name", b";=b"),
    lax_extension("extension-two-words", b";a b"),
    lax_extension("extension-two-values", b";a=b=c"),
    lax_extension("extension-obs-text", b";\xe9"),
    lax_extension("extension-no-token", b";a=(b)"),
    lax_extension("extension-space-alone", b"; "),
    lax_extension("extension-second-chunk", b";;", first=b"2\r\nhi\r\n", arrived=b"hi"),
    good("extension-several", b"5;a;b=c;d\r\nhello\r\n" + LAST, b"hello"),
    good("extension-bws", b"5 ; a = b \r\nhello\r\n" + LAST, b"hello"),
    good("extension-looks-like-a-size", b"5;6\r\nhello\r\n" + LAST, b"hello"),
    good("space-behind-size", b"5 \r\nhello\r\n0 \r\n\r\n", b"hello", rule=SPACE),
    good("spaces-behind-size", b"5      \r\nhello\r\n" + LAST, b"hello", rule=SPACE + "; old IIS pads so"),
    good("tab-behind-size", b"5\t\r\nhello\r\n" + LAST, b"hello", rule=SPACE),
    # -- the trailer section
    good("trailer", b"2\r\nhi\r\n0\r\nA: b\r\n\r\n", b"hi", trailers=(("A", "b"),), rule=TRAILERS),
    good("trailers", b"2\r\nhi\r\n0\r\nA: b\r\nC:d\r\nA: e\r\n\r\n", b"hi",
         trailers=(("A", "b"), ("C", "d"), ("A", "e")), rule=TRAILERS),
    good("trailers-of-nothing", b"0\r\nA: b\r\n\r\n", b"", trailers=(("A", "b"),), rule=TRAILERS),
    good("trailer-empty-value", b"0\r\nA:\r\n\r\n", b"", trailers=(("A", ""),), rule=TRAILERS),
    good("trailer-fold", b"0\r\nA: b\r\n c\r\n\r\n", b"", trailers=(("A", "b\r\n c"),), rule=TRAILERS),
    good("trailer-bare-lf", b"0\r\nA: b\n\r\n", b"", trailers=(("A", "b"),), rule="RFC 9112 section 2.2"),
    good("trailer-length-is-no-framing", b"2\r\nhi\r\n0\r\nContent-Length: 999\r\n\r\n", b"hi",
         trailers=(("Content-Length", "999"),), rule="RFC 9110 section 6.5.1; kept apart"),
    good("trailer-connection-is-none", b"0\r\nConnection: close\r\n\r\n", b"", trailers=(("Connection", "close"),),
         rule="RFC 9110 section 6.5.1; kept apart"),
    lax_trailers("trailer-no-colon", b"garbage\r\n"),
    lax_trailers("trailer-no-colon-among", b"A: b\r\ngarbage\r\nC: d\r\n", ("A", "b"), ("C", "d")),
    lax_trailers("trailer-space-before-colon", b"A : b\r\n"),
    lax_trailers("trailer-nul", b"A: b\0\r\n", ("A", "b\0")),
    lax_trailers("trailer-bare-cr", b"A: b\rC: d\r\n", ("A", "b\rC: d")),
    lax_trailers("trailer-fold-of-nothing", b" A: b\r\n"),
    lax_trailers("trailer-status-line", b"HTTP/1.1 200 OK\r\n"),
    bad("trailer-length-malformed", b"2\r\nhi\r\n0\r\nContent-Length : 9\r\n\r\n", b"hi", rule=TRAILERS),
    bad("trailer-coding-malformed", b"2\r\nhi\r\n0\r\nTransfer-Encoding\0: chunked\r\n\r\n", b"hi", rule=TRAILERS),
    # -- chunk-size
    bad("size-0x", b"0x5\r\nhello\r\n" + LAST, text="0x5"),
    bad("size-plus", b"+5\r\nhello\r\n" + LAST),
    bad("size-minus", b"-5\r\nhello\r\n" + LAST, text="-5"),
    bad("size-minus-zero", b"-0\r\n\r\n"),
    bad("size-underscore", b"1_0\r\n" + b"x" * 16 + b"\r\n" + LAST),
    bad("size-leading-space", b" 5\r\nhello\r\n" + LAST),
    bad("size-leading-tab", b"\t5\r\nhello\r\n" + LAST),
    bad("size-inner-space", b"1 0\r\n" + b"x" * 16 + b"\r\n" + LAST),
    bad("size-empty", b"\r\nhello\r\n" + LAST),
    bad("size-extension-only", b";a=b\r\nhello\r\n" + LAST),
    bad("size-no-hex", b"g\r\nhello\r\n" + LAST),
    bad("size-hex-then-none", b"5g\r\nhello\r\n" + LAST),
    bad("size-comma", b"5,5\r\nhello\r\n" + LAST),
    bad("size-dot", b"5.\r\nhello\r\n" + LAST),
    bad("size-nul", b"5\0\r\nhello\r\n" + LAST),
    bad("size-nul-first", b"\x005\r\nhello\r\n" + LAST),
    bad("size-vt", b"5\x0b\r\nhello\r\n" + LAST),
    bad("size-fullwidth", "\uff15\r\nhello\r\n".encode() + LAST),
    bad("size-superscript", b"\xb2\r\nhello\r\n" + LAST),
    bad("size-second", b"2\r\nhi\r\n0x5\r\nhello\r\n" + LAST, b"hi"),
    bad("size-html", b"<html>\r\n", rule="a server that says chunked and does not"),
    bad("size-plain-text", b"hello world\r\n", rule="a server that says chunked and does not"),
    bad("size-2^63", b"8000000000000000\r\nhello\r\n" + LAST, rule=RANGE),
    bad("size-2^64-1", b"ffffffffffffffff\r\nhello\r\n" + LAST, rule=RANGE),
    bad("size-2^64+5", b"10000000000000005\r\nhello\r\n" + LAST, rule=RANGE),
    bad("size-2^32-times", b"100000000000000000000000000000005\r\nhello\r\n" + LAST, rule=RANGE),
    bad("size-long", b"f" * 300 + b"\r\nhello\r\n" + LAST, rule=RANGE),
    bad("size-line-bare-lf", b"5\nhello\r\n" + LAST, rule=SIZE + " and CRLF"),
    bad("size-line-lf-second", b"2\r\nhi\r\n5\nhello\r\n" + LAST, b"hi", rule=SIZE + " and CRLF"),
    bad("last-chunk-bare-lf", b"2\r\nhi\r\n0\n\r\n", b"hi", rule=SIZE + " and CRLF"),
    bad("size-line-cr-cr-lf", b"5\r\r\nhello\r\n" + LAST),
    bad("extension-bare-cr", b"5;a\rb\r\nhello\r\n" + LAST, rule=EXTENSION),
    bad("extension-nul", b"5;a\0b\r\nhello\r\n" + LAST, rule=EXTENSION),
    bad("extension-control", b"5;a\x01\r\nhello\r\n" + LAST, rule=EXTENSION),
    bad("extension-del", b"5;a\x7f\r\nhello\r\n" + LAST, rule=EXTENSION),
    bad("extension-lf", b"5;a\nb\r\nhello\r\n" + LAST, rule=EXTENSION + "; a bare LF hides a size line in one"),
    bad("extension-without-semicolon", b"5 a=b\r\nhello\r\n" + LAST, rule=EXTENSION),
    bad("last-chunk-extension-nul", b"2\r\nhi\r\n0;\0\r\n\r\n", b"hi", rule=EXTENSION),
    # -- behind the data
    bad("end-bare-lf", b"5\r\nhello\n" + LAST, b"hello", rule=END),
    bad("end-missing", b"5\r\nhello" + LAST, b"hello", rule=END),
    bad("end-other-bytes", b"5\r\nhelloXX" + LAST, b"hello", rule=END + " (aiohttp and others took any two bytes)"),
    bad("end-cr-then-other", b"5\r\nhello\rX" + LAST, b"hello", rule=END),
    bad("end-lf-cr", b"5\r\nhello\n\r" + LAST, b"hello", rule=END),
    bad("end-two-crs", b"5\r\nhello\r\r\n" + LAST, b"hello", rule=END),
    bad("size-too-small", b"4\r\nhello\r\n" + LAST, b"hell", rule=END),
    bad("size-too-large", b"6\r\nhello\r\n" + LAST, b"hello\r", rule=END),
    # -- cut
    cut("cut-at-once", b""),
    cut("cut-in-size", b"5"),
    cut("cut-in-size-line", b"5\r"),
    cut("cut-behind-size-line", b"5\r\n"),
    cut("cut-in-data", b"5\r\nhel", b"hel"),
    cut("cut-behind-data", b"5\r\nhello", b"hello"),
    cut("cut-in-crlf", b"5\r\nhello\r", b"hello"),
    cut("cut-between-chunks", b"5\r\nhello\r\n", b"hello"),
    cut("cut-in-second", b"5\r\nhello\r\n5\r\nwor", b"hellowor"),
    cut("cut-in-last-size", b"5\r\nhello\r\n0", b"hello"),
    cut("cut-in-last-size-line", b"5\r\nhello\r\n0\r", b"hello"),
    cut("cut-huge-chunk", b"7fffffffffffffff\r\nhello", b"hello"),
    cut("cut-in-extension", b"5;a=b", b""),
    missing_end("end-missing-all", b"5\r\nhello\r\n0\r\n", b"hello"),
    missing_end("end-missing-lf", b"5\r\nhello\r\n0\r\n\r", b"hello"),
    missing_end("end-missing-in-trailer", b"5\r\nhello\r\n0\r\nA: b", b"hello"),
    missing_end("end-missing-behind-trailer", b"5\r\nhello\r\n0\r\nA: b\r\n", b"hello"),
    missing_end("end-missing-of-nothing", b"0\r\n", b""),
)  # fmt: skip
