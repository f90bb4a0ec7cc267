"""A private certificate authority, and contexts for both sides of TLS."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import trustme


def server_context_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's context, with a certificate for *names*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def client_context_for(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context, which trusts the authority as well as whom it trusts by default."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class TLS:
    """A private CA, and contexts for both sides."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.cafile = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.cafile)
        self.server_context = server_context_for(authority, "localhost")

    def wrap(self, sock: socket.socket) -> ssl.SSLSocket:
        return self.server_context.wrap_socket(sock, server_side=True)

    def client_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.cafile)
        if hasattr(ssl, "OP_IGNORE_UNEXPECTED_EOF"):
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        return context
