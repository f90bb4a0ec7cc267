cimport cython

cdef object _close(sock)
cdef object _milliseconds(timeout_s)

cdef class Channel:
    cdef public list _addresses
    cdef bint _is_tls
    cdef bint _is_wrapped
    cdef object _last_error
    cdef list _layers
    cdef object _peer
    cdef object _poll
    cdef public object _settings
    cdef public object _tls
    cdef public list _trying
    cdef public object _unsent
    cdef public double connected_at
    cdef public list dead
    cdef public object has_resumed
    cdef public bint is_clean
    cdef public double next_at
    cdef public Py_ssize_t number
    cdef public double secured_at
    cdef public object sock
    cdef public Py_ssize_t wants

    cpdef open(self)
    cpdef close(self, why=*)
    cpdef receive(self, size)
    cpdef receive_into(self, room)
    cdef _receive(self, size, room)
    cpdef send(self, data)
    cpdef bint has_pending(self) except -1
    cpdef bint wait(self, wanted, timeout_s) except -1
    cdef bint _connect(self) except -1
    cpdef bint _begin(self, address) except -1
    cdef bint _is_connected(self, attempt) except -1
    cpdef _give_up(self, attempt, error)
    cdef _note_dead(self, address, error)
    cdef _take(self, attempt)
    cdef _secure(self, tls)
    cdef _converse(self, handshake)
