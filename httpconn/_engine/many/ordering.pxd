cimport cython
from httpconn._exchange.response_fields cimport ResponseFields

@cython.final
cdef class Ordering:
    cdef dict _early
    cdef Py_ssize_t _first
    cdef public list _places
    cdef public Py_ssize_t held
    cdef public bint is_ordered
    cdef public Py_ssize_t made
    cdef public Py_ssize_t waiting

    cpdef add(self, ResponseFields response)
    @cython.locals(places=list, at=Py_ssize_t, content=bytes)
    cdef _make_ready(self, ResponseFields response)
    @cython.locals(places=list, at=Py_ssize_t)
    cpdef take(self)
    cpdef Py_ssize_t let_go(self) except -1
