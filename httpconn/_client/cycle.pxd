cimport cython
from httpconn._io.source cimport SocketSource
from httpconn._io.watch cimport Watch

cdef object _audit
cdef str _CYCLE
cdef dict _END_OF_MESSAGE
cdef str _IDLE
cdef str _IS_SENDING
cdef str _ITSELF
cdef tuple _READ_HERE
cdef str _REQ_SENT
cdef str _RESPONSE
cdef str _SPENT
cdef str _STATE
cdef str _UNREAD
cdef str _WATCH

cdef class Cycle:
    cdef public object _backend
    cdef public Py_ssize_t _count
    cdef object _has_version
    cdef public object _host
    cdef object _host_field
    cdef object _is_quiet
    cdef object _is_unchanged
    cdef object _last
    cdef object _make
    cdef bint _may_answer
    cdef tuple _originals
    cdef object _port
    cdef object _response_class
    cdef tuple _response_slots
    cdef tuple _response_steps
    cdef object _response_version
    cdef object _seen_version
    cdef public object _send
    cdef public object _serialize
    cdef tuple _steps
    cdef object _version
    cdef object _version_of

    cpdef bint knows(self, kind, own) except -1
    @cython.locals(own=dict, watch=Watch, descriptor=Py_ssize_t, sent=Py_ssize_t, head=bytes)
    cpdef bint request(self, connection, given, method, url, body, headers) except -1
    @cython.locals(own=dict, watch=Watch, source=SocketSource, plain=tuple)
    cpdef answer(self, connection, given, direct, current_limits)

@cython.locals(own=dict)
cpdef let_go(response, source, reference, bint may_persist)
