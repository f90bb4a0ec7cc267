"""Ways to ask the peer that many programs have in common. What they import, they import when they are called."""

PATHS = ["/text", "/chunked", "/gzip", "/fields", "/empty", "/missing", "/moved", "/large"]


def by_http_client(base, paths=PATHS):
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(base)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=20)
    seen = []
    for method, path, body in [
        ("HEAD", "/text", None),
        ("POST", "/echo", b"abc=1"),
        *(("GET", path, None) for path in paths),
    ]:
        connection.request(method, path, body=body, headers={"X-Asked": "yes"})
        response = connection.getresponse()
        names = sorted(map(list, response.getheaders()))
        seen.append(
            [method, path, response.status, response.reason, names, response.read().hex()[:200], response.isclosed()]
        )
    connection.close()
    return seen


def by_urllib(base, paths=PATHS):
    import urllib.error
    import urllib.request

    seen = []
    for path in paths:
        try:
            with urllib.request.urlopen(base + path, timeout=20) as response:
                seen.append(
                    [
                        path,
                        response.status,
                        response.geturl().removeprefix(base),
                        sorted(response.headers.items()),
                        response.read()[:99],
                    ]
                )
        except urllib.error.HTTPError as error:
            seen.append([path, error.code, error.reason, error.read()])
    with urllib.request.urlopen(base + "/echo", data=b"a=1&b=2", timeout=20) as response:
        seen.append(response.read())
    return seen


def by_urllib3(base, paths=PATHS):
    import urllib3

    seen = []
    with urllib3.PoolManager(timeout=20, retries=urllib3.Retry(3, backoff_factor=0)) as pool:
        for path in paths:
            response = pool.request("GET", base + path)
            seen.append([path, response.status, response.reason, sorted(response.headers.items()), response.data[:99]])
        seen.append(pool.request("POST", base + "/echo", fields={"a": "1"}, encode_multipart=False).data)
        with pool.request("GET", base + "/large", preload_content=False) as response:
            seen.append([len(part) for part in response.stream(50_000)])
    return seen


def by_requests(base, paths=PATHS, session=None):
    import requests

    seen = []
    with session or requests.Session() as session:
        for path in paths:
            response = session.get(base + path, timeout=20)
            seen.append(
                [
                    path,
                    response.status_code,
                    response.reason,
                    sorted(response.headers.items()),
                    response.content[:99],
                    len(response.history),
                ]
            )
        seen.append(session.post(base + "/echo", json={"a": 1}, timeout=20).json())
        seen.append(session.head(base + "/text", timeout=20).headers.get("Content-Length"))
        response = session.get(base + "/large", stream=True, timeout=20)
        seen.append(sum(map(len, response.iter_content(10_000))))
    return seen
