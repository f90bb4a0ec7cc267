"""Rules above the connection, the same for a pool and a fetcher: redirects, retries, rates, cookies, credentials.

Decisions only. Nothing here sends, receives, waits or looks at a clock: what time it is, and chance, are handed in.

For: a rule about what follows a response: redirects and the fields that do not cross origins (``redirects.py``),
retries (``retries.py``), rates (``rates.py``), cookies (``cookies.py``), credentials (``auth.py``, ``digest.py``),
robots.txt (``robots.py``), the caller's hooks (``hooks.py``), and all of them put together (``verdict.py``).

Not for: I/O, clocks and chance, which are handed in; making the next request (``_exchange/follow_up.py``).
"""
