"""responses: mocks at the adapter of requests, and calls that are let through."""

import asking
import responses


def exchange(peer):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for path in asking.PATHS:
            mock.get("http://mock.example" + path, body="mocked" + path, headers={"X-A": "1"})
        mock.post("http://mock.example/echo", json={"posted": True})
        mock.head("http://mock.example/text")
        mock.add_passthru(peer.http)
        seen = [asking.by_requests("http://mock.example"), asking.by_requests(peer.http)]
        seen.append([[call.request.method, call.request.url, call.response.status_code] for call in mock.calls])
    return [seen, asking.by_requests(peer.https)]
