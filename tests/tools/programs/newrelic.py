"""newrelic: external calls of http.client, urllib3 and requests, and the fields that it sends."""

import asking
import newrelic.agent

MASKED = ["traceparent", "tracestate", "newrelic", "x-newrelic-id", "x-newrelic-transaction"]


def begin(peer):
    settings = newrelic.agent.global_settings()
    settings.developer_mode = True
    settings.app_name = "asked"
    newrelic.agent.initialize()


def exchange(peer):
    application = newrelic.agent.register_application(timeout=10)
    with newrelic.agent.BackgroundTask(application, name="asked") as transaction:
        seen = [
            way(peer.http) for way in (asking.by_http_client, asking.by_urllib, asking.by_urllib3, asking.by_requests)
        ]
        root = transaction.root_span if hasattr(transaction, "root_span") else newrelic.agent.current_trace()
        seen.append([[type(node).__name__, node.library, node.url, node.method] for node in root.children])
    return seen
