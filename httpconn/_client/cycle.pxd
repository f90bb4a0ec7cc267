cimport cython
from httpconn._io.source cimport SocketSource
from httpconn._io.watch cimport Watch

cdef str _IDLE
cdef tuple _READ_HERE
cdef str _REQ_SENT
cdef str _RESPONSE
cdef str _SPENT
cdef str _STATE
cdef str _UNREAD

cdef class Cycle:
    cdef public object _backend
    cdef public object _host
    cdef public object _host_field
    cdef public object _is_quiet
    cdef public tuple _later
    cdef public object _make
    cdef public bint _may_answer
    cdef public object _port
    cdef public Py_ssize_t _position
    cdef public object _response_class
    cdef public tuple _response_slots
    cdef public tuple _response_steps
    cdef public object _response_version
    cdef public object _seen_version
    cdef public object _send
    cdef public object _serialize
    cdef public tuple _steps
    cdef public object _values_of
    cdef public object _version
    cdef public object _version_of

    cpdef bint knows(self, kind) except -1
    cpdef bint knows_responses(self) except -1
    @cython.locals(watch=Watch, descriptor=Py_ssize_t, sent=Py_ssize_t, head=bytes, values=list)
    cpdef bint request(self, connection, dict own, method, url, body, headers) except -1
    @cython.locals(watch=Watch, source=SocketSource, values=list, plain=tuple)
    cpdef answer(self, connection, dict own, direct, current_limits)
