"""requests-mock, real calls among the mocked ones, and ``responses`` that come from an ``HTTPResponse`` of urllib3."""

import asking
import requests_mock


def exchange(peer):
    with requests_mock.Mocker(real_http=True) as mock:
        for path in asking.PATHS:
            mock.get("http://mock.example" + path, text="mocked" + path, headers={"X-A": "1"})
        mock.post("http://mock.example/echo", json={"posted": True})
        mock.head("http://mock.example/text")
        seen = [asking.by_requests("http://mock.example"), asking.by_requests(peer.http)]
        seen.append([[request.method, request.path, request.text] for request in mock.request_history])
    return [seen, asking.by_requests(peer.https)]
