"""ddtrace: spans of http.client, urllib3 and requests, and the fields that it sends."""

import asking
import ddtrace
from ddtrace.trace import TraceFilter, tracer

MASKED = ["x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-tags", "traceparent", "tracestate", "baggage"]
spans = []


class Kept(TraceFilter):
    def process_trace(self, trace):
        spans.extend(trace)


def begin(peer):
    tracer.configure(trace_processors=[Kept()])
    ddtrace.patch(httplib=True, urllib3=True, requests=True)


def exchange(peer):
    with tracer.trace("asked"):
        seen = [
            way(peer.http) for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)
        ]
    tracer.flush()
    wanted = ("component", "http.method", "http.status_code", "http.url")
    seen.append(sorted([span.name, *(str(span.get_tag(name)) for name in wanted)] for span in spans))
    return seen
