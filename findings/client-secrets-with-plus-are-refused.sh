#!/usr/bin/env bash
# What: a token asked for with grant_type=client_credentials and HTTP Basic, by requests-oauthlib 2.0.0 (oauthlib 4.0.1), Authlib 1.9.10 (its session over requests 2.34.2),
#   httpx-oauth 0.17.0 (its own way to send client_secret_basic) and requests_oauth2client 1.8.0, from django-oauth-toolkit 3.4.1 (Django 5.2.19) on loopback. The secrets of the three
#   clients are 'secret', 'k+9/Q==' (as base64 gives them) and '100%25'.
# Expected: a token each time. Client and secret are encoded as in a form and then put into Basic (RFC 6749, 2.3.1), and the server undoes both.
# Seen: 2026-11-30, Python 3.11.7. By all four clients a token for 'secret', and 401, invalid_client, for the other two. A field that is made by the letter gets one for all
#   three. Authlib's own server (extract_basic_authorization) reads '100%' out of what Authlib's own client sends for '100%25'.
# Why it matters: the secret is right, and is copied again, and again refused: 'k+9/Q==' is taken for 'k 9/Q=='. With secrets that were made anew it works, until one of them has
#   a plus sign. And who encodes it by hand in front of the client is refused by the servers that leave it as it is.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests-oauthlib==2.0.0 oauthlib==4.0.1 authlib==1.9.10 httpx-oauth==0.17.0 httpx==0.28.1 requests_oauth2client==1.8.0 requests==2.34.2 \
    django-oauth-toolkit==3.4.1 django==5.2.19
cd "$dir"
OAUTHLIB_INSECURE_TRANSPORT=1 timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, base64, logging, sys, threading
from importlib.metadata import version
from urllib.parse import quote_plus
from wsgiref.simple_server import WSGIRequestHandler, make_server
import django
from django.conf import settings

settings.configure(
    ROOT_URLCONF="oauth2_provider.urls", ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret", USE_TZ=True, MIDDLEWARE=[], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}}, OAUTH2_PROVIDER={"SCOPES": {"read": "read"}})
django.setup()
logging.disable()
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from httpx_oauth.oauth2 import OAuth2
from oauth2_provider.models import Application
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauth2client import ClientSecretBasic, OAuth2Client
from requests_oauthlib import OAuth2Session

call_command("migrate", verbosity=0)
SECRETS = {"plain": "secret", "base64": "k+9/Q==", "percent": "100%25"}
for name, secret in SECRETS.items():
    Application.objects.create(name=name, client_id=name, client_secret=secret, client_type="confidential", authorization_grant_type="client-credentials")


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/token/"


def by_the_letter(name, secret):
    pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
    fields = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    assert extract_basic_authorization(fields) == (name, secret), "the control failed"
    return requests.post(url, {"grant_type": "client_credentials"}, headers=fields, timeout=10).json().get("access_token")


def by_requests_oauthlib(name, secret):
    session = OAuth2Session(client=BackendApplicationClient(client_id=name))
    return session.fetch_token(url, client_id=name, client_secret=secret)["access_token"]


def by_authlib(name, secret):
    session = AuthlibSession(name, secret)
    sent = []
    session.hooks["response"].append(lambda response, *args, **options: sent.append(response.request.headers))
    try:
        return session.fetch_token(url, grant_type="client_credentials")["access_token"]
    finally:
        assert extract_basic_authorization(sent[0])[1] == {"100%25": "100%"}.get(secret, secret), "changed"


def by_httpx_oauth(name, secret):
    async def ask():
        client = OAuth2(name, secret, url, url, token_endpoint_auth_method="client_secret_basic")
        async with client.get_httpx_client() as session:
            request, auth = client.build_request(session, "POST", url, auth_method="client_secret_basic", data={"grant_type": "client_credentials"})
            return (await session.send(request, auth=auth)).json().get("access_token")

    return asyncio.run(ask())


def by_requests_oauth2client(name, secret):
    return OAuth2Client(token_endpoint=url, auth=ClientSecretBasic(name, secret), testing=True).client_credentials().access_token


CLIENTS = {
    "by the letter": by_the_letter,
    "requests-oauthlib": by_requests_oauthlib,
    "authlib": by_authlib,
    "httpx-oauth": by_httpx_oauth,
    "requests_oauth2client": by_requests_oauth2client,
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*list(CLIENTS)[1:], "django-oauth-toolkit", "oauthlib")))
for client, ask in CLIENTS.items():
    seen = {}
    for name, secret in SECRETS.items():
        try:
            token = ask(name, secret)
        except Exception as error:
            assert "invalid_client" in f"{error!r} {error}".lower() or "InvalidClient" in repr(error), error
            token = None
        seen[secret] = "a token" if token else "refused"
    print(f"{client:21}", seen)
    assert list(seen.values()) == (["a token"] * 3 if client == "by the letter" else ["a token", "refused", "refused"]), "changed"
PY
