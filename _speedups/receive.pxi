# To receive and send on the descriptor of a socket, without waiting: httpconn/_engine/many/turn.py says when. Python's own
# sockets do the same (Channel.receive, Watch.is_quiet), at several times the cost.
#
# SAFETY: the receive buffer is on the stack. The descriptor is used within one call, under the GIL, and never waited on:
# every call on it is told not to.

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
    MOST_RECEIVED = 65536
    NOT_SENT = -1  # as contract.py has them
    UNASKED = -2


def receive_response(int descriptor, Py_ssize_t max_line_bytes, Py_ssize_t max_field_lines, /):
    """Return what has come, 65,536 bytes at most, b"" at the end; None for nothing now. Raises OSError.

    Where it begins with a head: what ``begin_response_head`` says of it. So content is copied once.
    """
    cdef uint8_t buffer[MOST_RECEIVED + 1]
    cdef Py_ssize_t count = httpconn_receive(descriptor, buffer, MOST_RECEIVED, False)
    if count == -1:
        return None
    if count < 0:
        PyErr_SetFromErrno(OSError)
    buffer[count] = 0  # as behind the bytes of an object
    cdef ResponseHead head = _begin_head(None, buffer, count, max_line_bytes, max_field_lines)
    if head is None:
        return PyBytes_FromStringAndSize(<const char *>buffer, count)
    return _begun(head, buffer, count)


def receive_waiting(int descriptor, Py_ssize_t most, /):
    """Return what waits, 65,536 bytes and *most* at most; b"" also for an end or an error, which the next look finds."""
    cdef uint8_t buffer[MOST_RECEIVED]
    if httpconn_waits(descriptor) <= 0:
        return b""
    cdef Py_ssize_t count = httpconn_receive(descriptor, buffer, min(max(most, 0), <Py_ssize_t>MOST_RECEIVED), False)
    if count < -1:
        PyErr_SetFromErrno(OSError)  # it came between the two calls, and is told once
    return PyBytes_FromStringAndSize(<const char *>buffer, max(count, 0))


def send_if_quiet(int descriptor, bytes data not None, /):
    """Send *data*, if nothing has come that nobody asked for; return how much went out, NOT_SENT or UNASKED.

    It is UNASKED for an end or an error, too: who looks then finds it again.
    """
    cdef uint8_t unasked
    # The look of SAFETY.md, before every request on a kept connection.
    if httpconn_receive(descriptor, &unasked, 1, True) != -1:
        return UNASKED
    return max(<Py_ssize_t>NOT_SENT, httpconn_send(descriptor, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
