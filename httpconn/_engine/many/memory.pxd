cimport cython

@cython.final
cdef class Memory:
    cdef public Py_ssize_t held
    cdef public bint is_full
    cdef public Py_ssize_t most

    cpdef bint hold(self, Py_ssize_t count) except -1
