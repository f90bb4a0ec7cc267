"""minio: a list of buckets, an object put and got as a stream, one that is missing."""

import io

import minio

MASKED = ["authorization", "x-amz-date"]
REPLIES = {
    "GET / ": (200, {"Content-Type": "application/xml"}, '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket><Name>bucket</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>'),
    "PUT /bucket/o": (200, {"ETag": '"abc"'}, ""),
    "GET /bucket/o": (200, {"Content-Type": "text/plain", "ETag": '"abc"'}, ["some ", "content"]),
    "HEAD /bucket/o": (200, {"Content-Length": "12", "ETag": '"abc"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}, ""),
    "GET /bucket/missing": (404, {"Content-Type": "application/xml"}, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"),
    "DELETE /bucket/o": (204, {}, ""),
}  # fmt: skip


def exchange(peer):
    client = minio.Minio(
        peer.http.partition("//")[2], access_key="key", secret_key="secret", secure=False, region="us-east-1"
    )
    seen = [[bucket.name for bucket in client.list_buckets()]]
    seen.append(client.put_object("bucket", "o", io.BytesIO(b"some content"), 12).etag)
    response = client.get_object("bucket", "o")
    seen.append([response.status, b"".join(response.stream(4))])
    response.close()
    response.release_conn()
    seen.append(client.stat_object("bucket", "o").size)
    try:
        client.get_object("bucket", "missing")
    except minio.error.S3Error as error:
        seen.append(error.code)
    client.remove_object("bucket", "o")
    return seen
