"""elasticsearch: info, index, bulk, search, a 404."""

import elasticsearch
import elasticsearch.helpers

REPLIES = {
    "GET /": (200, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"name": "n", "version": {"number": "9.0.0"}}'),
    "PUT /i/_doc/1": (201, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"_id": "1", "result": "created"}'),
    "PUT /_bulk": (200, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"errors": false, "items": [{"index": {"_id": "1", "status": 200}}]}'),
    "POST /_bulk": (200, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"errors": false, "items": [{"index": {"_id": "1", "status": 200}}]}'),
    "POST /i/_search": (200, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"hits": {"total": {"value": 1}, "hits": [{"_id": "1", "_source": {"a": 1}}]}}'),
    "HEAD /i": (200, {"X-Elastic-Product": "Elasticsearch"}, ""),
    "GET /i/_doc/2": (404, {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=9", "X-Elastic-Product": "Elasticsearch"}, '{"found": false}'),
}  # fmt: skip


def exchange(peer):
    with elasticsearch.Elasticsearch(peer.http, http_compress=True) as client:
        seen = [client.info()["version"]["number"], client.index(index="i", id="1", document={"a": 1})["result"]]
        seen.append(elasticsearch.helpers.bulk(client, [{"_index": "i", "_id": "1", "a": 1}]))
        seen.append(client.search(index="i", query={"match_all": {}})["hits"]["hits"])
        seen.append(bool(client.indices.exists(index="i")))
        try:
            client.get(index="i", id="2")
        except elasticsearch.NotFoundError as error:
            seen.append([error.status_code, error.body])
    return seen
