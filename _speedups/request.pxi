# A request-target between what stands around it: frame_target, the twin of the one in _wire/request.py; and
# replaces_any, the twin of the one in _backends/pure.py.

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const uint8_t *PyUnicode_1BYTE_DATA(object text)
    ctypedef struct PyTypeObject:
        unsigned int tp_version_tag  # for cycle.pxi
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


cdef inline char *_put(char *to, const void *data, Py_ssize_t length) noexcept:
    memcpy(to, data, length)
    return to + length


def frame_target(bytes start not None, text, Py_ssize_t at, bytes end not None, /):
    """Return *start*, what *text* has from *at* on, and *end*; None where that is not plain: see _wire/request.py."""
    cdef Py_ssize_t length, i
    cdef const uint8_t *target
    cdef bytes framed
    cdef char *to
    if not PyUnicode_CheckExact(text) or not PyUnicode_IS_ASCII(text) or not 0 <= at < PyUnicode_GET_LENGTH(text):
        return None
    target = PyUnicode_1BYTE_DATA(text) + at
    length = PyUnicode_GET_LENGTH(text) - at
    for i in range(length):
        if not 0x21 <= target[i] <= 0x7E:
            return None
    # SAFETY: what is put below is exactly what is added up here; the caller holds all three.
    framed = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(start) + length + PyBytes_GET_SIZE(end))
    to = _put(PyBytes_AS_STRING(framed), PyBytes_AS_STRING(start), PyBytes_GET_SIZE(start))
    _put(_put(to, target, length), PyBytes_AS_STRING(end), PyBytes_GET_SIZE(end))
    return framed


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
