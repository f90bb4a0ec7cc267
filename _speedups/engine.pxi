# The common exchange of the fetch engine in one call: receive a response, read it, send the next request.
# ``ShortRoad`` does that for connection after connection, with what lies between: jobs, responses and counts.
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
    """What a response may have to go the short road, and which must be judged before the next request is sent."""

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
    # The look of SAFETY.md, before every request on a kept connection.
    if httpconn_receive(descriptor, &unasked, 1, True) != -1:
        return -2
    if _is_judged(head, limits):
        return -3
    if next_request is None:
        return -1
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


def plain_get(dict known not None, url):
    """Return (what *known* has for the origin of *url*, the head of a GET) or None; the twin of preparing.plain_get.

    The last item of what is known is bytes, and stands behind the target.
    """
    return _plain_get(known, url)


cdef tuple _plain_get(dict known, url):
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


cdef bytes _with_line(bytes head, bytes line):
    """Return *head*, which ends with an empty line and has no body behind it, with the field *line* in it."""
    cdef Py_ssize_t end = PyBytes_GET_SIZE(head) - len(b"\r\n")
    cdef bytes more
    cdef char *to
    if end < 0 or line is None:
        raise TypeError("expected a head and a field line")
    # SAFETY: what is put below is exactly what is added up here.
    more = PyBytes_FromStringAndSize(NULL, end + PyBytes_GET_SIZE(line) + len(b"\r\n\r\n"))
    to = _put(PyBytes_AS_STRING(more), PyBytes_AS_STRING(head), end)
    to = _put(to, PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line))
    _put(to, b"\r\n\r\n", len(b"\r\n\r\n"))
    return more


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


cdef extern from "structmember.h":
    int T_OBJECT_EX
    ctypedef struct PyMemberDef:
        int type
        Py_ssize_t offset
        int flags
    ctypedef struct PyMemberDescrObject:
        PyMemberDef *d_member

cdef extern from "Python.h":
    object make "PyType_GenericAlloc"(type made, Py_ssize_t items)
    bint PyIter_Check(object source) noexcept
    PyObject *PyIter_Next(object source) except? NULL


cdef Py_ssize_t _slot(type owner, str name) except -1:
    """Return where in each instance of *owner* its slot *name* lies. Raises TypeError where it has none."""
    member = getattr(owner, name)
    if type(member) is not MemberDescriptorType or not issubclass(owner, member.__objclass__):
        raise TypeError(f"expected {name!r} among the __slots__ of {owner.__name__}")
    cdef PyMemberDef *told = (<PyMemberDescrObject *>member).d_member
    if told.type != T_OBJECT_EX or told.flags != 0:
        raise TypeError(f"expected {name!r} among the __slots__ of {owner.__name__}")
    return told.offset


cdef inline PyObject *_at(object holder, Py_ssize_t slot) noexcept:
    """Return what is in a slot, borrowed: to be compared, or taken hold of at once. NULL where nothing is."""
    return (<PyObject **>(<char *><PyObject *>holder + slot))[0]


cdef inline void _put_at(object holder, Py_ssize_t slot, object value) noexcept:
    cdef PyObject **to = <PyObject **>(<char *><PyObject *>holder + slot)
    cdef PyObject *old = to[0]
    Py_INCREF(value)
    to[0] = <PyObject *>value
    Py_XDECREF(old)  # last: whatever is freed by it finds the new value here


cdef object _taken(object holder, Py_ssize_t slot):
    """Return what is in a slot. Raises AttributeError where nothing is."""
    cdef PyObject *found = _at(holder, slot)
    if found == NULL:
        raise AttributeError("a slot of the fetch engine has not been set")
    return <object>found


