# The head of a request in one piece. Twin: serialize_plain_request_head in _wire/request.py (the same requests are
# taken, with the same bytes; the rest is declined). And replaces_any, the twin of the one in _backends/pure.py.
#
# Two passes over the same exact str and bytes objects: the first judges every byte and adds up the size, the second
# copies. No Python code runs between them or within them, so nothing can change in between.

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    bint PyDict_CheckExact(object mapping)
    int PyUnicode_KIND(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const uint8_t *PyUnicode_1BYTE_DATA(object text)
    int PyDict_Next(object mapping, Py_ssize_t *position, PyObject **key, PyObject **value)
    ctypedef struct PyTypeObject
    PyTypeObject *Py_TYPE(object instance)
    PyObject *_PyType_Lookup(PyTypeObject *kind, object name)
    bint PyFunction_Check(PyObject *found)
    bint PyMethod_Check(object found)
    PyObject *PyMethod_GET_FUNCTION(object method)
    PyObject *PyMethod_GET_SELF(object method)

cdef extern from *:
    """
    /* What LOAD_METHOD does: 1 and the function where it is a method of the class, else 0 and the attribute; NULL for
       none. In releases newer than have been looked at a method is always found bound. */
    #if PY_VERSION_HEX >= 0x030E0000
    static int httpconn_find_method(PyObject *instance, PyObject *name, PyObject **found) {
        *found = PyObject_GetAttr(instance, name);
        return 0;
    }
    #else
    PyAPI_FUNC(int) _PyObject_GetMethod(PyObject *instance, PyObject *name, PyObject **found);
    #define httpconn_find_method _PyObject_GetMethod
    #endif
    """
    bint httpconn_find_method(object instance, object name, PyObject **found) except? 0

cdef enum:
    LENGTH_OF_HOST = 4
    LENGTH_OF_ACCEPT_ENCODING = 15
    DIGITS_OF_SSIZE = 20


cdef bint _is_visible(object text):
    """Return whether *text* is a str of one or more visible ASCII characters."""
    cdef Py_ssize_t i
    cdef const uint8_t *data
    if not PyUnicode_CheckExact(text) or not PyUnicode_IS_ASCII(text) or PyUnicode_GET_LENGTH(text) == 0:
        return False
    data = PyUnicode_1BYTE_DATA(text)
    for i in range(PyUnicode_GET_LENGTH(text)):
        if not 0x21 <= data[i] <= 0x7E:
            return False
    return True


cdef bint _has_space(object text) noexcept:
    """Return whether there is a SP or HTAB in a str of one byte a character."""
    cdef const uint8_t *data = PyUnicode_1BYTE_DATA(text)
    cdef Py_ssize_t i
    for i in range(PyUnicode_GET_LENGTH(text)):
        if data[i] == SP or data[i] == HTAB:
            return True
    return False


cdef bint _is_all_of(const uint8_t *data, Py_ssize_t length, const uint8_t *table) noexcept:
    cdef Py_ssize_t i
    for i in range(length):
        if not table[data[i]]:
            return False
    return True


cdef inline char *_put(char *to, const void *data, Py_ssize_t length) noexcept:
    memcpy(to, data, length)
    return to + length


cdef inline char *_put_text(char *to, object text) noexcept:
    return _put(to, PyUnicode_1BYTE_DATA(text), PyUnicode_GET_LENGTH(text))


cdef inline bint _is_plain_field(object name, object value) noexcept:
    """Return whether these are texts of what a field name and a field value may have."""
    if not PyUnicode_CheckExact(name) or not PyUnicode_CheckExact(value):
        return False
    if not PyUnicode_IS_ASCII(name) or PyUnicode_KIND(value) != 1 or PyUnicode_GET_LENGTH(name) == 0:
        return False
    return _is_all_of(PyUnicode_1BYTE_DATA(name), PyUnicode_GET_LENGTH(name), TCHAR) and _is_all_of(
        PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value), FIELD_BYTE
    )


cdef inline Py_ssize_t _put_digits(char *digits, Py_ssize_t number) noexcept:
    """Write *number*, 0 or more, to the end of *digits*, DIGITS_OF_SSIZE of them; return where it begins."""
    cdef Py_ssize_t first = DIGITS_OF_SSIZE
    # SAFETY: a Py_ssize_t has at most 19 digits, so first stays above 0.
    while True:
        first -= 1
        digits[first] = <char>(c'0' + number % 10)
        number //= 10
        if number == 0:
            return first


