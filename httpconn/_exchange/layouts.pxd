cimport cython
from httpconn._exchange.request_fields cimport RequestFields
from httpconn._wire.plain_request cimport FieldLines, are_texts

cdef object _frame_target
cdef Py_ssize_t _AT_HOST
cdef Py_ssize_t _MOST_FIELDS

cdef Py_ssize_t _path_at(str url) except -2

@cython.locals(text=str, at=Py_ssize_t, found=tuple)
cpdef tuple plain_get(dict known, url)

cpdef str site_of(str url)
@cython.locals(text=str)
cpdef plain_get_below(str site, url, behind_target)

@cython.locals(known=dict)
cpdef tuple given_get(dict given, RequestFields request, tuple fields)

cdef bint _are_pairs(list items) except -1

cdef class FieldLayout(FieldLines):
    cdef public tuple _fixed
    cdef public bint sends_host

    @cython.locals(at=Py_ssize_t)
    cpdef bint is_fit(self, tuple values) except -1

@cython.locals(text=str, at=Py_ssize_t, found=tuple, names=tuple, values=tuple, layout=FieldLayout, lines=bytes, host=tuple)
cpdef tuple plain_request(dict known, url, headers, dict layouts)
