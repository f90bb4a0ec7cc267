cimport cython
from httpconn._wire.plain cimport PlainReader

cdef Py_ssize_t _FIRST_ERROR

@cython.final
cdef class FastReader(PlainReader):
    cdef Py_ssize_t _judged_from
    cdef bint _keeps_cookies
    cdef Py_ssize_t _retried_from

    cpdef bint has_to_judge(self, Py_ssize_t status, head) except -1
