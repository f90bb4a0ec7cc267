"""Digest authentication (RFC 7616), judged by a small server of its own, and by apache's mod_auth_digest."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from httpconn import Digest, InvalidField, Request
from httpconn.policies.digest import Session, challenges_of

from ..support import proxy_servers
from ..support.clients import Maker
from ..support.faulty import Exchange
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

ME = Digest("me", "secret")
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Guarded(Site):
    """Asks for digest authentication, and judges what comes by RFC 7616, with code of its own.

    *told* are the values of its WWW-Authenticate fields, with {nonce} in them; what it judges by is said besides.
    """

    def __init__(self, *told: str, algorithm: str = "MD5", qop: str | None = "auth", user: str = "me", realm: str = "here", **options: Any) -> None:  # fmt: skip
        super().__init__(**options)
        self.told = told or ('Digest realm="here", nonce="{nonce}", qop="auth"',)
        self.algorithm = algorithm
        self.qop = qop
        self.user = user
        self.realm = realm
        self.nonces = ["n0"]
        """Those that were given out; only the last one is good."""
        self.most_uses = 1_000
        self.is_stale_told = True
        self.tells_next = False
        self.used: set[tuple[str, str]] = set()
        self.verdicts: list[str] = []
        self.wrong = ""

    def judge(self, exchange: Exchange) -> str:
        """Return "good", or what is wrong."""
        sent = self.fields(-1).get("authorization")
        if sent is None:
            return "nothing"
        scheme, _, rest = sent.partition(" ")
        assert scheme == "Digest"
        params = parse_keqv_list(parse_http_list(rest))
        name = self.algorithm.removesuffix("-sess")

        def hashed(*parts: str | bytes) -> str:
            joined = b":".join(part if isinstance(part, bytes) else part.encode("latin-1") for part in parts)
            return hashlib.new(HASHES[name], joined).hexdigest()

        user, realm = self.user.encode(), self.realm.encode()
        if "username*" in params:
            named = urllib.parse.unquote_to_bytes(params["username*"].removeprefix("UTF-8''"))
        else:
            named = params["username"].encode("latin-1")
        if named != (hashed(user, realm).encode() if params.get("userhash") == "true" else user):
            return f"user {named!r}"
        secret = hashed(user, realm, b"secret")
        if self.algorithm.endswith("-sess"):
            secret = hashed(secret, params["nonce"], params["cnonce"])
        signed = hashed(exchange.method, params["uri"])
        if params.get("qop") == "auth-int":
            signed = hashed(exchange.method, params["uri"], hashlib.new(HASHES[name], self.bodies[-1]).hexdigest())
        if params.get("qop") != self.qop:
            return f"qop {params.get('qop')}"
        middle = [] if self.qop is None else [params["nc"], params["cnonce"], self.qop]
        if self.qop is None and {"nc", "cnonce"} & params.keys():
            return "cnonce without qop"
        if params["response"] != hashed(secret, params["nonce"], *middle, signed):
            return "response"
        if params["uri"] != exchange.target or params["realm"].encode("latin-1") != realm:
            return "uri or realm"
        use = params["nonce"], params.get("nc", str(len(self.used)))
        if params["nonce"] != self.nonces[-1] or len(self.used) >= self.most_uses or use in self.used:
            return "stale"
        self.used.add(use)
        return "good"

    async def answer(self, exchange: Exchange) -> None:
        verdict = self.judge(exchange)
        self.verdicts.append(verdict)
        if verdict == "stale" or self.tells_next:
            self.nonces.append(f"n{len(self.nonces)}")
            self.used.clear()
        if verdict == "good":
            told = f'Authentication-Info: nextnonce="{self.nonces[-1]}"\r\n' if self.tells_next else ""
            if exchange.target in self.routes:
                await super().answer(exchange)
                return
            await exchange.send(f"HTTP/1.1 200 OK\r\n{told}Content-Length: 4\r\n\r\npage".encode())
            return
        self.log.append((0.0, exchange.target))
        lines = [value.replace("{nonce}", self.nonces[-1]) for value in self.told]
        if verdict == "stale" and self.is_stale_told:
            lines = [f"{value}, stale=true" for value in lines]
        fields = "".join(f"WWW-Authenticate: {value}\r\n" for value in lines)
        content = b"" if exchange.method == "HEAD" else b"who?"
        await exchange.send(f"HTTP/1.1 401 No\r\n{fields}Content-Length: 4\r\n\r\n".encode("latin-1"), content)


def digests(site: Site, count: int) -> list[dict[str, str]]:
    """Return the parameters of the Authorization fields of the last *count* requests."""
    sent = [site.fields(number)["authorization"].removeprefix("Digest ") for number in range(-count, 0)]
    return [parse_keqv_list(parse_http_list(value)) for value in sent]


@each_kind
@pytest.mark.parametrize(("algorithm", "qop", "taken"), [
    ("MD5", None, None), ("MD5", "auth", "auth"), ("MD5", "auth-int, auth", "auth"), ("MD5", "auth-int", "auth-int"),
    ("MD5-sess", "auth", "auth"), ("SHA-256", "auth", "auth"), ("SHA-256-sess", "auth-int", "auth-int"),
    ("SHA-256", None, None), ("SHA-512-256", "auth", "auth"),
])  # fmt: skip
def test_a_challenge_is_answered_and_the_next_request_comes_with_it(
    kind: str, algorithm: str, qop: str | None, taken: str | None
) -> None:
    if HASHES[algorithm.removesuffix("-sess")] not in hashlib.algorithms_available:
        pytest.skip("not in this OpenSSL")
    told = f'Digest realm="here", nonce="{{nonce}}", opaque="o\\"p", algorithm={algorithm}'
    if qop is not None:
        told += f', qop="{qop}"'
    with Guarded(told, algorithm=algorithm, qop=taken) as site, Asker(kind) as ask:
        request = Request("POST", site.url("/a?b=c%20d"), body=io.BytesIO(b"x" * 100_000), auth=ME)
        for attempts in (2, 1):
            response = ask(request)
            assert (response.status, response.content, response.attempts) == (200, b"page", attempts)
            assert response.history == ()
        assert ask(Request("GET", site.url("/"), auth=ME)).status == 200
        assert site.verdicts == ["nothing", "good", "good", "good"]
        assert site.bodies[:3] == [b"x" * 100_000] * 3
        sent = digests(site, 3)
        assert {one["opaque"] for one in sent} == {'o"p'}
        assert [one.get("nc") for one in sent] == ([None] * 3 if taken is None else [f"{n:08x}" for n in (1, 2, 3)])
        assert {one["algorithm"] for one in sent} == {algorithm}
        assert site.connections == 1


@each_kind
@pytest.mark.parametrize("told", [
    ['Basic realm="x", Digest realm="here", nonce="{nonce}", qop="auth"'],
    ['Digest realm="here", nonce="{nonce}", qop="auth", Basic realm="x"'],
    ['Negotiate abc/+d==, Digest realm="here",nonce="{nonce}" , qop=auth'],
    ["NTLM", 'Digest realm="a, b", nonce="bad", algorithm=WHAT', 'digest REALM = "here", Nonce="{nonce}", qop="auth"'],
    ['Digest realm="here", nonce="bad", qop="what"', 'Digest realm="here", nonce="{nonce}", qop="auth"'],
    ['Digest realm="here", nonce="{nonce}", qop="auth", algorithm=SHA-256', 'Digest realm="other", nonce="bad"'],
    ['Digest realm="no nonce"', 'Digest realm="here", nonce="{nonce}", qop="auth", domain="http://other.test/ /x", new=1'],
    [', ,Digest realm="here", nonce="{nonce}", , qop="auth,",'],
])  # fmt: skip
def test_one_of_several_challenges(kind: str, told: list[str]) -> None:
    algorithm = "SHA-256" if "SHA-256" in told[0] else "MD5"
    with Guarded(*told, algorithm=algorithm) as site, Asker(kind) as ask:
        assert ask(Request("GET", site.url("/"), auth=ME)).status == 200
        assert site.verdicts == ["nothing", "good"]


@each_kind
@pytest.mark.parametrize("told", [
    'Basic realm="x"', "Negotiate", 'Digest realm="here", nonce="x", algorithm=WHAT', 'Digest realm="here", nonce="x', "Digest",
    'Digest realm="here", nonce="a\tb"', 'Digest realm="here", nonce="x", qop="what"', 'Digest realm="here", nonce="x", algorithm=MD5-sess',
])  # fmt: skip
def test_what_cannot_be_answered_is_the_result(kind: str, told: str) -> None:
    with Guarded(told) as site, Asker(kind) as ask:
        response = ask(Request("GET", site.url("/"), auth=ME))
        assert (response.status, response.content, response.error) == (401, b"who?", None)
        assert site.verdicts == ["nothing"]


@each_kind
def test_a_wrong_password_is_tried_once(kind: str) -> None:
    with Guarded() as site, Asker(kind) as ask:
        for _ in range(2):  # and what was refused is not kept
            response = ask(Request("GET", site.url("/"), auth=Digest("me", "wrong")))
            assert (response.status, response.content, response.attempts) == (401, b"who?", 2)
        assert site.verdicts == ["nothing", "response"] * 2
        assert ask(Request("GET", site.url("/"), auth=ME)).status == 200


@each_kind
@pytest.mark.parametrize("is_told", [True, False])
def test_a_nonce_that_is_too_old(kind: str, is_told: bool) -> None:
    with Guarded() as site, Asker(kind) as ask:
        site.most_uses, site.is_stale_told = 2, is_told
        for _ in range(4):
            assert ask(Request("GET", site.url("/"), auth=ME)).status == 200
        assert site.verdicts == ["nothing", "good", "good", "stale", "good", "good"]
        assert [one["nc"] for one in digests(site, 2)] == ["00000001", "00000002"]
        # One that never has enough does not keep a request for ever.
        site.most_uses = 0
        site.verdicts.clear()
        assert ask(Request("GET", site.url("/"), auth=ME)).status == 401
        assert site.verdicts == ["stale"] * (4 if is_told else 2)


@each_kind
def test_the_nonce_that_the_server_wants_next(kind: str) -> None:
    with Guarded() as site, Asker(kind) as ask:
        site.tells_next = True
        for _ in range(3):
            assert ask(Request("GET", site.url("/"), auth=ME)).status == 200
        assert site.verdicts == ["nothing", "good", "good", "good"]
        assert [one["nonce"] for one in digests(site, 3)] == ["n1", "n2", "n3"]


@each_kind
@pytest.mark.parametrize("given_by", ["request", "mapping"])
def test_it_never_goes_to_another_origin(kind: str, given_by: str) -> None:
    challenge = 'Digest realm="here", nonce="{nonce}", qop="auth", domain="http://127.0.0.1:{port}/"'
    with Guarded() as end, Guarded() as start:
        start.told = (challenge.replace("{port}", str(end.port)),)
        start.routes = {"/start": redirect(307, end.url("/end"))}
        maker = {"auth": {start.url("").rstrip("/"): ME}} if given_by == "mapping" else {}
        own = {"auth": ME} if given_by == "request" else {}
        with Asker(kind, **maker) as ask:
            for _ in range(2):
                response = ask(Request("GET", start.url("/start"), **own))
                assert (response.status, len(response.history)) == (401, 1)
        assert end.verdicts == ["nothing"] * 2
        assert start.verdicts == ["nothing", "good", "good"]


@each_kind
def test_redirects_within_the_origin(kind: str) -> None:
    with Guarded() as site, Asker(kind) as ask:
        site.routes = {"/a": redirect(303, "/b?c")}
        response = ask(Request("POST", site.url("/a"), body=b"x", auth=ME))
        assert (response.status, response.url) == (200, site.url("/b?c"))
        assert site.verdicts == ["nothing", "good", "good"]
        assert [one["uri"] for one in digests(site, 2)] == ["/a", "/b?c"]


@pytest.mark.parametrize("kind", ["pool", "async"])
@pytest.mark.parametrize(("user", "realm", "more", "named"), [
    ('m"e\\x', "here", "", 'username="m\\"e\\\\x"'), ("m\u00fc", "h\u00e9re", "", "username=\"m\u00c3\u00bc\""),
    ("m\u00fc", "h\u00e9re", ", charset=UTF-8", "username*=UTF-8''m%C3%BC"), ("me", "here", ", charset=UTF-8", 'username="me"'),
    ("m\u00fc", "h\u00e9re", ", charset=UTF-8, userhash=true", "userhash=true"), ("me", "a, b", ", userhash=false", 'username="me"'),
])  # fmt: skip
def test_how_the_user_is_named(kind: str, user: str, realm: str, more: str, named: str) -> None:
    told = f'Digest realm="{realm}", nonce="{{nonce}}", qop="auth"{more}'.encode().decode("latin-1")
    with Guarded(told, user=user, realm=realm) as site, Asker(kind) as ask:
        assert ask(Request("GET", site.url("/"), auth=Digest(user, "secret"))).status == 200
        assert named in site.fields(-1)["authorization"]


# -- bodies and sinks


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_an_upload(kind: str, qop: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(200_000))
    with Guarded(f'Digest realm="here", nonce="{{nonce}}", qop="{qop}"', qop=qop) as site, Asker(kind) as ask:
        assert ask(Request("POST", site.url("/"), files={"f": tmp_path / "file"}, auth=ME)).status == 200
        assert site.bodies[0] == site.bodies[1]


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_body_that_can_be_read_but_once(kind: str) -> None:
    """The nonce is learnt by it; auth-int would need to read it before."""
    with Guarded() as site, Asker(kind, expect_timeout_s=None) as ask:
        for status in (401, 200):
            assert ask(Request("POST", site.url("/"), body=iter([b"x"]), auth=ME)).status == status
        site.told = ('Digest realm="here", nonce="{nonce}", qop="auth-int"',)
        site.nonces.append("n1")
        assert ask(Request("POST", site.url("/"), body=iter([b"x"]), auth=ME)).status == 401
        assert site.verdicts == ["nothing", "good", "stale"]


class AsksFirst(BaseHTTPRequestHandler):
    """Refuses before the body is sent, where it asks."""

    protocol_version = "HTTP/1.1"

    def handle_expect_100(self) -> bool:
        if "Authorization" in self.headers:
            return super().handle_expect_100()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Digest realm="here", nonce="x", qop="auth"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True
        return False

    def do_POST(self) -> None:
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_body_that_was_not_asked_for_is_still_there(kind: str) -> None:
    with HTTPServer(("127.0.0.1", 0), AsksFirst) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            with Asker(kind, expect_timeout_s=20) as ask:
                url = f"http://127.0.0.1:{server.server_port}/"
                response = ask(Request("POST", url, body=iter([b"a", b"bc"]), auth=ME))
        finally:
            server.shutdown()
            thread.join()
    assert (response.status, response.content, response.error) == (200, b"abc", None)


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_sink_has_the_page_and_not_the_question(kind: str, tmp_path: Path) -> None:
    with Guarded() as site, Asker(kind) as ask:
        file = io.BytesIO()
        assert ask(Request("GET", site.url("/"), auth=ME, sink=file, sink_any_status=True)).status == 200
        assert file.getvalue() == b"page"
        assert (
            ask(Request("GET", site.url("/"), auth=Digest("me", "no"), sink=file, sink_any_status=True)).status == 401
        )
        assert file.getvalue() == b"pagewho?"


# -- many, and what else is sent


def test_many_at_a_time_use_each_count_once(new_fetcher: Maker) -> None:
    with Guarded() as site, new_fetcher(per_host=8, auth={site.url("").rstrip("/"): ME}) as fetcher:
        assert {response.status for response in fetcher.feed(site.url(f"/{n}") for n in range(60))} == {200}
        assert site.verdicts.count("good") == 60
        assert 1 <= site.verdicts.count("nothing") <= 8
        assert len(site.verdicts) == 60 + site.verdicts.count("nothing")


@each_kind
def test_a_field_of_ones_own_counts_first(kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        for own in ({"Authorization": "Mine"}, {"authorization": None}):
            assert ask(Request("GET", site.url("/"), own, auth=ME)).status == 200
        assert site.fields(0)["authorization"] == "Mine"
        assert "authorization" not in site.fields(1)


@each_kind
def test_cookies_go_along(kind: str) -> None:
    import http.cookiejar

    with Guarded() as site, Asker(kind, cookies=http.cookiejar.CookieJar()) as ask:
        site.routes = {"/in": (200, {"Set-Cookie": "a=1"}, b"page")}
        for path in ("/in", "/in"):
            assert ask(Request("GET", site.url(path), auth=ME)).status == 200
        assert site.fields(-1)["cookie"] == "a=1"
        assert site.verdicts == ["nothing", "good", "good"]


def test_digest_itself(new_pool: Maker) -> None:
    assert repr(ME) == "Digest(...)"
    assert pickle.loads(pickle.dumps(ME)) == ME == Digest("me", "secret") != Digest("me", "other")
    assert ME != ("me", "secret")
    assert len({ME, Digest("me", "secret")}) == 1
    for user in ("a\r\nb", "a\0", "\x7f"):
        with pytest.raises(InvalidField):
            Digest(user, "x")
    with pytest.raises(TypeError):
        Digest(b"me", "secret")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a Bearer or a Digest"):
        new_pool(auth={"http://a.test": 3})  # type: ignore[dict-item]


@pytest.mark.parametrize(("value", "found"), [
    ('Basic realm="a", Digest x=1, y="b,c\\"d" , NTLM', [("basic", {"realm": "a"}), ("digest", {"x": "1", "y": 'b,c"d'}), ("ntlm", {})]),
    ("Negotiate YII=, Negotiate a/b+c==,Digest a=1", [("digest", {"a": "1"})]),
    ("Digest a=1, a=2", [("digest", {"a": "1"})]), ('Digest a="1', []), ("Digest", [("digest", {})]), ("=x, Digest a=1", [("digest", {"a": "1"})]),
    ("a=1", []), ("", []), (" , ,", []), ('Digest a="1"x, b=2', []), ('Digest a=1, b="2"x, c=3', []), ('Digest a=1, "x", Basic b=2', [("basic", {"b": "2"})]), ("Digest\ta = 1", [("digest", {"a": "1"})]),
])  # fmt: skip
def test_challenges(value: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert [*challenges_of([value])] == found


@pytest.mark.parametrize("text", ['"', '\\"', ",", '","', "Digest a=", 'a="\\', "a ", "=,"])
def test_long_challenges_are_read_in_linear_time(text: str) -> None:
    for _ in challenges_of([text * (1_000_000 // len(text)), "Digest " + text * (1_000_000 // len(text))]):
        pass


def test_the_examples_of_rfc_7616() -> None:
    """Section 3.9.1; the counter begins at 1, and the client's nonce is the example's."""
    params = {"realm": "http-auth@example.org", "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "qop": "auth, auth-int",
              "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"}  # fmt: skip
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        session = Session.of("Mufasa", "Circle of Life", {**params, "algorithm": algorithm})
        assert session is not None
        session._cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        assert f'response="{response}"'.encode() in session.answer("GET", "/dir/index.html", None)


# -- a server that nobody here wrote

APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
ErrorLog {folder}/error
Listen 127.0.0.1:{port}
{modules}
KeepAlive On
MaxKeepAliveRequests 0
LogFormat "%s %u %k" told
CustomLog {folder}/access told
DocumentRoot {folder}/pages
<Directory {folder}/pages>
    AuthType Digest
    AuthName "here, there"
    AuthDigestProvider file
    AuthUserFile {folder}/users
    AuthDigestNonceLifetime {lifetime}
    Require valid-user
</Directory>
"""
MODULES = ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest", "log_config", "unixd")


