"""kubernetes: a list, a patch, logs, and a watch that is a stream of JSON lines."""

import kubernetes

REPLIES = {
    "GET /api/v1/namespaces/default/pods watch=": (200, {"Content-Type": "application/json"}, [
        '{"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "2"}}}\n{"type": "MODI',
        'FIED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "3"}}}\n',
    ]),
    "GET /api/v1/namespaces/default/pods": (200, {"Content-Type": "application/json"}, '{"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}}]}'),
    "PATCH /api/v1/namespaces/default/pods/a": (200, {"Content-Type": "application/json"}, '{"kind": "Pod", "metadata": {"name": "a", "labels": {"b": "c"}}}'),
    "GET /api/v1/namespaces/default/pods/a/log": (200, {"Content-Type": "text/plain"}, ["one\n", "two\n"]),
    "GET /api/v1/namespaces/default/pods/b": (404, {"Content-Type": "application/json"}, '{"kind": "Status", "reason": "NotFound", "code": 404}'),
}  # fmt: skip


def exchange(peer):
    configuration = kubernetes.client.Configuration(host=peer.http)
    core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))
    seen = [[pod.metadata.name for pod in core.list_namespaced_pod("default").items]]
    seen.append(core.patch_namespaced_pod("a", "default", {"metadata": {"labels": {"b": "c"}}}).metadata.labels)
    seen.append(core.read_namespaced_pod_log("a", "default"))
    watch = kubernetes.watch.Watch()
    for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=5):
        seen.append([event["type"], event["object"].metadata.resource_version])
        if len(seen) == 5:
            watch.stop()
    try:
        core.read_namespaced_pod("b", "default")
    except kubernetes.client.ApiException as error:
        seen.append([error.status, error.reason, error.body])
    return seen
