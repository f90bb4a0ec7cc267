"""Rules above the connection, the same for a pool and a fetcher: redirects, retries, rates, cookies, credentials.

Decisions only. Nothing here sends, receives, waits or looks at a clock: what time it is, and chance, are handed in.
"""
