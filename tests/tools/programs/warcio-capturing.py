"""warcio's capture_http: ``install`` comes while it captures."""

from warcio.capture_http import capture_http  # isort: skip

import io

import asking
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

file = io.BytesIO()
capture = None


def begin(peer):
    global capture
    capture = capture_http(WARCWriter(file, gzip=False))
    capture.__enter__()


def exchange(peer):
    seen = [asking.by_http_client(peer.http)]
    capture.__exit__(None, None, None)
    file.seek(0)
    seen.append([[record.rec_type, record.http_headers.statusline] for record in ArchiveIterator(file)])
    return [seen, asking.by_http_client(peer.http)]
