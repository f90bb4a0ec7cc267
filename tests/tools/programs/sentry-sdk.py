"""sentry-sdk: spans and breadcrumbs of its stdlib integration, and the fields that it sends."""

import asking
import sentry_sdk
from sentry_sdk.transport import Transport

MASKED = ["sentry-trace", "baggage"]
envelopes = []


class Kept(Transport):
    def capture_envelope(self, envelope):
        envelopes.append(envelope)


def begin(peer):
    sentry_sdk.init(
        dsn="http://key@sentry.example/1", transport=Kept, traces_sample_rate=1.0, default_integrations=True
    )


def exchange(peer):
    with sentry_sdk.start_transaction(name="asked", op="test"):
        seen = [
            way(peer.http) for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)
        ]
        sentry_sdk.capture_message("done")
    sentry_sdk.flush()
    for envelope in envelopes:
        if event := envelope.get_event():
            crumbs = [[crumb["category"], sorted(crumb["data"].items())] for crumb in event["breadcrumbs"]["values"]]
            assert crumbs
            seen.append(["breadcrumbs", crumbs])
        if transaction := envelope.get_transaction_event():
            spans = transaction["spans"]
            assert spans
            seen.append(
                [
                    "spans",
                    [
                        [
                            span["op"],
                            span["description"],
                            span.get("status"),
                            span["data"].get("http.response.status_code"),
                        ]
                        for span in spans
                    ],
                ]
            )
    return seen
