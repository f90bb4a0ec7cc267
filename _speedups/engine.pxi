# Heads of GETs for origins that are known. Twins: plain_get of _exchange/preparing.py, and _exchange/layouts.py.

cdef enum:
    LENGTH_OF_HTTPS = 8  # "https://": in front of any host that is known
    MOST_FIELDS = 64
    MOST_KEPT_BYTES = 16384


cdef tuple _known_origin(dict known, url, Py_ssize_t *at):
    """Return what *known* has for the origin of *url*, or None; *at* becomes where the target begins, if it is plain."""
    cdef Py_ssize_t length, i
    cdef const uint8_t *text
    cdef object found
    cdef str origin
    at[0] = LENGTH_OF_HTTPS
    if not PyUnicode_CheckExact(url) or not PyUnicode_IS_ASCII(url):
        return None
    text = PyUnicode_1BYTE_DATA(url)
    length = PyUnicode_GET_LENGTH(url)
    while at[0] < length and text[at[0]] != c'/':
        at[0] += 1
    if at[0] >= length:
        return None
    for i in range(at[0], length):
        if not 0x21 <= text[i] <= 0x7E or text[i] == c'#':
            return None
    origin = (<str>url)[:at[0]]
    found = known.get(origin)
    if found is not None and (type(found) is not tuple or len(found) != 3):
        raise TypeError("expected a tuple of three for what is known of an origin")
    return found


def plain_get(dict known not None, url):
    """Return (what *known* has for the origin of *url*, the head of a GET) or None; the twin of preparing.plain_get.

    The last item of what is known is bytes, and stands behind the target.
    """
    cdef Py_ssize_t length, at
    cdef bytes rest, head
    cdef char *to
    cdef tuple found = _known_origin(known, url, &at)
    if found is None:
        return None
    rest = found[2]
    if rest is None:
        raise TypeError("expected bytes for what stands behind a target, got None")
    # SAFETY: what is put below is exactly what is added up here; url, an exact str, is held by the caller.
    length = PyUnicode_GET_LENGTH(url) - at
    head = PyBytes_FromStringAndSize(NULL, len(b"GET ") + length + PyBytes_GET_SIZE(rest))
    to = _put(PyBytes_AS_STRING(head), b"GET ", len(b"GET "))
    to = _put(to, PyUnicode_1BYTE_DATA(url) + at, length)
    _put(to, PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest))
    return found, head


@cython.final
@cython.no_gc  # what it holds are bytes, texts, and tuples of texts
cdef class FieldLayout:
    """What stands around the own fields of a GET, for all requests whose fields have the same names.

    Twin: the class of this name in _exchange/layouts.py.
    """

    cdef tuple names, fixed
    cdef bytes front
    cdef bint sends_host, keeps
    cdef tuple values  # those of the last request, and
    cdef bytes lines  # the field lines that they have come to

    def __init__(
        self, tuple names not None, tuple fixed not None, bytes front not None, bint sends_host, bint keeps=True
    ):
        if len(names) != len(fixed):
            raise ValueError(f"{len(names)} names and {len(fixed)} values")
        for name in names:
            if not PyUnicode_CheckExact(name) or not PyUnicode_IS_ASCII(name):
                raise TypeError("expected names of ASCII")
        for value in fixed:
            if value is not None and not PyUnicode_CheckExact(value):
                raise TypeError("expected values that are texts, or None")
        self.names, self.fixed, self.front, self.sends_host, self.keeps = names, fixed, front, sends_host, keeps


cdef bytes _lines_of(FieldLayout layout, tuple values):
    """Return the field lines with *values*, or None where one of them is not plain, or not the one that it has to be."""
    cdef Py_ssize_t i, size = 0
    cdef Py_ssize_t count = len(layout.names)
    cdef bytes lines
    cdef char *to
    cdef object value, fixed
    if layout.values is not None and _are_same(values, layout.values):
        return layout.lines
    for i in range(count):
        value, fixed = values[i], layout.fixed[i]
        if not PyUnicode_CheckExact(value) or PyUnicode_KIND(value) != 1:
            return None
        if not _is_all_of(PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value), FIELD_BYTE):
            return None
        if fixed is not None and <str>fixed != <str>value:
            return None
        size += PyUnicode_GET_LENGTH(layout.names[i]) + PyUnicode_GET_LENGTH(value) + len(b": \r\n")
    # SAFETY: what is put below is exactly what is added up above, of texts that two tuples hold.
    lines = PyBytes_FromStringAndSize(NULL, size)
    to = PyBytes_AS_STRING(lines)
    for i in range(count):
        to = _put(_put_text(to, layout.names[i]), b": ", 2)
        to = _put(_put_text(to, values[i]), b"\r\n", 2)
    if layout.keeps and size <= MOST_KEPT_BYTES:
        layout.values, layout.lines = values, lines
    return lines


