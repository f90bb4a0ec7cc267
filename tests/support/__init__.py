"""What tests share: servers, peers, sites, and how work is counted.

For: a server (``faulty.py``, ``sites.py``, ``peers.py``, ``proxy_servers.py``), certificates, ways to ask that tests
take as a parameter (``clients.py``).

Not for: tests.
"""
