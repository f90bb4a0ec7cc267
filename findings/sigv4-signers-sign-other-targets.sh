#!/usr/bin/env bash
# What: GETs signed by AWS Signature Version 4 for s3 and for es (OpenSearch), by botocore 1.44.8, requests-aws4auth 1.4.0, aws-requests-auth 0.4.3, requests-auth-aws-sigv4 0.7 (all
#   over requests 2.34.2) and the AWS4Auth of httpx-auth 0.23.1 (httpx 0.28.1). A server on loopback works the signature out by the documentation: each segment of the path
#   escaped once for s3, twice for all else, slashes in a row kept for s3 and put together else; names and values of the query escaped, sorted by name, then by value.
# Expected: the signature of what was sent, by all of them. There is one way to do it, and two sides that have to do the same.
# Seen: 2026-11-30, Python 3.11.7. The right one by botocore for all, and by the others for '/a' and '/?q=%2B'. Wrong, which is a 403:
#   s3  /a%20b                requests with aws-requests-auth, which escapes twice
#   s3  /a//b                 requests-aws4auth, which takes a slash away
#   es  /a//b                 aws-requests-auth and requests-auth-aws-sigv4, which keep both
#   es  /a%20b                requests-auth-aws-sigv4 and httpx-auth, which escape once
#   es  /?m.1=x&m.10=y        aws-requests-auth, which sorts 'm.10=y' before 'm.1=x', since 0 is before =
#   s3  /?a=2&a=1             requests-auth-aws-sigv4, which sorts by the name alone
#   s3  /?acl                 requests-auth-aws-sigv4 fails with a ValueError
# Why it matters: keys of crawled pages are URLs, with their '//', and lists of the older services are 'member.1' to 'member.10': the program works until the tenth member or the
#   first name with a space, and then the error speaks of a wrong key.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check botocore==1.44.8 requests-aws4auth==1.4.0 aws-requests-auth==0.4.3 requests-auth-aws-sigv4==0.7 requests==2.34.2 httpx-auth==0.23.1 httpx==0.28.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import hashlib, hmac, re, sys, threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from urllib.parse import quote, unquote_to_bytes
import httpx, requests
from aws_requests_auth.aws_auth import AWSRequestsAuth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from httpx_auth import AWS4Auth as HttpxAuth
from requests_auth_aws_sigv4 import AWSSigV4
from requests_aws4auth import AWS4Auth

KEY, SECRET, REGION = "key", "not a secret", "us-east-1"
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=key/(\d+)/us-east-1/(s3|es)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")


def escaped(text):
    return quote(unquote_to_bytes(text), safe="-_.~")


def canonical_path(path, service):
    segments = [escaped(segment) for segment in path.split("/")[1:]]
    if service == "s3":
        return "/" + "/".join(segments)
    return "/" + "/".join(quote(segment, safe="-_.~") for segment in segments if segment)


def is_right(target, headers):
    """Return whether the signature of a GET is that of its target."""
    day, service, signed, signature = AUTHORIZATION.fullmatch(headers["Authorization"]).groups()
    path, _, query = target.partition("?")
    pairs = sorted(tuple(map(escaped, pair.partition("=")[::2])) for pair in query.split("&") if pair)
    lines = ["GET", canonical_path(path, service), "&".join(map("=".join, pairs))]
    lines += [f"{name}:{headers[name].strip()}" for name in signed.split(";")]
    lines += ["", signed, headers.get("x-amz-content-sha256") or hashlib.sha256(b"").hexdigest()]
    scope = [day, REGION, service, "aws4_request"]
    said = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope), hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = b"AWS4" + SECRET.encode()
    for part in [*scope, said]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex() == signature


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        target = self.requestline.split()[1]
        got.append(target)
        self.send_response(200 if is_right(target, self.headers) else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


got = []
server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_address[1]}"


def by_botocore(target, service):
    request = AWSRequest("GET", f"http://{host}{target}")
    (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(KEY, SECRET), service, REGION).add_auth(request)
    connection = HTTPConnection(host, timeout=10)
    connection.request("GET", target, headers=dict(request.headers))
    status = connection.getresponse().status
    connection.close()
    return status


def by_requests(new_auth):
    return lambda target, service: requests.get(f"http://{host}{target}", auth=new_auth(service), timeout=10).status_code


SIGNERS = {
    "botocore": by_botocore,
    "requests-aws4auth": by_requests(lambda service: AWS4Auth(KEY, SECRET, REGION, service)),
    "aws-requests-auth": by_requests(lambda service: AWSRequestsAuth(KEY, SECRET, host, REGION, service)),
    "requests-auth-aws-sigv4": by_requests(lambda service: AWSSigV4(service, region=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET)),
    "httpx-auth": lambda target, service: httpx.get(f"http://{host}{target}", auth=HttpxAuth(KEY, SECRET, REGION, service)).status_code,
}
ASKED = ["s3 /a", "es /?q=%2B", "s3 /a%20b", "s3 /a//b", "es /a//b", "es /a%20b", "es /?m.1=x&m.10=y", "s3 /?a=2&a=1", "s3 /?acl"]
WRONG = {
    "botocore": {},
    "requests-aws4auth": {"s3 /a//b": 403},
    "aws-requests-auth": {"s3 /a%20b": 403, "es /a//b": 403, "es /?m.1=x&m.10=y": 403},
    "requests-auth-aws-sigv4": {"es /a//b": 403, "es /a%20b": 403, "s3 /?a=2&a=1": 403, "s3 /?acl": "ValueError"},
    "httpx-auth": {"es /a%20b": 403},
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*SIGNERS, "requests", "httpx")))
for name, sign in SIGNERS.items():
    wrong = {}
    for asked in ASKED:
        service, target = asked.split()
        try:
            status = sign(target, service)
            assert got[-1] == target, "another target was sent"
        except ValueError as error:
            status = type(error).__name__
        if status != 200:
            wrong[asked] = status
    print(f"{name:24}", wrong or "all right")
    assert wrong == WRONG[name], "changed"
PY
