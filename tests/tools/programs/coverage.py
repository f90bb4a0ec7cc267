"""coverage, started within the process: lines of callbacks that run while a response is read."""

import asking
import coverage


def exchange(peer):
    measured = coverage.Coverage(data_file=None, include=["*/asking.py"])
    measured.start()
    seen = [asking.by_http_client(peer.http), asking.by_urllib(peer.http), asking.by_requests(peer.http)]
    measured.stop()
    data = measured.get_data()
    [file] = data.measured_files()
    return [seen, sorted(data.lines(file))]
