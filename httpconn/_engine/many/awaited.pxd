cimport cython
from httpconn._engine.many.scheduler cimport Scheduler
from httpconn._exchange.job cimport BareJob
from httpconn._exchange.response_fields cimport ResponseFields

cdef class Awaited:
    cdef public Scheduler engine
    cdef public object is_here
    cdef public object new_future
    cdef public object prepare_url
    cdef public Py_ssize_t requests
    cdef public double rings_at
    cdef public bint rings_soon
    cdef public object thread
    cdef public dict waiting

    @cython.locals(job=BareJob, index=Py_ssize_t)
    cpdef ask(self, url)
    @cython.locals(engine=Scheduler)
    cpdef bint begin(self, BareJob job, receiver) except -1
    @cython.locals(waiting=dict, response=ResponseFields)
    cpdef deliver(self, list responses)
