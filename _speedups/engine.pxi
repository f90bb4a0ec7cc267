# The common exchange of the fetch engine in one call: receive a response, read it, send the next request.
# No twin does this in Python: what is not plain here goes, byte for byte, to the shared reader (_wire/reader.py), and so
# does everything where there is no extension. A law holds the two together: begin_plain_response(data) is None, or what
# the reader says in strict mode.
#
# Plain is what response.pxi calls so, with no content coding.
#
# SAFETY: the receive buffer is on the stack, and is copied before any other object is made. The descriptor is used
# within one call, under the GIL, and never waited on: every call on it is told not to.

cdef extern from *:
    """
    #ifdef _WIN32
    /* Nobody calls these there (_backends/compiled.py); they only must build. */
    static Py_ssize_t httpconn_receive(int fd, void *to, size_t room, int peek) { return -2; }
    static Py_ssize_t httpconn_send(int fd, const void *from, size_t length) { return -2; }
    #else
    #include <errno.h>
    #include <sys/socket.h>
    #include <sys/types.h>
    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0
    #endif
    /* The count; -1 where there is nothing now; -2 for an error, which errno tells. */
    static Py_ssize_t httpconn_receive(int fd, void *to, size_t room, int peek) {
        ssize_t count;
        do {
            count = recv(fd, to, room, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
        } while (count < 0 && errno == EINTR);
        return count >= 0 ? count : (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : -2;
    }
    static Py_ssize_t httpconn_send(int fd, const void *from, size_t length) {
        ssize_t count;
        do {
            count = send(fd, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (count < 0 && errno == EINTR);
        return count >= 0 ? count : -2;
    }
    #endif
    """
    Py_ssize_t httpconn_receive(int descriptor, void *to, size_t room, bint peek) nogil
    Py_ssize_t httpconn_send(int descriptor, const void *data, size_t length) nogil

cdef extern from "Python.h":
    PyObject *PyErr_SetFromErrno(object kind) except NULL

cdef enum:
    TURN_BYTES = 65536
    LENGTH_OF_CONTENT_ENCODING = 16
    LENGTH_OF_HTTPS = 8  # "https://": in front of any host that is known
    LENGTH_OF_SET_COOKIE = 10
    FIRST_ERROR = 400


@cython.final
@cython.no_gc
cdef class TurnLimits(PlainLimits):
    """What a response may have to be read here, and which ones must be judged before the next request is sent."""

    cdef int judged_from, retried_from
    cdef bint keeps_cookies

    def __init__(
        self, line_bytes, field_lines, trailer_lines, overhead_bytes, max_content, judged_from, retried_from, keeps_cookies
    ):
        PlainLimits.__init__(self, line_bytes, field_lines, trailer_lines, overhead_bytes, max_content)
        self.judged_from = judged_from
        self.retried_from = retried_from
        self.keeps_cookies = keeps_cookies


def begin_plain_response(bytes data not None, TurnLimits limits not None, bint is_head=False):
    """Return (head, content that is there, bytes that are to come) of the response that *data* begins, or None.

    *is_head*: it is the answer to HEAD, behind which nothing comes whatever it announces.
    """
    cdef Received got = Received.__new__(Received)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t end = _head_end(<const uint8_t *>PyBytes_AS_STRING(data), length, 0)
    cdef ResponseHead head
    if end < 0:
        return None
    if is_head:
        head = _plain_head(data, limits) if end == length else None
        return None if head is None else (head, b"", 0)
    if not _begin_plain(data[:end], data[end:], limits, got):
        return None
    return got.head, got.content, got.left


@cython.final
@cython.no_gc  # its objects are bytes, and a head, which is not collected either
cdef class Received:
    """What one look at a connection has brought."""

    cdef ResponseHead head  # None where it is not plain
    cdef bytes content
    cdef int64_t left  # bytes of the content that are to come


cdef int _receive(int descriptor, TurnLimits limits, Received into) except -1:
    """Receive once into *into*; return 0 where there is nothing now. Raises OSError."""
    cdef uint8_t buffer[TURN_BYTES]
    cdef Py_ssize_t count = httpconn_receive(descriptor, buffer, TURN_BYTES, False)
    cdef Py_ssize_t end
    cdef bytes block, rest
    into.head = None
    if count == -1:
        return 0
    if count < 0:
        PyErr_SetFromErrno(OSError)
    end = _head_end(buffer, count, 0)
    if end < 0:
        into.content = PyBytes_FromStringAndSize(<const char *>buffer, count)
        return 1
    block = PyBytes_FromStringAndSize(<const char *>buffer, end)
    rest = PyBytes_FromStringAndSize(<const char *>buffer + end, count - end)
    if not _begin_plain(block, rest, limits, into):
        into.content = block + rest
    elif into.left:
        # Servers send head and body in two pieces, and the second one is often there by now. An end, or an error, is
        # for the next call to find again.
        count = httpconn_receive(descriptor, buffer, <size_t>min(into.left, <int64_t>TURN_BYTES), False)
        if count > 0:
            into.content += PyBytes_FromStringAndSize(<const char *>buffer, count)
            into.left -= count
    return 1


