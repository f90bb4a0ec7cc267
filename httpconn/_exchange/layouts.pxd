cimport cython
from httpconn._exchange.fast_reading cimport FastReader
from httpconn._exchange.job cimport BareJob
from httpconn._exchange.request_fields cimport RequestFields, is_read_as_others, is_sent_as_others, reading_of
from httpconn._wire.plain_request cimport FieldLines, are_texts

cdef object _frame_target
cdef Py_ssize_t _AT_HOST
cdef str _GET
cdef str _HEAD
cdef Py_ssize_t _MOST_FIELDS

cdef Py_ssize_t _path_at(str url) except -2

@cython.locals(text=str, at=Py_ssize_t, found=tuple)
cpdef tuple plain_get(dict known, url)

cpdef str site_of(str url)
@cython.locals(text=str)
cpdef plain_get_below(str site, url, behind_target)

cpdef bint is_given_plainly(RequestFields request) except -1

cdef bint _are_pairs(list items) except -1

cdef class FieldLayout(FieldLines):
    cdef tuple _fixed
    cdef tuple _front
    cdef public bint sends_host

    cpdef bint is_fit(self, Py_ssize_t at, str value) except -1
    cpdef bytes behind_target(self, origin, tuple values)
    @cython.locals(host=bytes, front=bytes)
    cdef bytes _front_for(self, origin)
    @cython.locals(kept=tuple, names=tuple, last=tuple, varies=Py_ssize_t, at=Py_ssize_t, value=str, front=bytes, framed=bytes)
    cpdef bytes behind_target_again(self, origin, dict fields)

@cython.final
cdef class KnownRequests:
    cdef tuple _last
    cdef object _may_go_on
    cdef public tuple _read
    cdef bint _reads_head_fast
    cdef public tuple _site
    cdef public dict given
    cdef public FieldLayout layout
    cdef public dict layouts
    cdef public dict other_layouts
    cdef public dict readings
    cdef public dict sites
    cdef public dict sites_by_head

    @cython.locals(kind=type, job=BareJob, found=tuple, place=tuple, site=tuple)
    cpdef job_of_url(self, url, index)
    @cython.locals(job=BareJob)
    cpdef job_of(self, RequestFields request, index)
    @cython.locals(kind=type, job=BareJob, known=dict, found=tuple, place=tuple)
    cpdef job_given(self, RequestFields request, tuple fields, index)
    @cython.locals(is_get=bint, url=str, kind=type, job=BareJob, site=tuple, place=tuple, found=tuple, at=Py_ssize_t, end=bytes)
    cdef _job_with(self, RequestFields request, method, index)
    cdef _note(self, tuple place, str url)
    @cython.locals(is_usual=bint, layout=FieldLayout, lines=bytes, names=tuple, values=tuple, layouts=dict)
    cdef bytes _lines_of(self, headers, origin, method, decode)
    @cython.locals(said=tuple)
    cpdef bint is_known_reading(self, BareJob job, RequestFields request) except -1
    @cython.locals(last=tuple)
    cdef bint _is_read_again(self, BareJob job, RequestFields request) except -1
