"""What stands in http.client's place: HTTPConnection and HTTPResponse.

For: the methods of these two, in any order, and on any kind of socket.

Not for: pool and fetcher (``tests/engine``); programs of others (``tests/dropin``).
"""
