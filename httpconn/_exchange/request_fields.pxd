cdef tuple _NORMALIZED

cdef class RequestFields:
    cdef public object auth
    cdef public object body
    cdef public object context
    cdef public object decode
    cdef public object default_encoding
    cdef public object fingerprint
    cdef public object headers
    cdef public object json
    cdef public object max_content
    cdef public object method
    cdef public object proxy
    cdef public object redirects
    cdef public object retry
    cdef public object server_hostname
    cdef public object sink
    cdef public object sink_any_status
    cdef public object tag
    cdef public object timeout
    cdef public object tolerant_decoding
    cdef public object url
    cdef public object validators
    cdef public object wire

    cpdef _put(self, RequestFields other)

cpdef bint is_sent_as_others(RequestFields request) except -1
cpdef bint goes_as_others(RequestFields request) except -1
cpdef bint is_read_as_others(RequestFields request) except -1
cpdef tuple reading_of(RequestFields request)
