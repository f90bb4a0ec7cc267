"""A certificate for loopback, made afresh for each run: no private key is kept in the repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Python 3.13 verifies with VERIFY_X509_STRICT:
# what signs itself must say that it may (keyCertSign).
_USAGE = "keyUsage=critical,digitalSignature,keyCertSign"


def make_certificate(folder: Path, more_names: Sequence[str] = ()) -> tuple[Path, Path]:
    """The paths of a new certificate for localhost, 127.0.0.1 and *more_names*, its own CA, and of its private key.

    Raises RuntimeError where the `openssl` command is missing or fails.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise RuntimeError("the `openssl` command makes the TLS server's certificate, and is not on PATH")
    certificate, key = folder / "localhost.pem", folder / "localhost.key"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=localhost", "-days", "2", "-out", str(certificate), "-keyout", str(key)]
    names = ",".join(("DNS:localhost", "IP:127.0.0.1", *(f"DNS:{name}" for name in more_names)))
    for extension in (f"subjectAltName={names}", _USAGE):
        command += ["-addext", extension]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"openssl could not make a certificate:\n{made.stderr.strip()}")
    return certificate, key