@pytest.fixture(params=[300, 1])
def apache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    program = proxy_servers.program("apache2")
    room = next((path for path in ("/usr/lib/apache2/modules", "/usr/lib/httpd/modules") if os.path.isdir(path)), "")
    if not os.path.exists(f"{room}/mod_auth_digest.so"):
        pytest.skip("mod_auth_digest is not installed here")
    port, lifetime = proxy_servers.free_port(), request.param
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a b").write_bytes(b"page")
    for path in (tmp_path, tmp_path / "pages"):
        path.chmod(0o755)
    users = ["m\u00fc", 'm"e']
    lines = [f"{user}:here, there:" + hashlib.md5(f"{user}:here, there:secret".encode()).hexdigest() for user in users]
    (tmp_path / "users").write_text("\n".join(lines) + "\n", encoding="utf-8")
    modules = "\n".join(f"LoadModule {name}_module {room}/mod_{name}.so" for name in MODULES if os.path.exists(f"{room}/mod_{name}.so"))  # fmt: skip
    (tmp_path / "conf").write_text(APACHE.format(folder=tmp_path, port=port, modules=modules, lifetime=lifetime))
    with proxy_servers.running([program, "-X", "-f", str(tmp_path / "conf")], port, tmp_path):
        yield f"http://127.0.0.1:{port}", tmp_path / "access"


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_apache(kind: str, apache: tuple[str, Path]) -> None:
    origin, log = apache
    with Asker(kind, per_host=1) as ask:
        for user in ("m\u00fc", 'm"e'):
            for _ in range(3):
                response = ask(Request("GET", f"{origin}/a%20b?x={user}", auth=Digest(user, "secret")))
                assert (response.status, response.content, response.error) == (200, b"page", None)
        assert ask(Request("GET", f"{origin}/a%20b", auth=Digest("m\u00fc", "wrong"))).status == 401
    told = [line.split()[0] for line in log.read_text().splitlines()]
    assert told.count("200") == 6
    assert told[:2] == ["401", "200"]
