"""httpretty, which puts sockets of its own in the place of the real ones (urllib3 2 fails on those, on http.client too)."""

import asking
import httpretty


def exchange(peer):
    seen = []
    with httpretty.enabled(allow_net_connect=False):
        for method, path, status, body in (
            ("GET", "/text", 200, "mocked"),
            ("GET", "/missing", 404, "gone"),
            ("GET", "/large", 200, "x" * 70_000),
            ("HEAD", "/text", 200, ""),
            ("POST", "/echo", 200, '{"posted": true}'),
        ):
            fields = {"X-A": "1", "Content-Length": str(len(body))}  # with no Date, which would be another each time
            httpretty.register_uri(method, "http://mock.example" + path, body, status=status, forcing_headers=fields)
        paths = ["/text", "/missing", "/large"]
        ways = (asking.by_http_client, asking.by_urllib)
        seen += [way("http://mock.example", paths) for way in ways]
        posts = [request for request in httpretty.latest_requests() if request.method == "POST"]
        seen.append([[request.path, request.body] for request in posts[-1:]])
    return seen
