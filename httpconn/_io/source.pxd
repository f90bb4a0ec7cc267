cdef class SocketSource:
    cdef object _again
    cdef public object _sock
    cdef public bint is_clean

    cpdef hold(self, sock)
    cpdef receive(self, wanted, asked)
    cpdef close(self)

cdef class TLSSource(SocketSource):
    cpdef receive(self, wanted, asked)
