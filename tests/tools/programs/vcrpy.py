"""vcrpy: a recording and its replay, through http.client, urllib, urllib3 and requests."""

import asking
import vcr


def exchange(peer):
    cassette = str(peer.folder / "cassette.yaml")
    paths = [path for path in asking.PATHS if path != "/moved"]
    seen = []
    for mode in ("once", "none"):
        with vcr.use_cassette(
            cassette, record_mode=mode, match_on=["method", "uri", "body"], allow_playback_repeats=True
        ) as tape:
            seen += [
                asking.by_http_client(peer.http, paths),
                asking.by_urllib(peer.http, paths),
                asking.by_urllib3(peer.http, paths),
                asking.by_requests(peer.https, paths),
                [tape.play_count, len(tape)],
            ]
    with vcr.use_cassette(cassette, record_mode="none"):
        try:
            asking.by_urllib(peer.http, ["/not-recorded"])
        except Exception as error:
            seen.append(type(error).__name__)
    seen.append(asking.by_http_client(peer.http, paths))  # behind the cassette
    return seen
