"""opensearch-py, by its transports of urllib3 and of requests."""

import opensearchpy

REPLIES = {
    "GET /": (200, {"Content-Type": "application/json"}, '{"name": "n", "version": {"number": "3.0.0", "distribution": "opensearch"}}'),
    "PUT /i/_doc/1": (201, {"Content-Type": "application/json"}, '{"_id": "1", "result": "created"}'),
    "POST /i/_search": (200, {"Content-Type": "application/json"}, ['{"hits": {"total": {"value": 1}, ', '"hits": [{"_id": "1"}]}}']),
    "HEAD /i": (200, {}, ""),
    "GET /i/_doc/2": (404, {"Content-Type": "application/json"}, '{"found": false}'),
}  # fmt: skip


def exchange(peer):
    seen = []
    for kind in (opensearchpy.Urllib3HttpConnection, opensearchpy.RequestsHttpConnection):
        with opensearchpy.OpenSearch(peer.http, connection_class=kind, http_compress=True) as client:
            seen += [client.info()["version"], client.index(index="i", id="1", body={"a": 1})["result"]]
            seen += [
                client.search(index="i", body={"query": {"match_all": {}}})["hits"],
                client.indices.exists(index="i"),
            ]
            try:
                client.get(index="i", id="2")
            except opensearchpy.NotFoundError as error:
                seen.append([error.status_code, error.info])
    return seen