cdef bint _are_same(tuple some, tuple others) noexcept:
    """Return whether these two, of one length, hold the same objects."""
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(some)):
        if PyTuple_GET_ITEM(some, i) != PyTuple_GET_ITEM(others, i):
            return False
    return True


cdef bint _take_fields(headers, tuple names, tuple values) except -1:
    """Fill *names* and *values*, which are new and empty, from a dict; False where that is no longer as large."""
    cdef Py_ssize_t i = 0, position = 0
    cdef PyObject *name
    cdef PyObject *value
    # SAFETY: nothing is made and no code of others runs within the loop, so the dict stays as it is.
    while PyDict_Next(headers, &position, &name, &value):
        if i >= PyTuple_GET_SIZE(names) or not PyUnicode_CheckExact(<object>name):
            return False
        Py_INCREF(<object>name)
        PyTuple_SET_ITEM(names, i, <object>name)
        Py_INCREF(<object>value)
        PyTuple_SET_ITEM(values, i, <object>value)
        i += 1
    return i == PyTuple_GET_SIZE(names)


cdef bint _take_pairs(list headers, tuple names, tuple values) except -1:
    """As ``_take_fields``, from a list of pairs."""
    cdef Py_ssize_t i
    cdef object pair
    if len(headers) != PyTuple_GET_SIZE(names):
        return False
    for i in range(PyTuple_GET_SIZE(names)):
        pair = headers[i]
        if type(pair) is not tuple or PyTuple_GET_SIZE(pair) != 2 or not PyUnicode_CheckExact((<tuple>pair)[0]):
            return False
        Py_INCREF((<tuple>pair)[0])
        PyTuple_SET_ITEM(names, i, (<tuple>pair)[0])
        Py_INCREF((<tuple>pair)[1])
        PyTuple_SET_ITEM(values, i, (<tuple>pair)[1])
    return True


def plain_request(dict known not None, url, headers, dict layouts not None):
    """Return (what *known* has for the origin of *url*, the head of a GET with *headers*) or None.

    *layouts* has a FieldLayout for names that were met before. Twin: layouts.plain_request.
    """
    cdef Py_ssize_t at, count, length
    cdef tuple names, values, found
    cdef bytes lines, host, head
    cdef object layout
    cdef FieldLayout held
    cdef char *to
    if not PyDict_CheckExact(headers) and type(headers) is not list:
        return None
    found = _known_origin(known, url, &at)
    count = len(headers)
    if found is None or not 0 < count <= MOST_FIELDS:
        return None
    names, values = PyTuple_New(count), PyTuple_New(count)
    if not (_take_fields(headers, names, values) if PyDict_CheckExact(headers) else _take_pairs(headers, names, values)):
        return None
    layout = layouts.get(names)
    if layout is None:
        return None
    held = <FieldLayout?>layout
    if len(held.names) != count:
        raise ValueError("a layout stands under other names than its own")
    lines = _lines_of(held, values)
    if lines is None:
        return None
    host = <bytes?>found[1].host_field if held.sends_host else b""
    # SAFETY: what is put below is exactly what is added up here; url, an exact str, is held by the caller.
    length = len(b"GET  HTTP/1.1\r\n\r\n") + PyUnicode_GET_LENGTH(url) - at
    length += PyBytes_GET_SIZE(held.front) + PyBytes_GET_SIZE(lines)
    if held.sends_host:
        length += len(b"Host: \r\n") + PyBytes_GET_SIZE(host)
    head = PyBytes_FromStringAndSize(NULL, length)
    to = _put(PyBytes_AS_STRING(head), b"GET ", len(b"GET "))
    to = _put(to, PyUnicode_1BYTE_DATA(url) + at, PyUnicode_GET_LENGTH(url) - at)
    to = _put(to, b" HTTP/1.1\r\n", len(b" HTTP/1.1\r\n"))
    if held.sends_host:
        to = _put(to, b"Host: ", len(b"Host: "))
        to = _put(_put(to, PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host)), b"\r\n", 2)
    to = _put(to, PyBytes_AS_STRING(held.front), PyBytes_GET_SIZE(held.front))
    to = _put(to, PyBytes_AS_STRING(lines), PyBytes_GET_SIZE(lines))
    _put(to, b"\r\n", 2)
    return found, head
