"""What stands in http.client's place: HTTPConnection and HTTPResponse."""
