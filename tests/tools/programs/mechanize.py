"""mechanize: pages, a form, cookies, a redirect, by http and by https (whose class of connections is its own)."""

import mechanize

FIELDS_UNORDERED = True  # its handlers come from a set of objects
REPLIES = {
    "GET /form": (200, {"Content-Type": "text/html", "Set-Cookie": "a=b"}, '<form action="/echo" method="post"><input name="q" value="1"><input type="submit"></form><a href="/moved">next</a>'),
}  # fmt: skip


def exchange(peer):
    seen = []
    for base in (peer.http, peer.https):
        browser = mechanize.Browser()
        browser.set_handle_robots(False)
        browser.set_ca_data(cafile=__import__("os").environ["SSL_CERT_FILE"])
        response = browser.open(base + "/form")
        seen += [response.code, response.read(), sorted(response.info().items())]
        browser.select_form(nr=0)
        browser["q"] = "some words"
        seen += [browser.submit().read(), [cookie.name for cookie in browser.cookiejar]]
        browser.back()
        seen.append(browser.follow_link(text="next").geturl().removeprefix(base))
        try:
            browser.open(base + "/missing")
        except mechanize.HTTPError as error:
            seen.append([error.code, error.read()])
    return seen
