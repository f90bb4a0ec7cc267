cimport cython

# A caller may set any number, and a limit may be any: so these are not of C.
cdef class ChunkedDecoder:
    cdef object _excess
    cdef public object _line_bytes
    cdef object _overhead_bytes
    cdef bint _strict
    cdef object _take_chunks
    cdef public object _trailer_lines
    cdef public list _trailers
    cdef public object chunk_left
    cdef public bint complete
    cdef public int error
    cdef public bint in_trailers
    cdef public bytes lax_line
    cdef public object position
    cdef public object searched

    @cython.locals(parts=list, part=bytes)
    cpdef bytes decode(self, buffer, start, max_bytes)
    @cython.locals(data=bytes)
    cdef bytes _take_data(self, buffer, room)
    cdef bint _take_framing(self, buffer) except -1
    cdef bint _take_chunk_end(self, buffer) except -1
    cdef _find_line_end(self, buffer, int too_long)
    cdef bint _take_size_line(self, buffer) except -1
    cdef bint _take_trailer_line(self, buffer) except -1
