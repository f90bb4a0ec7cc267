"""Pool and fetcher: connections, names, clocks, places.

For: connections and who gets one, names and addresses, clocks, rates, proxies as programs, forks.

Not for: what is sent and read on a connection (``tests/exchange``).
"""
