#!/usr/bin/env bash
# What: zstandard 0.25.0 and lz4 4.4.5 answer differently, by the function asked, for frames in a row, a skippable frame in front
#   and an end cut off: `decompress` (both packages), `decompressobj` and `read_to_iter` stop behind the first frame without a
#   word, and a skippable frame is one (an error for zstandard's `decompress`); `zstandard.open`, `stream_reader` (in spite of its
#   default read_across_frames=False) and `copy_stream` read all.
# Expected: RFC 8878 section 3: content is made of frames, skippable ones are passed over; `gzip.decompress`, `bz2.decompress`,
#   `lzma.decompress` (and their `open`) read all members, and raise EOFError where the end is missing. So should every function here.
# Seen: (2026-11-28, Python 3.11.7)
#   decompress           two frames b'aaaa'      skippable first ZstdError cut ZstdError
#   decompressobj        two frames b'aaaa'      skippable first b''       cut b'aaa'      (the rest is in unused_data)
#   read_to_iter         two frames b'aaaa'      skippable first b''       cut b'aaa'
#   stream_reader        two frames b'aaaabbbb'  skippable first b'aaaa'   cut b'aaa'      (copy_stream and zstandard.open too)
#   lz4.frame.decompress two frames b'aaaa'      skippable first b''       cut RuntimeError
#   lz4.frame.open       two frames b'aaaabbbb'  skippable first b'aaaa'   cut EOFError
# Why it matters: pzstd and the seekable format write skippable frames, proxies and log writers append frames: such content comes out
#   empty or short, *as complete*. And zstandard's streaming readers take a cut body for a whole one: compare lengths yourself.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q zstandard==0.25.0 lz4==4.4.5
timeout 120 "$tmp/v/bin/python" - <<'PY'
import bz2, io, platform, struct
import lz4.frame, zstandard

SKIP = struct.pack("<II", 0x184D2A50, 4) + b"note"

def copied(data):
    out = io.BytesIO()
    zstandard.ZstdDecompressor().copy_stream(io.BytesIO(data), out)
    return out.getvalue()

def raised(f, data):
    try:
        return f(data)
    except (zstandard.ZstdError, EOFError, RuntimeError, ValueError) as e:
        return type(e).__name__

ZSTD = {
    "decompress": lambda d: zstandard.ZstdDecompressor().decompress(d),
    "decompressobj": lambda d: zstandard.ZstdDecompressor().decompressobj().decompress(d),
    "read_to_iter": lambda d: b"".join(zstandard.ZstdDecompressor().read_to_iter(d)),
    "stream_reader": lambda d: zstandard.ZstdDecompressor().stream_reader(d).read(),
    "copy_stream": copied,
    "zstandard.open": lambda d: zstandard.open(io.BytesIO(d)).read(),
}
LZ4 = {"lz4.frame.decompress": lz4.frame.decompress, "lz4.frame.open": lambda d: lz4.frame.open(io.BytesIO(d)).read()}
BZ2 = {"bz2.decompress": bz2.decompress, "bz2.open": lambda d: bz2.open(io.BytesIO(d)).read()}
got = {}
for readers, packed in ((ZSTD, zstandard.ZstdCompressor().compress), (LZ4, lz4.frame.compress), (BZ2, bz2.compress)):
    a, b = packed(b"aaaa"), packed(b"bbbb")
    for name, f in readers.items():
        skipped = raised(f, SKIP + a) if readers is not BZ2 else "-"
        got[name] = [raised(f, a + b), skipped, raised(f, a[:-1])]
        print(f"{name:20} two frames {got[name][0]!s:12} skippable first {got[name][1]!s:9} cut {got[name][2]}")
both, first = b"aaaabbbb", b"aaaa"
assert got["bz2.decompress"][0] == both and got["bz2.open"][2] == "EOFError", "control"
assert got["decompress"][:2] == [first, "ZstdError"], "decompress"
assert got["decompressobj"][:2] == got["read_to_iter"][:2] == [first, b""], "first frame only"
for name in ("stream_reader", "copy_stream", "zstandard.open"):
    assert got[name][:2] == [both, first], name
for name in list(ZSTD)[1:]:
    assert isinstance(got[name][2], bytes), (name, "cut, no error")
assert got["lz4.frame.decompress"][:2] == [first, b""] and got["lz4.frame.open"][:2] == [both, first], "lz4"
print("versions", "zstandard", zstandard.__version__, "lz4", lz4.__version__, platform.python_version())
PY