@cython.final
cdef class ShortRoad:
    """See ``_backends.contract.Road``.

    SAFETY: instances of the engine's own classes are read and written by the offsets of their __slots__, which their
    descriptors tell, in objects of exactly these classes and no subclass. What is found is held before anything else
    is done. The response is made before a connection is looked up: from there to the end of its turn no Python code runs,
    but for a finalizer, if the garbage collector looks around while a chunked body is decoded; so the connection is
    looked up again before anything is done with its descriptor.
    """

    cdef object _loop, _append
    cdef dict _by_descriptor, _hosts, _known
    cdef TurnLimits _limits
    cdef Received _got
    cdef object _spare  # the next Response
    cdef object _default_encoding  # what each has in ``_encoding``
    cdef object _zero, _one, _yes, _no_seconds  # numbers and True as objects, to be compared with what is in a slot
    cdef type _connection, _host, _job, _response
    cdef Py_ssize_t _c_descriptor, _c_host, _c_is_short, _c_job, _c_left, _c_limits, _c_served, _c_since
    cdef Py_ssize_t _c_total_at, _c_turn, _c_is_plain
    cdef Py_ssize_t _h_arriving, _h_count, _h_idle, _h_is_runnable, _h_pending
    cdef Py_ssize_t _j_attempts, _j_head, _j_index, _j_is_bare, _j_key, _j_method, _j_origin, _j_request, _j_started
    cdef Py_ssize_t _r_content, _r_head, _r_index, _r_request, _r_times, _r_attempts, _r_defects, _r_history
    cdef Py_ssize_t _r_encoding, _r_error, _r_headers, _r_stream, _r_trailers
    cdef bint _has_cookies
    # Of one call of serve, and of the time since code of others was last called in it by this thread. What other threads
    # and signals' handlers do to a jar meanwhile counts from then on.
    cdef dict _cookie_lines  # by host: what all its bare requests have, or None where they differ
    cdef object _now, _total_at, _timeout
    cdef double _seconds
    cdef bint _goes_on, _is_ordered
    cdef int64_t _free_bytes
    cdef Py_ssize_t _per_host, _most_in_a_row
    cdef Py_ssize_t _turns
    cdef int64_t _held

    def __cinit__(self, loop, TurnLimits limits not None, classes):  # and no __init__: never a second time
        self._loop = loop
        self._limits = limits
        self._got = Received.__new__(Received)
        self._by_descriptor, self._hosts, self._known = loop.by_descriptor, loop.hosts, loop.shared.preparer.known
        self._append = loop.ready.append
        self._is_ordered, self._most_in_a_row = loop.is_ordered, loop.most_in_a_row
        self._has_cookies = loop.has_cookies
        self._zero, self._one, self._yes, self._no_seconds = 0, 1, True, 0.0
        self._cookie_lines = {}
        self._per_host = _clipped(loop.per_host)
        self._timeout = loop.timeout
        self._default_encoding = loop.shared.default_encoding
        self._connection, self._host = classes["Connection"], classes["Host"]
        self._job, self._response = classes["Job"], classes["Response"]
        cdef type owner = self._connection
        self._c_host, self._c_job = _slot(owner, "host"), _slot(owner, "job")
        self._c_is_short, self._c_left = _slot(owner, "is_short"), _slot(owner, "left")
        self._c_limits, self._c_served = _slot(owner, "limits"), _slot(owner, "served")
        self._c_since, self._c_total_at = _slot(owner, "since"), _slot(owner, "total_at")
        self._c_turn, self._c_descriptor = _slot(owner, "turn"), _slot(owner, "descriptor")
        self._c_is_plain = _slot(owner, "is_plain")
        owner = self._host
        self._h_arriving, self._h_count, self._h_idle = _slot(owner, "arriving"), _slot(owner, "count"), _slot(owner, "idle")
        self._h_is_runnable, self._h_pending = _slot(owner, "is_runnable"), _slot(owner, "pending")
        owner = self._job
        self._j_attempts, self._j_head, self._j_index = _slot(owner, "attempts"), _slot(owner, "head"), _slot(owner, "index")
        self._j_is_bare, self._j_key, self._j_method = _slot(owner, "is_bare"), _slot(owner, "key"), _slot(owner, "method")
        self._j_origin, self._j_request = _slot(owner, "origin"), _slot(owner, "request")
        self._j_started = _slot(owner, "started")
        owner = self._response
        self._r_content, self._r_head, self._r_index = _slot(owner, "_content"), _slot(owner, "_head"), _slot(owner, "index")
        self._r_request, self._r_times = _slot(owner, "_request"), _slot(owner, "_times")
        self._r_attempts, self._r_defects = _slot(owner, "attempts"), _slot(owner, "defects")
        self._r_history, self._r_encoding = _slot(owner, "history"), _slot(owner, "_encoding")
        self._r_error, self._r_headers = _slot(owner, "error"), _slot(owner, "_headers")
        self._r_stream, self._r_trailers = _slot(owner, "_stream"), _slot(owner, "_trailers")

    # -- the turns of connections -----------------------------------------------------------------------------

    def serve(self, list events not None):
        cdef PyObject *found
        cdef object descriptor, connection
        cdef tuple event
        self._now = float(self._loop.now)
        self._seconds = self._now
        self._total_at = self._seconds + <double>self._loop.total_s
        self._see()
        try:
            for event in events:
                if self._spare is None:
                    self._spare = self._new_response()
                descriptor, _ = event
                found = PyDict_GetItemWithError(self._by_descriptor, descriptor)
                if found == NULL:
                    self._tell()
                    self._loop.take_wake()
                    self._see()
                    continue
                connection = <object>found
                if type(connection) is self._connection and self._turn(connection, descriptor):
                    continue
                self._tell()
                if connection.is_short:
                    connection.turn_short()
                else:
                    connection.step()
                self._see()
        finally:
            self._tell()

    cdef int _see(self) except -1:
        """Read from the loop what only its own code changes; forget the cookies, which anybody's may have changed."""
        if self._has_cookies:
            self._cookie_lines.clear()
        return self._see_own()

    cdef int _see_own(self) except -1:
        """As ``_see``, after code of the loop's own only."""
        self._goes_on = not self._loop.is_paused
        self._free_bytes = <int64_t>_clipped(self._loop.max_buffered_bytes) - <int64_t>self._loop.held
        return 0

    cdef int _tell(self) except -1:
        """Tell the loop what has been done, before any other code asks it."""
        cdef Py_ssize_t turns = self._turns
        cdef int64_t held = self._held
        if turns:
            self._turns = 0
            self._held = 0
            self._loop.note_turns(turns, held)
        return 0

    cdef object _new_response(self):
        """Return a Response as its __init__ makes it, of nothing yet."""
        cdef object response = make(self._response, 0)
        _put_at(response, self._r_attempts, self._one)
        _put_at(response, self._r_defects, ())
        _put_at(response, self._r_history, ())
        _put_at(response, self._r_encoding, self._default_encoding)
        _put_at(response, self._r_error, None)
        _put_at(response, self._r_headers, None)
        _put_at(response, self._r_stream, None)
        _put_at(response, self._r_trailers, None)
        return response

    cdef bint _is_bare(self, object job, object attempts) noexcept:
        """Return whether *job* is a bare one, with so many attempts: a small int, of which there is one object."""
        return (
            type(job) is self._job
            and _at(job, self._j_is_bare) == <PyObject *>self._yes
            and _at(job, self._j_attempts) == <PyObject *>attempts
        )

    cdef object _next_job(self, object connection):
        """Return the bare job that may go over *connection* next, once its own bare one is answered.

        Ellipsis where its host has none waiting, None where it is not for here.
        """
        cdef object host, job, pending, next_job
        cdef Py_ssize_t turn
        if not self._goes_on or _at(connection, self._c_is_short) != <PyObject *>self._yes:
            return None
        if _at(connection, self._c_left) != <PyObject *>self._zero:
            return None
        job, host = _taken(connection, self._c_job), _taken(connection, self._c_host)
        if <Py_ssize_t>_taken(connection, self._c_served) <= 0 or type(host) is not self._host:
            return None
        if not self._is_bare(job, self._one) or type(_taken(job, self._j_started)) is not float:
            return None
        pending = _taken(host, self._h_pending)
        turn = _taken(connection, self._c_turn)
        if not len(pending):
            return ...
        if turn >= self._most_in_a_row and self._loop.runnable:
            return None
        next_job = pending[0]
        if not self._is_bare(next_job, self._zero) or type(_taken(next_job, self._j_head)) is not bytes:
            return None
        return next_job

    cdef bint _turn(self, object connection, object descriptor) except -1:
        """Receive a whole response and send the next request; False, with nothing done, where it is not for here."""
        cdef object host, job, pending, found
        cdef object next_job = self._next_job(connection)
        cdef bytes head, bare_head, line
        cdef PyObject *known
        cdef Py_ssize_t sent = -1
        cdef Received got = self._got
        cdef int number
        if next_job is None:
            return False
        if next_job is ...:
            return self._last_turn(connection, descriptor)
        job, host = _taken(connection, self._c_job), _taken(connection, self._c_host)
        pending = _taken(host, self._h_pending)
        head = bare_head = <bytes>_taken(next_job, self._j_head)
        if self._has_cookies:
            known = PyDict_GetItemWithError(self._cookie_lines, host)
            if known == NULL:
                self._tell()
                self._cookie_lines[host] = self._loop.line_for_all(next_job)
                self._see_own()
                if PyDict_GetItemWithError(self._by_descriptor, descriptor) != <PyObject *>connection:
                    return True  # closed by a signal's handler
                return self._turn(connection, descriptor)
            line = <object>known
            if line is None:
                return False
            if len(line):
                head = _with_line(bare_head, line)
        number = _taken(connection, self._c_descriptor)
        try:
            if not _receive(number, self._limits, got):
                return True
        except OSError as error:
            self._tell()
            connection.fail(error)
            self._see()
            return True
        if PyDict_GetItemWithError(self._by_descriptor, descriptor) != <PyObject *>connection:
            return True  # closed by a finalizer, with the whole fetcher
        if got.head is not None and not got.left:
            sent = _go_on(number, head, self._limits, got.head)
        if sent != PyBytes_GET_SIZE(head):
            if sent >= 0:  # what has been sent is the beginning of this one, whatever else it has been dressed in before
                next_job.dressed = None if head is bare_head else head
            found = got.content if got.head is None else (got.head, got.content, got.left, sent)
            got.head = got.content = None
            self._tell()
            connection.turned(found, next_job)
            self._see()
            return True
        pending.popleft()
        self._answered(connection, job, next_job)
        return True

    cdef int _answered(self, object connection, object job, object next_job) except -1:
        """Note that *job* has been answered by what was got, and that *next_job* has been sent whole."""
        cdef Received got = self._got
        cdef object response = self._response_to(job)
        cdef Py_ssize_t held = PyBytes_GET_SIZE(got.content)
        cdef Py_ssize_t served = _taken(connection, self._c_served), turn = _taken(connection, self._c_turn)
        _put_at(connection, self._c_job, next_job)
        _put_at(connection, self._c_served, served + 1)
        _put_at(connection, self._c_turn, turn + 1)
        _put_at(connection, self._c_since, self._now)
        _put_at(connection, self._c_total_at, self._total_at)
        _put_at(connection, self._c_limits, self._timeout)
        _put_at(next_job, self._j_started, self._now)
        _put_at(next_job, self._j_attempts, self._one)
        got.head = got.content = None
        self._turns += 1
        self._held += held
        if self._is_ordered:
            self._tell()
            self._loop.answered(response)
            self._see_own()
        else:
            self._append(response)
        if self._held > self._free_bytes:
            self._tell()
            self._loop.hold(0)
            self._see_own()
        return 0

    cdef object _response_to(self, object job):
        """Return the response to *job* that has been got; the place for the next one is empty then."""
        cdef Received got = self._got
        cdef double started = _taken(job, self._j_started)
        cdef object response = self._spare
        self._spare = None
        _put_at(response, self._r_request, _taken(job, self._j_request))
        _put_at(response, self._r_index, _taken(job, self._j_index))
        _put_at(response, self._r_head, got.head)
        _put_at(response, self._r_content, got.content)
        _put_at(response, self._r_times, PyFloat_FromDouble(self._seconds - started))
        return response

    cdef bint _last_turn(self, object connection, object descriptor) except -1:
        """Receive a whole response, behind which its host has nothing to send; as ``_turn``."""
        cdef Py_ssize_t sent = -1
        cdef Received got = self._got
        cdef object found, response, job = _taken(connection, self._c_job)
        cdef int number = _taken(connection, self._c_descriptor)
        try:
            if not _receive(number, self._limits, got):
                return True
        except OSError as error:
            self._tell()
            connection.fail(error)
            self._see()
            return True
        if PyDict_GetItemWithError(self._by_descriptor, descriptor) != <PyObject *>connection:
            return True  # closed by a finalizer, with the whole fetcher
        if got.head is not None and not got.left:
            sent = _go_on(number, None, self._limits, got.head)
        self._tell()
        if got.head is None or got.left or sent != -1:
            found = got.content if got.head is None else (got.head, got.content, got.left, sent)
            got.head = got.content = None
            connection.turned(found, None)
        else:
            response = self._response_to(job)
            got.head = got.content = None
            self._loop.ended(connection, response)
        self._see()
        return True

    def start(self, connection, job):
        """Send *job* over a connection that rests; return False, with nothing done, where that is not for here."""
        cdef uint8_t unasked
        cdef Py_ssize_t sent
        cdef int number
        cdef object descriptor, head
        if type(connection) is not self._connection or not self._is_bare(job, self._zero) or self._has_cookies:
            return False
        if _at(connection, self._c_is_plain) != <PyObject *>self._yes:
            return False
        descriptor, head = _taken(connection, self._c_descriptor), _taken(job, self._j_head)
        if PyDict_GetItemWithError(self._by_descriptor, descriptor) != <PyObject *>connection or type(head) is not bytes:
            return False
        number = descriptor
        # The look of SAFETY.md, before every request on a kept connection. What it finds, the connection finds again.
        if httpconn_receive(number, &unasked, 1, True) != -1:
            return False
        sent = httpconn_send(number, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head))
        if sent <= 0:
            return False
        connection.begun(job, sent)
        return True

    # -- the jobs of bare URLs --------------------------------------------------------------------------------

    def queue_bare(self, source, Py_ssize_t most):
        cdef object loop = self._loop, intake = loop.intake, url, job, host, key
        cdef PyObject *found
        cdef tuple plain, known
        cdef object added = intake.added  # comes first, also what *source* adds
        cdef Py_ssize_t queued = 0, index = intake.count
        if not PyIter_Check(source):
            raise TypeError(f"expected an iterator, got {type(source).__name__}")
        try:
            while queued < most and not len(added):
                found = PyIter_Next(source)
                if found == NULL:
                    raise StopIteration
                url = <object>found
                Py_DECREF(url)
                plain = _plain_get(self._known, url)
                if plain is None:
                    return (url,)
                known = plain[0]
                key = known[0]
                job = make(self._job, 0)
                _put_at(job, self._j_request, url)
                _put_at(job, self._j_index, index)
                _put_at(job, self._j_key, key)
                _put_at(job, self._j_origin, known[1])
                _put_at(job, self._j_method, "GET")
                _put_at(job, self._j_head, plain[1])
                _put_at(job, self._j_is_bare, True)
                _put_at(job, self._j_attempts, self._zero)
                _put_at(job, self._j_started, self._no_seconds)
                index += 1
                intake.count = index  # before *source* is asked again, which may look
                found = PyDict_GetItemWithError(self._hosts, key)
                host = None if found == NULL else <object>found
                if type(host) is not self._host:
                    loop.queue(job)
                    return None
                _taken(host, self._h_arriving).append(job)
                queued += 1
                if (
                    _at(host, self._h_is_runnable) != <PyObject *>self._yes
                    and <Py_ssize_t>_taken(host, self._h_count) - len(_taken(host, self._h_idle)) < self._per_host
                ):
                    loop.make_runnable(host)
                    return None
            return None
        finally:
            loop.queued += queued
