cdef object _deque

cdef class Host:
    cdef public object arriving
    cdef public bint awaits_opening
    cdef public Py_ssize_t count
    cdef public object held_back
    cdef public list idle
    cdef public bint is_runnable
    cdef public object key
    cdef public Py_ssize_t opening
    cdef public object pending
    cdef public list resting
