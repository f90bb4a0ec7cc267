"""What stands in http.client's place: HTTPConnection and HTTPResponse.

For: the methods of HTTPConnection and HTTPResponse, in any order, on any kind of socket; what a new Python adds to them.

Not for: pool and fetcher (``tests/engine``); programs of others (``tests/dropin``).
"""
