"""What an exchange is: requests and their bodies, responses and their content, codings, text, redirects.

For: a request with its options, URLs, content and its codings, text, redirects, retries, cookies, sinks, streams: by
pool, fetcher and AsyncClient alike; what is said to proxies, byte by byte.

Not for: which connection is taken, and when (``tests/engine``).
"""
