#!/usr/bin/env bash
# What: objects of an S3 bucket whose keys are 'a', 'd/a', 'http://site.example/a', '/a', 'a/' and 'd/./a', read in this order by boto3 1.44.8, smart_open 9.0.2 (over boto3), minio 7.2.20, s3fs
#   2026.9.0, cloudpathlib 0.26.0, pyarrow 26.0.1 (fs.S3FileSystem) and obstore 0.12.1 (S3Store; polars and DataFusion stand on the same object_store). A server on loopback has the
#   objects, of which each has its own key for its content, and 404 for all else.
# Expected: the object that was asked for, by each. A key is any text of up to 1,024 bytes, and a slash or a dot means nothing in it.
# Seen: 2026-11-30, Python 3.11.7. So by boto3, smart_open and s3fs for all, and by all for 'a' and 'd/a'. Else:
#                   http://site.example/a   /a             a/           d/./a
#   minio           the object              the object     the object   ValueError
#   cloudpathlib    the object              that of 'a'    that of 'a'  that of 'd/a'
#   pyarrow         ArrowInvalid            ArrowInvalid   OSError      that of 'd/a'
#   obstore         ValueError              that of 'a'    that of 'a'  ValueError
# Why: keys are made into paths. obstore and pyarrow ask for another key; cloudpathlib asks for 'a/' as 'a', and has keys of one
#   path in one file of its cache.
# Why it matters: a store of crawled pages has URLs for its keys. What boto3 wrote cannot be read by pyarrow or by what stands on object_store, and in the worst case it is another
#   object that is read, without an error.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"; python3 -m venv "$dir/s3fs"
"$dir/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 'smart_open[s3]==9.0.2' minio==7.2.20 cloudpathlib==0.26.0 pyarrow==26.0.1 obstore==0.12.1
"$dir/s3fs/bin/pip" install -q --disable-pip-version-check s3fs==2026.9.0
cd "$dir"
cat > bucket.py <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

KEYS = ["a", "d/a", "http://site.example/a", "/a", "a/", "d/./a"]


class Bucket(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        target = self.requestline.split()[1]
        key = unquote(target.partition("?")[0]).removeprefix("/bucket/")
        found = key in KEYS and "list-type" not in target
        content, status, part = key.encode() if found else b"", 200 if found else 404, self.headers["Range"]
        self.send_response(206 if part and found else status)
        if part and found:
            self.send_header("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Type", "text/plain")
        self.send_header("ETag", '"etag"')
        self.send_header("Last-Modified", "Mon, 30 Nov 2026 08:00:00 GMT")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Bucket)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_address[1]}"
url = f"http://{host}"
ACCESS = {"aws_access_key_id": "key", "aws_secret_access_key": "not a secret"}


def read_all(read):
    """Return what is read of each key, or the error's name."""
    seen = []
    for key in KEYS:
        try:
            content = read(key)
        except Exception as error:
            seen.append(type(error).__name__)
        else:
            seen.append("the object" if content == key.encode() else f"that of {content.decode()!r}")
    return seen


def check(expected):
    for name, (read, row) in expected.items():
        seen = read_all(read)
        print(f"{name:12}", *seen[2:], sep="   ")
        assert seen[:2] == ["the object"] * 2, "the control failed"
        assert seen[2:] == row, "changed"
PY
export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
timeout 120 v/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import boto3, minio, obstore, obstore.store, pyarrow.fs, smart_open
from bucket import ACCESS, check, host, url
from cloudpathlib import S3Client

client = boto3.client("s3", endpoint_url=url, **ACCESS)
cloud = S3Client(endpoint_url=url, **ACCESS)
small = minio.Minio(host, access_key="key", secret_key="not a secret", secure=False, region="us-east-1")
arrow = pyarrow.fs.S3FileSystem(access_key="key", secret_key="not a secret", region="us-east-1", endpoint_override=host, scheme="http")
store = obstore.store.S3Store(
    "bucket", endpoint=url, access_key_id="key", secret_access_key="not a secret", region="us-east-1", client_options={"allow_http": True}, retry_config={"max_retries": 0})


def by_smart_open(key):
    with smart_open.open(f"s3://bucket/{key}", "rb", transport_params={"client": client}) as file:
        return file.read()


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("boto3", "smart_open", "minio", "cloudpathlib", "pyarrow", "obstore")))
FOUND = "the object"
check({
    "boto3": (lambda key: client.get_object(Bucket="bucket", Key=key)["Body"].read(), [FOUND] * 4),
    "smart_open": (by_smart_open, [FOUND] * 4),
    "minio": (lambda key: small.get_object("bucket", key).read(), [FOUND, FOUND, FOUND, "ValueError"]),
    "cloudpathlib": (lambda key: cloud.CloudPath(f"s3://bucket/{key}").read_bytes(), [FOUND, "that of 'a'", "that of 'a'", "that of 'd/a'"]),
    "pyarrow": (lambda key: arrow.open_input_stream(f"bucket/{key}").read(), ["ArrowInvalid", "ArrowInvalid", "OSError", "that of 'd/a'"]),
    "obstore": (lambda key: bytes(obstore.get(store, key).bytes()), ["ValueError", "that of 'a'", "that of 'a'", "ValueError"]),
})
PY
timeout 120 s3fs/bin/python -W ignore - <<'PY'
from importlib.metadata import version
import s3fs
from bucket import check, url

files = s3fs.S3FileSystem(endpoint_url=url, key="key", secret="not a secret", skip_instance_cache=True)
print("versions s3fs", version("s3fs"))
check({"s3fs": (lambda key: files.cat_file(f"bucket/{key}"), ["the object"] * 4)})
PY
