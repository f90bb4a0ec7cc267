cimport cython

cdef Py_ssize_t _BEFORE_LINES
cdef Py_ssize_t _MOST_FIELDS
cdef Py_ssize_t _MOST_KEPT_BYTES
cdef dict _STARTS
cdef object _NO_VALUE
cdef object _are_field_bytes

cpdef bint are_texts(tuple items) except -1

cdef class FieldLines:
    cdef list _is_secret
    cdef public tuple _kept
    cdef public tuple _names
    cdef list _starts

    @cython.locals(at=Py_ssize_t, last=tuple, kept=list, pieces=list, is_new=bint, lines=bytes, value=str, whole=bytes, others=Py_ssize_t, other_at=Py_ssize_t)
    cpdef bytes lines(self, tuple values, bytes front=*)
    cpdef bint is_fit(self, Py_ssize_t at, str value) except -1
    @cython.locals(at=Py_ssize_t, kept=list, before=bytes, behind=bytes)
    cdef _keep(self, tuple values, list pieces, Py_ssize_t varies)

cdef class GivenFields(FieldLines):
    cdef Py_ssize_t _host_at
    cdef public bint sends_accept_encoding
    cdef public bint sends_host

cdef class RequestHeads:
    cdef object _frame
    cdef public tuple _hosts
    cdef public dict _seen

    @cython.locals(start=bytes, hosts=tuple, end=bytes)
    cpdef serialize(self, method, target, bytes host, headers, content_length)
    @cython.locals(fields=GivenFields, names=tuple, of_values=bytes, lines=bytes, host_line=bytes)
    cdef bytes _end_of(self, bytes host, dict headers, content_length)
    @cython.locals(fields=GivenFields)
    cdef _judged(self, tuple names)
