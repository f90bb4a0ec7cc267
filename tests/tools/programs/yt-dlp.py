"""yt-dlp: the generic extractor and a download, by urllib and by requests, whichever of its handlers there are."""

import yt_dlp

MASKED = ["user-agent"]
REPLIES = {
    "HEAD /video.mp4": (200, {"Content-Type": "video/mp4", "Content-Length": "144", "Accept-Ranges": "bytes"}, ""),
    "GET /video.mp4": (200, {"Content-Type": "video/mp4", "Accept-Ranges": "bytes"}, ["012345670123456701234567012345670123456701234567012345670123456701234567", "89abcdef89abcdef89abcdef89abcdef89abcdef89abcdef89abcdef89abcdef89abcdef"]),
    "GET /page": (200, {"Content-Type": "text/html"}, '<title>A page</title><video src="/video.mp4"></video>'),
}  # fmt: skip


class Silent:
    def debug(self, text):
        pass

    info = warning = error = debug


def exchange(peer):
    options = {
        "logger": Silent(),
        "outtmpl": str(peer.folder / "%(id)s.%(ext)s"),
        "cachedir": False,
        "noprogress": True,
    }
    with yt_dlp.YoutubeDL(options) as downloader:
        page = downloader.extract_info(peer.http + "/page", download=False)
        seen = [page["title"], [entry["url"].removeprefix(peer.http) for entry in page.get("entries", [page])]]
        seen.append(downloader.download([peer.http + "/video.mp4"]))
        seen.append([[file.name, file.stat().st_size] for file in sorted(peer.folder.glob("*.mp4"))])
        with downloader.urlopen(peer.http + "/gzip") as response:
            seen.append([response.status, response.reason, response.read()[:20]])
    return seen
