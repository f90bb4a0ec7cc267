from httpconn._exchange.request_fields cimport RequestFields
from httpconn._exchange.response_fields cimport ResponseFields
cimport cython

cdef class Carried:
    cdef public object _content
    cdef bint _has_cookies
    cdef public bint _is_taken
    cdef public object _msg
    cdef public ResponseFields _response

    @cython.locals(response=ResponseFields)
    cpdef bint isclosed(self) except -1
    @cython.locals(response=ResponseFields)
    cdef _take_untouched(self)

@cython.locals(kind=type, request=RequestFields)
cpdef request_like(RequestFields model, url, timeout, context)
@cython.locals(made=dict)
cpdef raw_of(kind, original_kind, job, ResponseFields response)

cdef class Maker:
    cdef dict _as_made
    cdef object _encoding_by
    cdef object _headers_kind
    cdef object _host_of
    cdef object _jar_kind
    cdef object _kind
    cdef object _new_headers
    cdef object _new_jar
    cdef object _raw_kind

    @cython.locals(of_raw=dict, kind=type, late=tuple, made=dict)
    cpdef make(self, request, raw, url, adapter)
    @cython.locals(made=dict, of_raw=dict, unmade=tuple, carried=Carried)
    cpdef content_at_hand(self, response)
