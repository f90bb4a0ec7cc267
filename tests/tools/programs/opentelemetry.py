"""OpenTelemetry: the instrumentations of urllib, urllib3 and requests, and the one of http.client that they have in common."""

import asking
from opentelemetry import trace
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util.http.httplib import HttpClientInstrumentor

MASKED = ["traceparent"]
exporter = InMemorySpanExporter()


def begin(peer):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    for instrumentor in (URLLibInstrumentor, URLLib3Instrumentor, RequestsInstrumentor, HttpClientInstrumentor):
        instrumentor().instrument()


def exchange(peer):
    with trace.get_tracer("asked").start_as_current_span("asked"):
        seen = [
            way(peer.http) for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)
        ]
    for span in exporter.get_finished_spans():
        kept = {
            key: value for key, value in span.attributes.items() if key != "net.sock.peer.port" and "port" not in key
        }
        seen.append([span.name, span.kind.name, sorted(kept.items())])
    return seen
