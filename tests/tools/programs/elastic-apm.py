"""elastic-apm: spans of urllib, urllib3 and requests, and the fields that it sends."""

import asking
import elasticapm
from elasticapm.transport.base import Transport

MASKED = ["traceparent", "elastic-apm-traceparent", "tracestate"]
events = []


class Kept(Transport):
    def queue(self, event_type, data, flush=False):
        events.append([event_type, data])

    def start_thread(self, pid=None):
        pass


client = None


def begin(peer):
    global client
    kept = f"{__name__}.Kept"
    client = elasticapm.Client(
        service_name="asked", transport_class=kept, central_config=False, cloud_provider="none", metrics_interval="0s"
    )
    elasticapm.instrument()


def exchange(peer):
    client.begin_transaction("test")
    seen = [way(peer.http) for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)]
    client.end_transaction("asked", "done")
    for kind, data in events:
        if kind == "span":
            http = data.get("context", {}).get("http", {})
            seen.append([data["name"], data["type"], data["outcome"], http.get("url"), http.get("status_code")])
    return seen
