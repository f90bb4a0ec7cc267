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

@cython.locals(of_raw=dict, unmade=tuple, carried=Carried)
cpdef content_at_hand(dict made, raw_kind)

cdef class Maker:
    cdef dict _as_made
    cdef object _encoding_by
    cdef object _headers_kind
    cdef object _jar_kind
    cdef object _kind

    @cython.locals(of_raw=dict, late=tuple, made=dict)
    cpdef make(self, request, raw, url, adapter)
