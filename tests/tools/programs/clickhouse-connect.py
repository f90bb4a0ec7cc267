"""clickhouse-connect: settings at the start, commands, a streamed result, an insert."""

import clickhouse_connect

REPLIES = {
    "POST / version()": (200, {"Content-Type": "text/tab-separated-values", "X-ClickHouse-Format": "TabSeparated"}, "24.8.1.1\tUTC\n"),
    "GET / version()": (200, {"Content-Type": "text/tab-separated-values", "X-ClickHouse-Format": "TabSeparated"}, "24.8.1.1\tUTC\n"),
    "POST / one": (200, {"Content-Type": "text/tab-separated-values"}, "1\n"),
    "POST / lines": (200, {"Content-Type": "text/csv", "X-ClickHouse-Summary": '{"read_rows": "2"}'}, ["1,a\n", "2,b\n"]),
    "POST / numbers": (200, {"Content-Type": "application/octet-stream", "X-ClickHouse-Timezone": "UTC"}, [b"\x01\x03\x01n\x05UInt8\x01", b"\x02\x03"]),
    "POST / wrong": (400, {"X-ClickHouse-Exception-Code": "62"}, "Code: 62. Syntax error"),
    "POST / INSERT": (200, {"X-ClickHouse-Summary": '{"written_rows": "2"}'}, ""),
    "POST / system.settings": (200, {"Content-Type": "application/octet-stream", "X-ClickHouse-Timezone": "UTC"}, [b""]),
    "GET /ping": (200, {}, "Ok.\n"),
}  # fmt: skip


def exchange(peer):
    client = clickhouse_connect.get_client(host="127.0.0.1", port=int(peer.http.rpartition(":")[2]), compress=False)
    seen = [client.server_version, client.ping(), client.command("SELECT one")]
    seen += [client.raw_query("SELECT lines"), client.query("SELECT numbers").result_rows]
    with client.raw_stream("SELECT lines") as stream:
        seen.append(b"".join(stream))
    try:
        client.command("wrong")
    except clickhouse_connect.driver.exceptions.DatabaseError as error:
        seen.append(str(error).partition("url")[0][:40])
    seen.append(client.raw_insert("t", insert_block=b"1,a\n2,b\n", fmt="CSV").written_rows)
    client.close()
    return seen
