cimport cython
from httpconn._engine.many.connection cimport Connection
from httpconn._engine.many.host cimport Host
from httpconn._engine.many.ordering cimport Ordering
from httpconn._engine.many.state cimport LoopState
from httpconn._exchange.job cimport BareJob
from httpconn._exchange.layouts cimport KnownRequests
from httpconn._exchange.response_fields cimport ResponseFields

cdef double _FOREVER
cdef object _push

cdef class Scheduler(LoopState):
    cdef public Py_ssize_t _at_once
    cdef Py_ssize_t _being_read
    cdef public object _cancelled
    cdef public double _idle_s
    cdef public KnownRequests _known
    cdef public Host _last_host
    cdef set _late_fields
    cdef public dict _lines
    cdef Py_ssize_t _look_ahead
    cdef Py_ssize_t _most_unanswered
    cdef public bint _queues_bare
    cdef object _send_if_quiet
    cdef public dict active
    cdef public bint awaits_hooks
    cdef public dict hosts
    cdef public dict idle
    cdef public object intake
    cdef public bint is_parents
    cdef public Py_ssize_t most_in_a_row
    cdef public Py_ssize_t open
    cdef public Py_ssize_t per_host
    cdef public object places
    cdef public Ordering results
    cdef public object runnable
    cdef public object runs_in
    cdef public dict unjudged

    @cython.locals(connection=Connection)
    cdef _serve(self, list events)
    @cython.locals(job=BareJob)
    cpdef BareJob next_job(self, Host host, Py_ssize_t turn)
    @cython.locals(host=Host)
    cpdef queue(self, BareJob job)
    @cython.locals(host=Host)
    cdef _host_of(self, BareJob job)
    cdef _fill(self)
    @cython.locals(known=KnownRequests, job=BareJob, first=Py_ssize_t, index=Py_ssize_t, waiting=Py_ssize_t)
    cdef bint _read_run(self, Py_ssize_t most) except -1
    @cython.locals(job=BareJob)
    cdef bint _takes_known(self) except -1
    cdef _give_turn(self, Host host)
    @cython.locals(job=BareJob, connection=Connection, kept=list)
    cpdef _start(self, Host host)
    cdef list _kept_for(self, Host host, BareJob job)
    @cython.locals(connection=Connection)
    cdef Connection _unused_for(self, Host host)
    @cython.locals(host=Host)
    cpdef forget(self, Connection connection)
    cpdef settle(self, Host host)
    cdef bint _has_room(self, Host host) except -1
    @cython.locals(known=KnownRequests)
    cpdef known_job(self, url, index)
    @cython.locals(host=Host, connection=Connection, now=double)
    cpdef excuse(self, double now, double due_at)
    cpdef bint start_at_once(self, BareJob job, double due_at) except -1
    cdef bint _carries(self, Connection connection, BareJob job) except -1
    cdef bint _sends_fast(self, Connection connection, BareJob job) except -1
    @cython.locals(away=double, began=double)
    cpdef written(self, file, bytes content)
    cpdef hold(self, Py_ssize_t count)
    cpdef answered(self, ResponseFields response)
    cdef Py_ssize_t _room(self) except? -1
    @cython.locals(host=Host, expires_at=double)
    cpdef rest(self, connection)

cdef class ResultIterator:
    cdef public Scheduler _loop
    cdef Ordering _results

    @cython.locals(loop=Scheduler)
    cpdef _run(self)
