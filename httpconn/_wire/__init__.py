"""The protocol, without any I/O: bytes in, answers out. The only place with protocol logic."""
