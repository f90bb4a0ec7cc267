# The common response in one call: a plain one that has come whole with its head. Twin: take_plain_response in
# _backends/pure.py. What is declined goes to the shared reader (_wire/reader.py). A law holds them together: it is None,
# or what the reader says, in either mode.
#
# Plain is: a plain head of HTTP/1.1, a final status with a body, no Connection but keep-alive, and a body that is told by
# one Content-Length of plain digits, or is chunked without trailers. All of it is there, and nothing is behind it.
#
# SAFETY: as in head.pxi and chunked.pxi, which do the reading; here only offsets are compared that they have found.

cdef object _limits_seen = None
cdef TurnLimits _limits_held = None
cdef Py_ssize_t _head_bytes_held = 0


cdef int _hold_limits(limits) except -1:
    """Copy *limits*, which are immutable and nearly always the same object as for the response before."""
    global _limits_seen, _limits_held, _head_bytes_held
    _limits_held = TurnLimits(
        limits.line_bytes, limits.field_lines, limits.trailer_lines, limits.chunk_overhead_bytes, limits.body_bytes
    )
    _head_bytes_held = _clipped(limits.head_bytes)
    _limits_seen = limits
    return 0


def take_plain_response(bytes data not None, method, limits):
    """Return (head, content, what came behind the head) of the response that *data* is, or None."""
    cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef Py_ssize_t end
    cdef ResponseHead head
    cdef ChunkedDecoder decoder
    cdef TurnLimits held
    cdef bytes rest, content
    if method is not None and (type(method) is not str or method == "HEAD" or method == "CONNECT"):
        return None
    if limits is not _limits_seen:
        _hold_limits(limits)
    held = _limits_held
    end = _head_end(start, length, 0)
    if end < 0 or end > _head_bytes_held:
        return None
    head = _parse_head(PyBytes_FromStringAndSize(<const char *>start, end), held.line_bytes, held.field_lines)
    if head is None or head.version != 11 or head.status < 200 or head.status == 204 or head.status == 304:
        return None
    if head._connection and not _is_only(head, head._connection, b"connection", LENGTH_OF_CONNECTION, b"keep-alive", 10):
        return None
    if head._content_length:
        if head._transfer_encoding or _plain_length(head) != length - end or length - end > held.max_content:
            return None
        content = rest = PyBytes_FromStringAndSize(<const char *>start + end, length - end)
        return head, content, rest
    if not head._transfer_encoding or not _is_only(
        head, head._transfer_encoding, b"transfer-encoding", LENGTH_OF_TRANSFER_ENCODING, b"chunked", 7
    ):
        return None
    decoder = ChunkedDecoder(held.line_bytes, held.trailer_lines, held.overhead_bytes)
    rest = PyBytes_FromStringAndSize(<const char *>start + end, length - end)
    content = decoder.decode(rest, 0, -1)
    if not decoder.complete or decoder.error or decoder.position != length - end or decoder._trailers:
        return None
    return None if PyBytes_GET_SIZE(content) > held.max_content else (head, content, rest)
