# The common exchange of the fetch engine in one call: receive a response, read it, send the next request.
# No twin does this in Python: what is not plain here goes, byte for byte, to the shared reader (_wire/reader.py), and so
# does everything where there is no extension. A law holds the two together: begin_plain_response(data) is None, or what
# the reader says in strict mode.
#
# Plain is what response.pxi calls so, with no content coding, unless the content is wanted as it came.
#
# SAFETY: the receive buffer is on the stack, and is copied before any other object is made. The descriptor is used
# within one call, under the GIL, and never waited on: every call on it is told not to.

cdef extern from *:
    """
    #ifdef _WIN32
    /* Nobody calls these there (_backends/compiled.py); they only must build. */
    static Py_ssize_t httpconn_receive(int fd, void *to, size_t room, int peek) { return -2; }
    static Py_ssize_t httpconn_send(int fd, const void *from, size_t length) { return -2; }
    static int httpconn_waits(int fd) { return 0; }
    #else
    #include <errno.h>
    #include <sys/ioctl.h>
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
    /* How many bytes wait. Unlike to receive, to ask takes no error away: the system tells each of them once. */
    static int httpconn_waits(int fd) {
        int count = 0;
        return ioctl(fd, FIONREAD, &count) < 0 ? 0 : count;
    }
    #endif
    """
    Py_ssize_t httpconn_receive(int descriptor, void *to, size_t room, bint peek) nogil
    Py_ssize_t httpconn_send(int descriptor, const void *data, size_t length) nogil
    int httpconn_waits(int descriptor) nogil

cdef extern from "Python.h":
    PyObject *PyErr_SetFromErrno(object kind) except NULL

cdef enum:
    TURN_BYTES = 65536
    LENGTH_OF_CONTENT_ENCODING = 16
    LENGTH_OF_HTTPS = 8  # "https://": in front of any host that is known
    LENGTH_OF_SET_COOKIE = 10
    MOST_FIELDS = 64
    MOST_KEPT_BYTES = 16384
    FIRST_ERROR = 400


@cython.final
@cython.no_gc
cdef class TurnLimits(PlainLimits):
    """What a response may have to be read here, and which ones must be judged before the next request is sent."""

    cdef int judged_from, retried_from
    cdef bint keeps_cookies
    cdef bint takes_coded  # the content is wanted as it came

    def __init__(
        self, line_bytes, field_lines, trailer_lines, overhead_bytes, max_content, judged_from, retried_from, keeps_cookies,
        takes_coded=False,
    ):
        PlainLimits.__init__(self, line_bytes, field_lines, trailer_lines, overhead_bytes, max_content)
        self.judged_from = judged_from
        self.retried_from = retried_from
        self.keeps_cookies = keeps_cookies
        self.takes_coded = takes_coded


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
    elif into.left and httpconn_waits(descriptor) > 0:
        # Servers send head and body in two pieces, and the second one is often there by now. An end, or an error, is
        # for the next call to find.
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


cdef tuple _known_origin(dict known, url, Py_ssize_t *at):
    """Return what *known* has for the origin of *url*, or None; *at* becomes where the target begins, if it is plain."""
    cdef Py_ssize_t length, i
    cdef const uint8_t *text
    cdef object found
    at[0] = LENGTH_OF_HTTPS
    if not PyUnicode_CheckExact(url) or not PyUnicode_IS_ASCII(url):
        return None
    text = PyUnicode_1BYTE_DATA(url)
    length = PyUnicode_GET_LENGTH(url)
    while at[0] < length and text[at[0]] != c'/':
        at[0] += 1
    if at[0] >= length:
        return None
    for i in range(at[0], length):
        if not 0x21 <= text[i] <= 0x7E or text[i] == c'#':
            return None
    found = known.get(url[:at[0]])
    if found is not None and (type(found) is not tuple or len(found) != 3):
        raise TypeError("expected a tuple of three for what is known of an origin")
    return found


