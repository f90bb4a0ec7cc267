"""The command line: ``httpconn fetch``, from URLs to files, and ``httpconn report``, a page about them.

For: what a command takes (`arguments.py`), how it reads its input (`inputs.py`), tells how far it is
(`progress.py`) and ends (`fetch.py`), and the page (`report.py`).

Not for: file formats (`writers`), and whatever a program would want too: that is an option of `Fetcher`.
"""
