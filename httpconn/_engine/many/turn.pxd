cimport cython
from httpconn._exchange.fast_reading cimport FastReader

cdef Py_ssize_t _IN_CHUNKS
cdef Py_ssize_t _NOT_SENT
cdef Py_ssize_t _TO_BE_JUDGED

@cython.final
cdef class Turn:
    cdef object _receive_response
    cdef object _receive_waiting
    cdef object _send_if_quiet
    cdef public long long left
    cdef public Py_ssize_t sent

    @cython.locals(more=bytes, begun=tuple, found=tuple, left=cython.longlong)
    cpdef take(self, descriptor, bytes next_request, FastReader reader)
