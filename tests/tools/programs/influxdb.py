"""influxdb, of the version 1 of its server, over requests."""

import influxdb

REPLIES = {
    "GET /query": (200, {"Content-Type": "application/json", "X-Influxdb-Version": "1.8"}, ['{"results": [{"series": [{"name": "m", "columns": ["time", "v"], ', '"values": [["2026-01-01T00:00:00Z", 1]]}]}]}']),
    "POST /query": (200, {"Content-Type": "application/json"}, '{"results": [{}]}'),
    "POST /write": (204, {}, ""),
    "GET /ping": (204, {"X-Influxdb-Version": "1.8"}, ""),
}  # fmt: skip


def exchange(peer):
    client = influxdb.InfluxDBClient(host="127.0.0.1", port=int(peer.http.rpartition(":")[2]), database="d", gzip=True)
    seen = [client.ping(), client.create_database("d"), client.write_points([{"measurement": "m", "fields": {"v": 1}}])]
    seen.append([list(points) for points in client.query("select * from m")])
    client.close()
    return seen
