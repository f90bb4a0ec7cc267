from httpconn._exchange.job cimport BareJob
from httpconn._exchange.response_fields cimport ResponseFields
from httpconn._io.channel cimport Channel
from httpconn._io.watch cimport Watch
from httpconn._wire.plain cimport PlainReader
cimport cython

cdef Py_ssize_t _FIRST_ERROR
cdef double _FOREVER
cdef Py_ssize_t _RECEIVE_BYTES

cdef class Held:
    cdef public object channel
    cdef public Host host
    cdef public double idle_since
    cdef public bint is_opening
    cdef public Py_ssize_t left_out_at
    cdef public object left_out_bytes
    cdef public double rests_until
    cdef public Py_ssize_t served
    cdef public object slots
    cdef public object token
    cdef public Watch watch

cdef class Host:
    cdef public object idle
    cdef public object key
    cdef public object resting
    cdef public set tokens
    cdef public object waiters

cdef class KeptConnections:
    cdef public double _expires_at
    cdef public double _idle_s
    cdef public dict hosts
    cdef public dict idle
    cdef public object is_below
    cdef public bint is_closed
    cdef public object lock
    cdef public object lost
    cdef public Py_ssize_t requests
    cdef public Py_ssize_t reused
    cdef public set tokens
    cdef public dict waiting

    @cython.locals(host=Host)
    cdef _take_kept(self, key)
    cdef bint _keep(self, Held connection, double now) except -1
    cpdef _take_idle(self, Host host)
    cpdef _put_idle(self, Held connection, row, double now)

cdef class AtOnce:
    cdef object _default_encoding
    cdef bint _has_engine
    cdef bint _is_possible
    cdef Py_ssize_t _judged_from
    cdef set _late_fields
    cdef public object _pacing
    cdef PlainReader _plain_reader
    cdef public object _policies
    cdef object _receive_response
    cdef object _send_if_quiet
    cdef public KeptConnections _slots

    cpdef take(self, BareJob job)
    cpdef begin(self, BareJob job, limits, bint is_streamed)
    @cython.locals(kind=type, response=ResponseFields, plain=tuple, now=double)
    cpdef exchange(self, Held connection, BareJob job, limits, bint is_streamed)
    @cython.locals(head=bytes, watch=Watch, descriptor=Py_ssize_t, sent=Py_ssize_t, reader=PlainReader, plain=tuple)
    cdef _talk(self, Held connection, Channel channel, BareJob job, limits, bint is_only_sent)

@cython.locals(left=Py_ssize_t, came=list)
cpdef _with_rest(tuple plain, channel, sent)
