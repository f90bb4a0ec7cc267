"""influxdb-client, of the version 2 of its server, over urllib3: tables in CSV, as they come."""

import influxdb_client
from influxdb_client.client.write_api import SYNCHRONOUS

REPLIES = {
    "POST /api/v2/query": (200, {"Content-Type": "text/csv; charset=utf-8"}, ["#datatype,string,long,long\r\n#group,false,false,false\r\n#default,_result,,\r\n", ",result,table,_value\r\n,,0,4\r\n,,0", ",5\r\n\r\n"]),
    "POST /api/v2/write": (204, {}, ""),
    "GET /ping": (204, {"X-Influxdb-Version": "2.7"}, ""),
}  # fmt: skip


def exchange(peer):
    with influxdb_client.InfluxDBClient(url=peer.http, token="t", org="o", enable_gzip=True) as client:
        seen = [client.ping(), client.version()]
        client.write_api(write_options=SYNCHRONOUS).write("b", record="m v=1")
        query = client.query_api()
        seen.append([record.values for table in query.query("from()") for record in table.records])
        seen.append([record.get_value() for record in query.query_stream("from()")])
    return seen
