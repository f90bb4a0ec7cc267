cdef class ResponseFields:
    cdef public object _content
    cdef public object _encoding
    cdef public object _head
    cdef public object _headers
    cdef public object _request
    cdef public object _sent
    cdef public object _stream
    cdef public object _times
    cdef public object _trailers
    cdef public object attempts
    cdef public object defects
    cdef public object error
    cdef public object history
    cdef public object index

    cdef _fill(self, request, head, content)
