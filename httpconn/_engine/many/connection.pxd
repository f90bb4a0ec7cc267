cimport cython
from httpconn._engine.many.host cimport Host
from httpconn._engine.many.state cimport LoopState
from httpconn._exchange.job cimport BareJob
from httpconn._exchange.response_fields cimport ResponseFields
from httpconn._io.channel cimport Channel

cdef double _FOREVER
cdef tuple _NO_TIMES
cdef Py_ssize_t _NOT_SENT
cdef Py_ssize_t _TO_BE_JUDGED

@cython.final
cdef class Connection:
    cdef public object channel
    cdef public object descriptor
    cdef public bint has_alarm
    cdef public object head
    cdef public Py_ssize_t held
    cdef public Host host
    cdef public double idle_since
    cdef public object incoming
    cdef public bint is_answered
    cdef public bint is_fast
    cdef public bint is_plain
    cdef public bint is_sent
    cdef public BareJob job
    cdef public Py_ssize_t left
    cdef public Py_ssize_t left_out_at
    cdef public object left_out_bytes
    cdef public object limits
    cdef public LoopState loop
    cdef public int mask
    cdef public object number
    cdef public list others
    cdef public object outgoing
    cdef public object parts
    cdef public double paused_at
    cdef public int phase
    cdef public double rests_until
    cdef public object send_error
    cdef public Py_ssize_t served
    cdef public double since
    cdef public object times
    cdef public double total_at
    cdef public Py_ssize_t turn
    cdef public double wakes_at
    cdef public object watch
    cdef object _large

    @cython.locals(loop=LoopState)
    cpdef connect(self, BareJob job)
    @cython.locals(loop=LoopState)
    cdef _admit(self, BareJob job)
    @cython.locals(loop=LoopState, job=BareJob, now=double)
    cpdef resolve(self)
    @cython.locals(loop=LoopState, job=BareJob, channel=Channel)
    cdef _open_step(self)
    cpdef step(self)
    cdef _set_mask(self, int mask)
    @cython.locals(loop=LoopState, sockets=list)
    cdef _register(self, channel)
    @cython.locals(loop=LoopState, others=list)
    cdef _unregister(self)
    cpdef begin(self, BareJob job)
    cpdef begun(self, BareJob job, Py_ssize_t sent)
    @cython.locals(loop=LoopState, until=double)
    cdef _note_deadline(self)
    @cython.locals(loop=LoopState, head=bytes, sent=Py_ssize_t, channel=Channel)
    cdef _send(self, BareJob job)
    @cython.locals(loop=LoopState, job=BareJob, next_job=BareJob)
    cpdef turn_fast(self)
    @cython.locals(loop=LoopState, job=BareJob, response=ResponseFields, whole=tuple, content=bytes, passed=double, left=Py_ssize_t, sent=Py_ssize_t)
    cdef _turned(self, found, BareJob next_job)
    @cython.locals(content=bytes, taken=Py_ssize_t)
    cdef _pour_whole(self, BareJob job, ResponseFields response)
    @cython.locals(kind=type, response=ResponseFields)
    cdef ResponseFields _response_to(self, BareJob job, head, content)
    @cython.locals(loop=LoopState, now=double, until=double, head=bytes)
    cdef _go_on_sent(self, BareJob job, Py_ssize_t sent)
    cdef _note_first_byte(self, BareJob job)
    @cython.locals(data=bytes)
    cdef Py_ssize_t _receive_part(self, Channel channel) except -2
    cdef list _take_parts(self)
    cpdef rest(self)
    cdef _note_served(self)
    cdef _disconnect(self, why)
    cpdef close(self, why=*)
