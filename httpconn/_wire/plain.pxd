cimport cython

cdef Py_ssize_t _DECLINED
cdef Py_ssize_t _IN_CHUNKS
cdef str _GET
cdef str _KEEP_ALIVE
cdef Py_ssize_t _NO_CONTENT
cdef Py_ssize_t _NOT_MODIFIED
cdef Py_ssize_t _OK
cdef Py_ssize_t _VERSION
cdef PlainReader _last

cdef class PlainReader:
    cdef object _begin_head
    cdef object _field_lines
    cdef public Py_ssize_t _head_bytes
    cdef public object _line_bytes
    cdef public long long _max_content
    cdef object _take_chunks
    cdef public bint _takes_coded
    cdef public object backend
    cdef public object limits

    @cython.locals(begun=tuple)
    cpdef begin(self, bytes data)
    @cython.locals(left=cython.longlong)
    cpdef take(self, tuple begun, Py_ssize_t most)
    @cython.locals(version=Py_ssize_t, status=Py_ssize_t, connection=str, rest=bytes, coding=str, size=cython.longlong, left=cython.longlong)
    cpdef long long left_of(self, tuple begun, Py_ssize_t most) except? -3
    @cython.locals(begun=tuple)
    cpdef begin_answer_to_head(self, bytes data)
    @cython.locals(chunks=bytes, content=bytes, end=Py_ssize_t, left=cython.longlong)
    cpdef chunked_content_of(self, tuple begun)

cdef bint _has_content(method) except -1
@cython.locals(reader=PlainReader, found=tuple)
cpdef take_plain_response(backend, data, method, limits)
