"""Servers to talk to, the demo, and the benchmarks. Not part of the installed package.

For: a path of the embedded server (``replies.py``), nginx's (``nginx.conf.in``); a row or a curve (``rows.py``), a
rival (``rivals.py``, ``clients.py``), a figure that may not get worse (``budgets.py``).

Not for: tests: a benchmark that fails is told, and stops nobody.
"""