def plain_get(dict known not None, url):
    """Return (what *known* has for the origin of *url*, the head of a GET) or None; the twin of preparing.plain_get.

    The last item of what is known is bytes, and stands behind the target.
    """
    cdef Py_ssize_t length, at
    cdef bytes rest, head
    cdef char *to
    cdef tuple found = _known_origin(known, url, &at)
    if found is None:
        return None
    rest = found[2]
    if rest is None:
        raise TypeError("expected bytes for what stands behind a target, got None")
    # SAFETY: what is put below is exactly what is added up here; url, an exact str, is held by the caller.
    length = PyUnicode_GET_LENGTH(url) - at
    head = PyBytes_FromStringAndSize(NULL, len(b"GET ") + length + PyBytes_GET_SIZE(rest))
    to = _put(PyBytes_AS_STRING(head), b"GET ", len(b"GET "))
    to = _put(to, PyUnicode_1BYTE_DATA(url) + at, length)
    _put(to, PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest))
    return found, head


@cython.final
@cython.no_gc  # what it holds are bytes, texts, and tuples of texts
cdef class FieldLayout:
    """What stands around the own fields of a GET, for all requests whose fields have the same names.

    Twin: the class of this name in _exchange/layouts.py.
    """

    cdef tuple names, fixed
    cdef bytes front
    cdef bint sends_host, keeps
    cdef tuple values  # those of the last request, and
    cdef bytes lines  # the field lines that they have come to

    def __init__(
        self, tuple names not None, tuple fixed not None, bytes front not None, bint sends_host, bint keeps=True
    ):
        if len(names) != len(fixed):
            raise ValueError(f"{len(names)} names and {len(fixed)} values")
        for name in names:
            if not PyUnicode_CheckExact(name) or not PyUnicode_IS_ASCII(name):
                raise TypeError("expected names of ASCII")
        for value in fixed:
            if value is not None and not PyUnicode_CheckExact(value):
                raise TypeError("expected values that are texts, or None")
        self.names, self.fixed, self.front, self.sends_host, self.keeps = names, fixed, front, sends_host, keeps


cdef bytes _lines_of(FieldLayout layout, tuple values):
    """Return the field lines with *values*, or None where one of them is not plain, or not the one that it has to be."""
    cdef Py_ssize_t i, size = 0
    cdef Py_ssize_t count = len(layout.names)
    cdef bytes lines
    cdef char *to
    cdef object value, fixed
    if layout.values is not None and _are_same(values, layout.values):
        return layout.lines
    for i in range(count):
        value, fixed = values[i], layout.fixed[i]
        if not PyUnicode_CheckExact(value) or PyUnicode_KIND(value) != 1:
            return None
        if not _is_all_of(PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value), FIELD_BYTE):
            return None
        if fixed is not None and <str>fixed != <str>value:
            return None
        size += PyUnicode_GET_LENGTH(layout.names[i]) + PyUnicode_GET_LENGTH(value) + len(b": \r\n")
    # SAFETY: what is put below is exactly what is added up above, of texts that two tuples hold.
    lines = PyBytes_FromStringAndSize(NULL, size)
    to = PyBytes_AS_STRING(lines)
    for i in range(count):
        to = _put(_put_text(to, layout.names[i]), b": ", 2)
        to = _put(_put_text(to, values[i]), b"\r\n", 2)
    if layout.keeps and size <= MOST_KEPT_BYTES:
        layout.values, layout.lines = values, lines
    return lines


cdef bint _are_same(tuple some, tuple others) noexcept:
    """Return whether these two, of one length, hold the same objects."""
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(some)):
        if PyTuple_GET_ITEM(some, i) != PyTuple_GET_ITEM(others, i):
            return False
    return True


