"""httplib2: its own classes of connections, by http and by https, with a cache and a redirect."""

import os

import httplib2


def exchange(peer):
    seen = []
    for base in (peer.http, peer.https):
        client = httplib2.Http(cache=str(peer.folder / "cache"), timeout=20, ca_certs=os.environ["SSL_CERT_FILE"])
        for path in ("/text", "/chunked", "/gzip", "/missing", "/moved", "/large"):
            response, content = client.request(base + path)
            seen.append(
                [path, response.status, sorted(response.items()), content[:99], type(response.previous).__name__]
            )
        seen.append(client.request(base + "/echo", "POST", body="a=1")[1])
    return seen
