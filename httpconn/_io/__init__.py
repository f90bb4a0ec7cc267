"""Moving bytes: sockets, TLS and file-like objects. Nothing here knows what the bytes mean."""
