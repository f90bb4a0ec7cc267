# The common response: a plain one. What is declined goes to the shared reader (_wire/reader.py). A law holds them together:
# it is None, or what the reader says, in either mode. Twins: take_plain_response there, and plain_length of _wire/framing.py.
#
# Plain is: a plain head of HTTP/1.1, a final status with a body, no Connection but keep-alive, and a body that is told by
# one Content-Length of plain digits, or is chunked and all there, without trailers. Nothing is behind it.
#
# SAFETY: as in head.pxi and chunked.pxi, which do the reading; here only offsets are compared that they have found.

cdef enum:
    DIGITS_OF_LENGTH = 18  # of which none is beyond 2^63 - 1


@cython.no_gc
cdef class PlainLimits:
    cdef Py_ssize_t line_bytes, field_lines, trailer_lines, overhead_bytes
    cdef int64_t max_content

    def __init__(self, line_bytes, field_lines, trailer_lines, overhead_bytes, max_content):
        self.line_bytes = _clipped(line_bytes)
        self.field_lines = _clipped(field_lines)
        self.trailer_lines = _clipped(trailer_lines)
        self.overhead_bytes = _clipped(overhead_bytes)
        self.max_content = MAX_BODY_BYTES if max_content is None else max(0, min(max_content, MAX_BODY_BYTES))


cdef ResponseHead _plain_head(bytes block, PlainLimits limits):
    """Return the head, or None where it is not plain."""
    cdef ResponseHead head = _parse_head(block, limits.line_bytes, limits.field_lines)
    if head is None or head.version != 11 or head.status < 200 or head.status == NO_CONTENT or head.status == NOT_MODIFIED:
        return None
    if head._connection and not _is_only(head, head._connection, b"connection", LENGTH_OF_CONNECTION, b"keep-alive", 10):
        return None
    return head


cdef bytes _plain_content(ResponseHead head, bytes rest, PlainLimits limits, int64_t *left):
    """Return what *rest*, which came behind a plain head, has of the content, or None where the body is not plain.

    *left* becomes the number of bytes that are to come, which is 0 for a chunked one.
    """
    cdef Py_ssize_t available = PyBytes_GET_SIZE(rest)
    cdef int64_t length
    cdef ChunkedDecoder decoder
    cdef bytes content
    left[0] = 0
    if head._content_length:
        length = -1 if head._transfer_encoding else _plain_length(head)
        if length < available or length > limits.max_content:
            return None
        left[0] = length - available
        return rest
    if not head._transfer_encoding or not _is_only(
        head, head._transfer_encoding, TRANSFER_ENCODING, LENGTH_OF_TRANSFER_ENCODING, b"chunked", 7
    ):
        return None
    decoder = ChunkedDecoder(limits.line_bytes, limits.trailer_lines, limits.overhead_bytes)
    content = decoder.decode(rest, 0, -1)
    if not decoder.complete or decoder.position != available or decoder._trailers or decoder.lax_line:
        return None
    return None if PyBytes_GET_SIZE(content) > limits.max_content else content


cdef bint _is_only(
    ResponseHead head, Py_ssize_t first, const char *name, Py_ssize_t name_length, const char *value, Py_ssize_t length
) noexcept:
    """Return whether line *first*, counted from 1, is the only one of its name and has that value, in any case."""
    cdef FieldLine line = head._lines[first - 1]
    return (
        line.value_length == length
        and _is_named(<const uint8_t *>PyBytes_AS_STRING(head.block) + line.value, value, length)
        and head._find(name, name_length, first) < 0
    )


cdef int64_t _plain_length(ResponseHead head) noexcept:
    """Return the Content-Length, or -1 where there are several, or one of anything but a few digits."""
    cdef FieldLine line = head._lines[head._content_length - 1]
    cdef const uint8_t *digits = <const uint8_t *>PyBytes_AS_STRING(head.block) + line.value
    cdef int64_t length = 0
    cdef uint32_t i
    if not 1 <= line.value_length <= DIGITS_OF_LENGTH:
        return -1
    for i in range(line.value_length):
        if not c'0' <= digits[i] <= c'9':
            return -1
        length = length * 10 + (digits[i] - c'0')
    return length if head._find(CONTENT_LENGTH, LENGTH_OF_CONTENT_LENGTH, head._content_length) < 0 else -1


cdef class PlainReader:
    """``take_plain_response``, and the limits that it was last called with: in an object, so that each interpreter has its own."""

    cdef object _seen
    cdef PlainLimits _limits
    cdef Py_ssize_t _head_bytes

    cdef int _hold(self, limits) except -1:
        """Copy *limits*, which are immutable and nearly always the same object as for the response before."""
        cdef PlainLimits held = PlainLimits(
            limits.line_bytes, limits.field_lines, limits.trailer_lines, limits.chunk_overhead_bytes, limits.body_bytes
        )
        cdef Py_ssize_t head_bytes = _clipped(limits.head_bytes)
        # Nothing but these three at once, so that they belong together whoever comes in between.
        self._limits, self._head_bytes, self._seen = held, head_bytes, limits
        return 0

    def take_plain_response(self, data, method, limits):
        """Return (head, content, what came behind the head) of the response that *data* is, or None."""
        cdef Py_ssize_t length, end
        cdef const uint8_t *start
        cdef int64_t left
        cdef ResponseHead head
        cdef PlainLimits held
        cdef bytes rest, content
        if type(data) is not bytes:
            return None  # a file in the socket's place may give anything
        if method is not None and (type(method) is not str or method == "HEAD" or method == "CONNECT"):
            return None
        if limits is not self._seen or self._limits is None:
            self._hold(limits)
        held = self._limits
        length = PyBytes_GET_SIZE(data)
        start = <const uint8_t *>PyBytes_AS_STRING(data)
        end = _head_end(start, length, 0)
        if end < 0 or end > self._head_bytes:
            return None
        head = _plain_head(PyBytes_FromStringAndSize(<const char *>start, end), held)
        if head is None:
            return None
        rest = PyBytes_FromStringAndSize(<const char *>start + end, length - end)
        content = _plain_content(head, rest, held, &left)
        return None if content is None or left else (head, content, rest)


take_plain_response = PlainReader().take_plain_response
