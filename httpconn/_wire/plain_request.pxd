cimport cython

cdef Py_ssize_t _MOST_FIELDS
cdef Py_ssize_t _MOST_KEPT_BYTES
cdef dict _STARTS
cdef object _are_field_bytes

cpdef bint are_texts(tuple items) except -1

cdef class FieldLines:
    cdef public list _is_secret
    cdef public tuple _kept
    cdef public list _pieces
    cdef public Py_ssize_t _secrets

    @cython.locals(at=Py_ssize_t, last=tuple, kept=bytes, others=list, lines=bytes)
    cpdef bytes lines(self, tuple values)
    cpdef bint is_fit(self, tuple values) except -1
    @cython.locals(at=Py_ssize_t)
    cdef _keep(self, tuple values, bytes lines)

cdef class GivenFields(FieldLines):
    cdef public Py_ssize_t _host_at
    cdef public bint sends_accept_encoding
    cdef public bint sends_host

cdef class RequestHeads:
    cdef public object _frame
    cdef public tuple _hosts
    cdef public dict _seen

    @cython.locals(start=bytes, hosts=tuple, end=bytes)
    cpdef serialize(self, method, target, bytes host, headers, content_length)
    @cython.locals(fields=GivenFields, names=tuple, of_values=bytes, lines=bytes, host_line=bytes)
    cdef bytes _end_of(self, bytes host, dict headers, content_length)
    @cython.locals(fields=GivenFields)
    cdef _judged(self, tuple names)
