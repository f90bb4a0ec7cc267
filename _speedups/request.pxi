# A request-target between what stands around it: frame_target, the twin of the one in _wire/request.py. And the
# twins of those in _backends/pure.py: version_of, has_version, is_unchanged, with_slots, which _client/cycle.py
# goes by, and replaces_any.

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object text)
    bint PyDict_CheckExact(object mapping)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const uint8_t *PyUnicode_1BYTE_DATA(object text)
    int PyDict_Next(object mapping, Py_ssize_t *position, PyObject **key, PyObject **value)
    ctypedef struct PyTypeObject:
        unsigned int tp_version_tag
    PyTypeObject *Py_TYPE(object instance)
    PyObject *_PyType_Lookup(PyTypeObject *kind, object name)
    PyObject *PyTuple_GET_ITEM(tuple items, Py_ssize_t i)
    bint PyFunction_Check(PyObject *found)
    bint PyMethod_Check(object found)
    PyObject *PyMethod_GET_FUNCTION(object method)
    PyObject *PyMethod_GET_SELF(object method)

cdef extern from *:
    """
    #include <structmember.h>
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
    /* Where *slot* is in *instance*; NULL where it is not a slot of its class. */
    static PyObject **httpconn_slot(PyObject *instance, PyObject *slot) {
        PyMemberDescrObject *member = (PyMemberDescrObject *)slot;
        if (!Py_IS_TYPE(slot, &PyMemberDescr_Type) || member->d_member->type != T_OBJECT_EX ||
            !PyObject_TypeCheck(instance, PyDescr_TYPE(slot))) {
            return NULL;
        }
        return (PyObject **)((char *)instance + member->d_member->offset);
    }
    /* What kind.__new__(kind) does. */
    static PyObject *httpconn_new(PyObject *kind, PyObject *none) {
        PyTypeObject *type = (PyTypeObject *)kind;
        if (!PyType_Check(kind) || type->tp_new == NULL) {
            return PyErr_Format(PyExc_TypeError, "expected a class with instances, got %R", kind);
        }
        return type->tp_new(type, none, NULL);
    }
    """
    object httpconn_new(object kind, tuple none)
    PyObject **httpconn_slot(object instance, PyObject *slot)
    bint httpconn_find_method(object instance, object name, PyObject **found) except? 0


cdef inline char *_put(char *to, const void *data, Py_ssize_t length) noexcept:
    memcpy(to, data, length)
    return to + length


def frame_target(bytes start not None, text, Py_ssize_t at, bytes end not None):
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


def version_of(kind):
    """Return a number that only *kind* has, and that changes with it and with the classes it is made from; 0: not known.

    The interpreter gives it when an attribute is looked up, and takes it away at each change.
    """
    if not isinstance(kind, type):
        raise TypeError(f"expected a class, got {type(kind).__name__}")
    return (<PyTypeObject *>kind).tp_version_tag


cdef inline bint _has_version(kind, unsigned int version) noexcept:
    return version != 0 and isinstance(kind, type) and (<PyTypeObject *>kind).tp_version_tag == version


def has_version(kind, unsigned int version):
    """Return whether *version*, which ``version_of`` has told and is not 0, is that of *kind* still."""
    return _has_version(kind, version)


def is_unchanged(kind, unsigned int version, own, Py_ssize_t count, last):
    """Return whether *kind* has that *version*, and *own* *count* keys, in order of insertion *last* at the end of them.

    New keys come behind all others. So as long as *own* has as many as it had, the same one at the end, it has got none
    since; unless that one was taken out with another, and put in again behind a new one, which nobody does to the
    attributes of a connection. *own* may be anything; only a dict, and of no subclass, is unchanged.
    """
    cdef Py_ssize_t position = count - 1
    cdef PyObject *found
    cdef PyObject *value
    if not _has_version(kind, version) or not PyDict_CheckExact(own) or len(<dict>own) != count:
        return False
    # SAFETY: no Python code runs in between, so that nothing changes. PyDict_Next checks the position itself.
    if not PyDict_Next(own, &position, &found, &value) or found != <PyObject *>last:
        return False
    return not PyDict_Next(own, &position, &found, &value)


def with_slots(kind, tuple slots not None, tuple values not None):
    """Return a new instance of *kind* that has *values* in *slots*, descriptors of its slots; nothing else is set."""
    cdef Py_ssize_t i
    cdef PyObject **place
    cdef PyObject *before
    cdef object instance
    if len(slots) != len(values):
        raise ValueError(f"{len(slots)} slots and {len(values)} values")
    instance = httpconn_new(kind, ())
    for i in range(len(slots)):
        place = httpconn_slot(instance, PyTuple_GET_ITEM(slots, i))
        if place == NULL:
            raise TypeError(f"expected a slot of {kind.__name__}, got {slots[i]!r}")
        # SAFETY: the slot gets a reference of its own before what was there is let go, which may run any code.
        before = place[0]
        Py_INCREF(values[i])
        place[0] = PyTuple_GET_ITEM(values, i)
        Py_XDECREF(before)
    return instance


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
