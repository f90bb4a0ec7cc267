cimport cython

@cython.final
cdef class Places:
    cdef public Py_ssize_t asked_for
    cdef public Py_ssize_t most
    cdef public Py_ssize_t put_back
    cdef public double raise_at
