cimport cython
from httpconn._exchange.response_fields cimport ResponseFields

@cython.final
cdef class Ordering:
    cdef public object _append
    cdef public dict _early
    cdef public Py_ssize_t held
    cdef public bint is_ordered
    cdef public Py_ssize_t made
    cdef public object ready

    cpdef add(self, ResponseFields response)
    @cython.locals(content=bytes)
    cdef _make_ready(self, ResponseFields response)
    cpdef Py_ssize_t let_go(self) except -1
