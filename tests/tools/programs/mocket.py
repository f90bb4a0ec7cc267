"""mocket, which puts sockets of its own in the place of the real ones."""

import asking
import mocket
from mocket.mockhttp import Entry


def exchange(peer):
    seen = []
    paths = ["/text", "/missing", "/large"]
    with mocket.Mocketizer(strict_mode=True):
        for path, status, body in (("/text", 200, "mocked"), ("/missing", 404, "gone"), ("/large", 200, "x" * 70_000)):
            Entry.single_register(
                Entry.GET, "http://mock.example" + path, body=body, status=status, headers={"Date": "now"}
            )
        Entry.single_register(Entry.HEAD, "http://mock.example/text", body="", headers={"Date": "now"})
        Entry.single_register(Entry.POST, "http://mock.example/echo", body='{"posted": true}', headers={"Date": "now"})
        ways = (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)
        seen += [way("http://mock.example", paths) for way in ways]
        seen.append([mocket.Mocket.last_request().method, mocket.Mocket.last_request().path])
    return [seen, asking.by_http_client(peer.http)]
