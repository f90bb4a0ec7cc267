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
    cdef public object _has_version
    cdef public object _host
    cdef public object _host_field
    cdef public object _is_quiet
    cdef public object _is_unchanged
    cdef public object _last
    cdef public object _make
    cdef public bint _may_answer
    cdef public tuple _originals
    cdef public object _port
    cdef public object _response_class
    cdef public tuple _response_slots
    cdef public tuple _response_steps
    cdef public object _response_version
    cdef public object _seen_version
    cdef public object _send
    cdef public object _serialize
    cdef public tuple _steps
    cdef public object _version
    cdef public object _version_of

    cpdef bint knows(self, kind, own) except -1
    @cython.locals(own=dict, watch=Watch, descriptor=Py_ssize_t, sent=Py_ssize_t, head=bytes)
    cpdef bint request(self, connection, given, method, url, body, headers) except -1
    @cython.locals(own=dict, watch=Watch, source=SocketSource, plain=tuple)
    cpdef answer(self, connection, given, direct, current_limits)

@cython.locals(own=dict)
cpdef let_go(response, source, reference, bint may_persist)
