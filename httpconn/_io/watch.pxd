cdef Py_ssize_t _forks

cdef bint _has_pending(sock) except -1

cdef class Watch:
    cdef public object _descriptor
    cdef Py_ssize_t _forks
    cdef bint _has_read
    cdef bint _is_tls
    cdef object _poll
    cdef public object sock

    cpdef bint is_quiet(self) except -1
    cpdef Py_ssize_t plain_descriptor(self) except -2
