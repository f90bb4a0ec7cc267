"""betamax: a recording and its replay of a session of requests, whose responses it rebuilds with ``http.client`` in mind."""

import asking
import betamax


def exchange(peer):
    import requests

    seen = []
    for mode in ("once", "none"):
        session = requests.Session()
        options = {"record": mode, "match_requests_on": ["method", "uri"]}
        with betamax.Betamax(session, cassette_library_dir=str(peer.folder)).use_cassette(
            "tape", **options
        ) as recorder:
            response = session.get(peer.http + "/text")
            cookies = session.get(peer.http + "/fields").cookies.get_dict()
            posted = session.post(peer.http + "/echo", data={"a": "1"}).json()
            seen.append([response.text, sorted(response.headers.items()), cookies, posted])
            seen.append(
                [
                    session.get(peer.https + path).content.hex()[:200]
                    for path in ("/chunked", "/gzip", "/missing", "/moved")
                ]
            )
            seen.append(len(recorder.current_cassette.interactions))
    return [seen, asking.by_requests(peer.http)]