cdef bint _take_fields(headers, tuple names, tuple values) except -1:
    """Fill *names* and *values*, which are new and empty, from a dict; False where that is no longer as large."""
    cdef Py_ssize_t i = 0, position = 0
    cdef PyObject *name
    cdef PyObject *value
    # SAFETY: nothing is made and no code of others runs within the loop, so the dict stays as it is.
    while PyDict_Next(headers, &position, &name, &value):
        if i >= PyTuple_GET_SIZE(names) or not PyUnicode_CheckExact(<object>name):
            return False
        Py_INCREF(<object>name)
        PyTuple_SET_ITEM(names, i, <object>name)
        Py_INCREF(<object>value)
        PyTuple_SET_ITEM(values, i, <object>value)
        i += 1
    return i == PyTuple_GET_SIZE(names)


cdef bint _take_pairs(list headers, tuple names, tuple values) except -1:
    """As ``_take_fields``, from a list of pairs."""
    cdef Py_ssize_t i
    cdef object pair
    if len(headers) != PyTuple_GET_SIZE(names):
        return False
    for i in range(PyTuple_GET_SIZE(names)):
        pair = headers[i]
        if type(pair) is not tuple or PyTuple_GET_SIZE(pair) != 2 or not PyUnicode_CheckExact((<tuple>pair)[0]):
            return False
        Py_INCREF((<tuple>pair)[0])
        PyTuple_SET_ITEM(names, i, (<tuple>pair)[0])
        Py_INCREF((<tuple>pair)[1])
        PyTuple_SET_ITEM(values, i, (<tuple>pair)[1])
    return True


def plain_request(dict known not None, url, headers, dict layouts not None):
    """Return (what *known* has for the origin of *url*, the head of a GET with *headers*) or None.

    *layouts* has a FieldLayout for names that were met before. Twin: layouts.plain_request.
    """
    cdef Py_ssize_t at, count, length
    cdef tuple names, values, found
    cdef bytes lines, host, head
    cdef object layout
    cdef FieldLayout held
    cdef char *to
    if not PyDict_CheckExact(headers) and type(headers) is not list:
        return None
    found = _known_origin(known, url, &at)
    count = len(headers)
    if found is None or not 0 < count <= MOST_FIELDS:
        return None
    names, values = PyTuple_New(count), PyTuple_New(count)
    if not (_take_fields(headers, names, values) if PyDict_CheckExact(headers) else _take_pairs(headers, names, values)):
        return None
    layout = layouts.get(names)
    if layout is None:
        return None
    held = <FieldLayout?>layout
    if len(held.names) != count:
        raise ValueError("a layout stands under other names than its own")
    lines = _lines_of(held, values)
    if lines is None:
        return None
    host = <bytes?>found[1].host_field if held.sends_host else b""
    # SAFETY: what is put below is exactly what is added up here; url, an exact str, is held by the caller.
    length = len(b"GET  HTTP/1.1\r\n\r\n") + PyUnicode_GET_LENGTH(url) - at
    length += PyBytes_GET_SIZE(held.front) + PyBytes_GET_SIZE(lines)
    if held.sends_host:
        length += len(b"Host: \r\n") + PyBytes_GET_SIZE(host)
    head = PyBytes_FromStringAndSize(NULL, length)
    to = _put(PyBytes_AS_STRING(head), b"GET ", len(b"GET "))
    to = _put(to, PyUnicode_1BYTE_DATA(url) + at, PyUnicode_GET_LENGTH(url) - at)
    to = _put(to, b" HTTP/1.1\r\n", len(b" HTTP/1.1\r\n"))
    if held.sends_host:
        to = _put(to, b"Host: ", len(b"Host: "))
        to = _put(_put(to, PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host)), b"\r\n", 2)
    to = _put(to, PyBytes_AS_STRING(held.front), PyBytes_GET_SIZE(held.front))
    to = _put(to, PyBytes_AS_STRING(lines), PyBytes_GET_SIZE(lines))
    _put(to, b"\r\n", 2)
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
    if head is None or (not limits.takes_coded and head._find(b"content-encoding", LENGTH_OF_CONTENT_ENCODING, 0) >= 0):
        return False
    content = _plain_content(head, rest, limits, &left)
    if content is None:
        return False
    into.head, into.content, into.left = head, content, left
    return True
