"""pook, which has interceptors in http.client and in urllib3."""

import asking
import pook


def exchange(peer):
    seen = []
    with pook.use():
        for _ in range(4):
            pook.get("http://mock.example/text", reply=200, response_body="mocked", response_headers={"X-A": "1"})
            pook.get("http://mock.example/missing", reply=404, response_body="gone")
        pook.get("http://mock.example/large", reply=200, response_body="x" * 70_000, times=9)
        pook.post("http://mock.example/echo", reply=200, response_body='{"posted": true}', times=9)
        pook.head("http://mock.example/text", reply=200, times=9)
        paths = ["/text", "/missing"]
        for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests):
            try:
                seen.append(way("http://mock.example", paths))
            except Exception as error:
                seen.append([type(error).__name__, str(error)[:60]])
        seen.append([mock.calls for mock in pook.pending_mocks()])
    return [seen, asking.by_http_client(peer.http)]
