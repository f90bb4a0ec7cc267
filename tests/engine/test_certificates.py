"""Whose certificates are trusted, by pool and by fetcher, and that no connection serves a request with other settings.

SAFETY's table "Above the connection", the rows of certificates.
"""

from __future__ import annotations

import hashlib
import ssl
import sys
from typing import Any

import pytest
import trustme

from httpconn import FingerprintMismatch

from ..support.clients import client as client
from ..support.proxy_servers import Recording, url_of


def fingerprint_of(certificate: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


def test_cve_2016_0772_a_redirect_loses_no_check(client, named_server_context, client_context, certificate) -> None:
    """A fingerprint is asked for at the next origin too, and one that shows no certificate is not asked at all."""
    fingerprint = fingerprint_of(certificate)
    with Recording(named_server_context) as origin, Recording() as plain:
        origin.redirects["/"] = url_of(plain)
        origin.redirects["/again"] = "/here"
        for where in ("request", "all requests"):
            told = {"fingerprint": fingerprint}
            one = client(context=client_context, **(told if where == "all requests" else {}))
            own = told if where == "request" else {}
            assert one.get(url_of(origin, "https") + "/again", **own).status == 200
            with pytest.raises(FingerprintMismatch, match="shows no certificate"):
                one.get(url_of(origin, "https") + "/", **own)
            with pytest.raises(FingerprintMismatch, match="shows no certificate"):
                one.get(url_of(plain), **own)
        assert not plain.requests


def test_cve_2024_35195_the_key_holds_every_tls_setting(
    client, named_server_context, client_context, certificate
) -> None:
    """A connection that was made without checks is not used for a request that wants them."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    fingerprint = fingerprint_of(certificate)
    with Recording(named_server_context) as origin:
        url = url_of(origin, "https")
        one = client()
        assert one.get(url, context=lax).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url)
        assert one.get(url, context=client_context).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, context=client_context, server_hostname="elsewhere.test")
        with pytest.raises(FingerprintMismatch):
            one.get(url, context=client_context, fingerprint="00" * 32)
        assert one.get(url, context=client_context, fingerprint=fingerprint).status == 200
        before = one.opened
        assert one.get(url, context=client_context, fingerprint=fingerprint.upper()).status == 200
        assert one.get(url, context=client_context).status == 200
        assert one.get(url, context=lax).status == 200
        assert one.opened == before, "each of them is kept, under its own key"


def test_cve_2016_5420_a_client_certificate_is_in_the_key(client, authority, certificate) -> None:
    """A connection that shows a client's certificate carries no request that was to show none, or another."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(asking)
    authority.configure_trust(asking)
    asking.verify_mode = ssl.CERT_OPTIONAL
    known, unknown = ssl.create_default_context(), ssl.create_default_context()
    for context in (known, unknown):
        authority.configure_trust(context)
    authority.issue_cert("client.test").configure_cert(known)

    with Recording(asking) as origin:
        url = url_of(origin, "https")
        one = client()
        for context in (known, unknown, known, unknown):
            one.get(url, context=context)
        assert one.opened == origin.connections == 2


def test_cve_2019_11324_a_given_store_replaces_the_default_one(
    client, named_server_context, authority, tmp_path, monkeypatch
) -> None:
    """The default store trusts the server here, and the one that is given does not."""
    store = tmp_path / "store.pem"
    authority.cert_pem.write_to_path(store)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    given = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trustme.CA().configure_trust(given)
    with Recording(named_server_context) as origin, Recording(named_server_context) as proxy:
        one = client()
        url = url_of(origin, "https")
        assert one.get(url).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, context=given)
        assert one.get(url, proxy=url_of(proxy, "https")).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            client(proxy=url_of(proxy, "https"), proxy_context=given).get(url)


def test_cve_2016_0772_a_wrong_fingerprint_aborts(client, client_context, named_server_context) -> None:
    """For every connection of a client, and also where the context checks nothing."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    with Recording(named_server_context) as origin:
        one = client(fingerprint="AA:" * 31 + "AA")
        for context in (lax, client_context):
            with pytest.raises(FingerprintMismatch, match="expected a certificate with the SHA-256 aaaa"):
                one.get(url_of(origin, "https"), context=context)
        assert not origin.requests
        with Recording() as plain, pytest.raises(FingerprintMismatch, match="shows no certificate"):
            one.get(url_of(plain), fingerprint="aa" * 32)


@pytest.mark.parametrize("fingerprint", ["", "aa", "aa" * 31 + "gg", "aa" * 33, "a:" * 63 + "a", b"aa" * 32])
def test_a_fingerprint_that_is_none(client, fingerprint: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="fingerprint"):
        client(fingerprint=fingerprint)
    with pytest.raises((ValueError, TypeError), match="fingerprint"):
        client().get("https://127.0.0.1:1/", fingerprint=fingerprint)


def test_truststore(client, named_server_context, authority, tmp_path, monkeypatch) -> None:
    """It trusts what the system trusts: here, what is in the file that OpenSSL is told of."""
    pytest.importorskip("truststore")
    if sys.platform != "linux":
        pytest.skip("the system's store is not a file there")
    store = tmp_path / "store.pem"
    authority.cert_pem.write_to_path(store)
    with Recording(named_server_context) as origin:
        url = url_of(origin, "https")
        with pytest.raises(ssl.SSLCertVerificationError):
            client(context="truststore").get(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(store))
        one = client(context="truststore")
        assert one.get(url).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, server_hostname="elsewhere.test")
        with pytest.raises(ValueError, match="truststore"):
            client(context="system")
