"""What the modules about pool and fetcher share."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from httpconn._engine.many import loop
from httpconn._io import polling


@pytest.fixture(params=["epoll", "selectors"])
def poller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the system is asked what is ready: each way in turn."""
    if request.param == "selectors":
        monkeypatch.setattr(loop, "new_poller", polling.SelectorPoller)


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    """For two names and an address."""
    return authority.issue_cert("localhost", "origin.test", "127.0.0.1")


@pytest.fixture(scope="session")
def certificate_file(certificate: trustme.LeafCert, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That certificate and its key, in PEM."""
    path = tmp_path_factory.mktemp("certificate") / "chain.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def named_server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