def serialize_plain_request_head(method, target, bytes host not None, headers, Py_ssize_t content_length):
    """Return the whole head of an HTTP/1.1 request, or None where anything in it is not plain."""
    cdef Py_ssize_t size, length, position = 0
    cdef PyObject *name
    cdef PyObject *value
    cdef const uint8_t *data
    cdef bint sends_host = True
    cdef bint sends_accept_encoding = True
    cdef char digits[DIGITS_OF_SSIZE]
    cdef Py_ssize_t first_digit = DIGITS_OF_SSIZE
    cdef char *to
    cdef bytes head
    if not PyDict_CheckExact(headers) or not _is_visible(method) or not _is_visible(target):
        return None
    if not _is_all_of(PyUnicode_1BYTE_DATA(method), PyUnicode_GET_LENGTH(method), TCHAR):
        return None
    size = PyUnicode_GET_LENGTH(method) + PyUnicode_GET_LENGTH(target) + len(b"  HTTP/1.1\r\n\r\n")
    while PyDict_Next(headers, &position, &name, &value):
        if not _is_plain_field(<object>name, <object>value):
            return None
        length = PyUnicode_GET_LENGTH(<object>name)
        data = PyUnicode_1BYTE_DATA(<object>name)
        if length == LENGTH_OF_HOST and _is_named(data, b"host", length):
            if not sends_host or _has_space(<object>value):
                return None
            sends_host = False
        elif length == LENGTH_OF_ACCEPT_ENCODING and _is_named(data, b"accept-encoding", length):
            sends_accept_encoding = False
        elif length == LENGTH_OF_CONTENT_LENGTH and _is_named(data, CONTENT_LENGTH, length):
            return None
        elif length == LENGTH_OF_TRANSFER_ENCODING and _is_named(data, TRANSFER_ENCODING, length):
            return None
        size += length + PyUnicode_GET_LENGTH(<object>value) + len(b": \r\n")
    if sends_host:
        if not _is_all_of(<const uint8_t *>PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host), FIELD_BYTE):
            return None
        size += PyBytes_GET_SIZE(host) + len(b"Host: \r\n")
    if sends_accept_encoding:
        size += len(b"Accept-Encoding: identity\r\n")
    if content_length >= 0:
        first_digit = _put_digits(digits, content_length)
        size += DIGITS_OF_SSIZE - first_digit + len(b"Content-Length: \r\n")
    # SAFETY: what is put below is exactly what was added up above.
    head = PyBytes_FromStringAndSize(NULL, size)
    to = PyBytes_AS_STRING(head)
    to = _put(_put_text(to, method), b" ", 1)
    to = _put(_put_text(to, target), b" HTTP/1.1\r\n", len(b" HTTP/1.1\r\n"))
    if sends_host:
        to = _put(to, b"Host: ", len(b"Host: "))
        to = _put(_put(to, PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host)), b"\r\n", 2)
    if sends_accept_encoding:
        to = _put(to, b"Accept-Encoding: identity\r\n", len(b"Accept-Encoding: identity\r\n"))
    if content_length >= 0:
        to = _put(to, b"Content-Length: ", len(b"Content-Length: "))
        to = _put(_put(to, digits + first_digit, DIGITS_OF_SSIZE - first_digit), b"\r\n", 2)
    position = 0
    while PyDict_Next(headers, &position, &name, &value):
        to = _put(_put_text(to, <object>name), b": ", 2)
        to = _put(_put_text(to, <object>value), b"\r\n", 2)
    _put(to, b"\r\n", 2)
    return head


def replaces_any(instance, tuple names not None, tuple originals not None):
    """Return whether *instance*, its class or one between has something else than *originals* under *names*.

    *originals* are as the class gives them: ``getattr(cls, name)``.
    """
    cdef Py_ssize_t i
    cdef PyObject *found = NULL
    cdef PyObject *of_class
    cdef bint is_method, is_other
    if len(names) != len(originals):
        raise ValueError(f"{len(names)} names and {len(originals)} originals")
    for i in range(len(names)):
        # Asked as a call asks, since a look into instance.__dict__ would make that dict, and every later access to an
        # attribute of the instance slower; and without making a bound method, which would cost twice as much.
        is_method = httpconn_find_method(instance, names[i], &found)
        if not is_method and PyMethod_Check(<object>found) and PyMethod_GET_SELF(<object>found) == <PyObject *>instance:
            is_method = True
            is_other = PyMethod_GET_FUNCTION(<object>found) != <PyObject *>originals[i]
        else:
            is_other = found != <PyObject *>originals[i]
        Py_XDECREF(found)
        if is_other:
            return True
        if not is_method:
            of_class = _PyType_Lookup(Py_TYPE(instance), names[i])
            # NULL: taken out of the class. And a function of the class that has been put into the instance is no method.
            if of_class == NULL or PyFunction_Check(of_class):
                return True
    return False
