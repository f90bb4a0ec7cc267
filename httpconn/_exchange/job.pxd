from httpconn._exchange.fast_reading cimport FastReader

cdef class BareJob:
    cdef public Py_ssize_t attempts
    cdef public object body
    cdef public bint has_poured
    cdef public object late_head
    cdef public object head
    cdef public object index
    cdef public bint is_plain
    cdef public object key
    cdef public object may_go_on
    cdef public object method
    cdef public object origin
    cdef public Py_ssize_t own_lines
    cdef public FastReader reader
    cdef public object request
    cdef public double started
    cdef public object timeout
    cdef public object trail

    cdef _fill(self, request, index, key, origin, method, head)
