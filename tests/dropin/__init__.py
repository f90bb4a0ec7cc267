"""That httpconn can stand where http.client stands: CPython's own suites, other people's libraries, their habits."""
