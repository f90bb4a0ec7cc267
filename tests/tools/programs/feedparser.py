"""feedparser: a feed by its URL, with its ETag, through a redirect; one that has not changed."""

import feedparser

REPLIES = {
    "GET /feed If-None-Match": (304, {"ETag": '"1"'}, ""),
    "GET /feed": (200, {"Content-Type": "application/rss+xml; charset=utf-8", "ETag": '"1"'}, ['<rss version="2.0"><channel><title>A</title>', "<item><title>One</title></item></channel></rss>"]),
    "GET /old": (301, {"Location": "/feed"}, ""),
}  # fmt: skip


def exchange(peer):
    seen, etag = [], None
    for path in ("/feed", "/old", "/feed", "/missing"):
        feed = feedparser.parse(peer.http + path, etag=etag)
        fields = sorted(feed.get("headers", {}).items())
        seen.append(
            [
                feed.get("status"),
                feed.feed.get("title"),
                [entry.title for entry in feed.entries],
                feed.get("href", "").removeprefix(peer.http),
                fields,
            ]
        )
        etag = feed.get("etag")
    return seen