cdef Py_ssize_t _go_on(int descriptor, bytes next_request, TurnLimits limits, ResponseHead head) noexcept:
    """Send the next request where that may be, after a complete response; return *sent* of ``take_turn``."""
    cdef uint8_t unasked
    if next_request is None:  # whoever sends the next one looks then, and until then the poller tells of what comes
        return -3 if _is_judged(head, limits) else -1
    # The look of SAFETY.md, before every request on a kept connection.
    if httpconn_receive(descriptor, &unasked, 1, True) != -1:
        return -2
    if _is_judged(head, limits):
        return -3
    return max(-1, httpconn_send(descriptor, PyBytes_AS_STRING(next_request), PyBytes_GET_SIZE(next_request)))


def take_turn(int descriptor, bytes next_request, TurnLimits limits not None):
    """Receive once. Return None (nothing now), bytes that are not plain (b"" at the end of the stream), or
    (head, content that is there, bytes that are to come, sent).

    *sent*: where the response is complete, how much of *next_request* was sent; -1 where none was, or
    it could not be; -2 where something else has come on the connection, so that nothing may be; -3 where the response has
    to be judged first: a redirect, a status that is retried, or a cookie. Raises OSError.
    """
    cdef Received got = Received.__new__(Received)
    cdef Py_ssize_t sent = -1
    if not _receive(descriptor, limits, got):
        return None
    if got.head is None:
        return got.content
    if not got.left:
        sent = _go_on(descriptor, next_request, limits, got.head)
    return got.head, got.content, got.left, sent


def send_if_quiet(int descriptor, bytes head not None):
    """Send *head* over a connection that rests; return how much of it went out: 0 where something else is to be seen to.

    That is, something has come, or an error; who looks then finds it again.
    """
    cdef uint8_t unasked
    # The look of SAFETY.md, before every request on a kept connection.
    if httpconn_receive(descriptor, &unasked, 1, True) != -1:
        return 0
    return max(0, httpconn_send(descriptor, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head)))


def plain_get(dict known not None, url):
    """Return (what *known* has for the origin of *url*, the head of a GET) or None; the twin of preparing.plain_get.

    The last item of what is known is bytes, and stands behind the target.
    """
    cdef Py_ssize_t length, i, at = LENGTH_OF_HTTPS
    cdef const uint8_t *text
    cdef object found
    cdef bytes rest, head
    cdef char *to
    if not PyUnicode_CheckExact(url) or not PyUnicode_IS_ASCII(url):
        return None
    text = PyUnicode_1BYTE_DATA(url)
    length = PyUnicode_GET_LENGTH(url)
    while at < length and text[at] != c'/':
        at += 1
    if at >= length:
        return None
    for i in range(at, length):
        if not 0x21 <= text[i] <= 0x7E or text[i] == c'#':
            return None
    found = known.get(url[:at])
    if found is None:
        return None
    if type(found) is not tuple or len(found) != 3:
        raise TypeError("expected a tuple of three for what is known of an origin")
    rest = (<tuple>found)[2]
    if rest is None:
        raise TypeError("expected bytes for what stands behind a target, got None")
    # SAFETY: what is put below is exactly what is added up here; url, an exact str, is held by the caller.
    head = PyBytes_FromStringAndSize(NULL, len(b"GET ") + length - at + PyBytes_GET_SIZE(rest))
    to = _put(PyBytes_AS_STRING(head), b"GET ", len(b"GET "))
    to = _put(to, text + at, length - at)
    _put(to, PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest))
    return found, head


cdef bint _is_judged(ResponseHead head, TurnLimits limits) noexcept:
    """Return whether something may follow from this response. Source: policies/verdict.py, Policies.has_to_judge."""
    return (
        limits.judged_from <= head.status < FIRST_ERROR
        or head.status >= limits.retried_from
        or (limits.keeps_cookies and head._find(b"set-cookie", LENGTH_OF_SET_COOKIE, 0) >= 0)
    )


cdef bint _begin_plain(bytes block, bytes rest, TurnLimits limits, Received into) except -1:
    """Put head, content that is there, and bytes that are to come *into*; False where it is not plain, or is encoded."""
    cdef int64_t left
    cdef bytes content
    cdef ResponseHead head = _plain_head(block, limits)
    into.head = None
    if head is None or head._find(b"content-encoding", LENGTH_OF_CONTENT_ENCODING, 0) >= 0:
        return False
    content = _plain_content(head, rest, limits, &left)
    if content is None:
        return False
    into.head, into.content, into.left = head, content, left
    return True
