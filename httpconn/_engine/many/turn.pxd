cimport cython
from httpconn._exchange.fast_reading cimport FastReader

cdef Py_ssize_t _NOT_SENT
cdef Py_ssize_t _TO_BE_JUDGED

cdef class Turn:
    cdef public object _receive_response
    cdef public object _receive_waiting
    cdef public object _send_if_quiet

    @cython.locals(more=bytes, found=tuple, content=bytes, left=cython.longlong, sent=Py_ssize_t)
    cpdef take(self, descriptor, bytes next_request, FastReader reader)
