from httpconn._engine.clock cimport Clock
from httpconn._engine.many.host cimport Host
from httpconn._engine.many.memory cimport Memory
from httpconn._engine.many.turn cimport Turn
from httpconn._exchange.fast_reading cimport FastReader
from httpconn._exchange.job cimport BareJob
from httpconn._exchange.response_fields cimport ResponseFields

cdef object _popleft

cdef class LoopState(Clock):
    cdef public dict by_descriptor
    cdef public object default_encoding
    cdef public bint is_closed
    cdef public object is_traced
    cdef public Memory memory
    cdef public object names
    cdef public double now
    cdef public Py_ssize_t opened
    cdef public object pacing
    cdef public FastReader plain_reader
    cdef public object poller
    cdef public Py_ssize_t queued
    cdef public double read_s
    cdef public Py_ssize_t resent
    cdef public object rests
    cdef public Py_ssize_t reused
    cdef public object shared
    cdef public double sweep_at
    cdef public object timeout
    cdef public double total_s
    cdef public Turn turner
    cdef public dict unfinished

    cpdef BareJob next_job(self, Host host, Py_ssize_t turn)
    cpdef note_sent(self, Host host, job)
    cpdef bint take_first(self, jobs, job) except -1
    cpdef written(self, file, bytes content)
    cpdef hold(self, Py_ssize_t count)
    cpdef answered(self, ResponseFields response)
    cpdef rest(self, connection)
