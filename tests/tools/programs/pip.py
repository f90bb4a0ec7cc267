"""pip itself: a wheel is downloaded from an index, and its metadata is read by ranges where the server has them."""

import hashlib
import io
import zipfile

from pip._internal.cli.main import main


def exchange(peer):
    www = peer.folder / "www" / "simple" / "tiny"
    www.mkdir(parents=True)
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in (
            ("tiny.py", "here = True\n" * 9_999),
            ("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"),
            (
                "tiny-1.0.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: none\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            ),
            ("tiny-1.0.dist-info/RECORD", ""),
        ):
            archive.writestr(zipfile.ZipInfo(name), text)
    name, digest = "tiny-1.0-py3-none-any.whl", hashlib.sha256(wheel.getvalue()).hexdigest()
    (www / name).write_bytes(wheel.getvalue())
    (www / "index.html").write_text(f'<!DOCTYPE html><a href="{name}#sha256={digest}">{name}</a>')
    options = [
        "--index-url",
        peer.http + "/simple",
        "--no-deps",
        "--no-cache-dir",
        "-q",
        "--isolated",
        "--disable-pip-version-check",
    ]
    got = main(["download", *options, "-d", str(peer.folder / "got"), "tiny==1.0"])
    missing = main(["download", *options, "-qqq", "--retries", "0", "-d", str(peer.folder / "got"), "none==1.0"])
    files = [
        [file.name, hashlib.sha256(file.read_bytes()).hexdigest() == digest] for file in (peer.folder / "got").iterdir()
    ]
    return [got, missing, files]
