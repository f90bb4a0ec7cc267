# What the common cycle of HTTPConnection (_client/cycle.py) reads and sends by: whether a class and an instance are as they
# were, an object made with its slots filled, and a descriptor looked at and sent on. Twins: _backends/pure.py; Watch and
# send_promptly for the last two.

cdef extern from "Python.h":
    bint PyDict_CheckExact(object mapping)
    int PyDict_Next(object mapping, Py_ssize_t *position, PyObject **key, PyObject **value)
    PyObject *PyTuple_GET_ITEM(tuple items, Py_ssize_t i)

cdef extern from *:
    """
    #include <structmember.h>
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


def is_quiet(int descriptor):
    """Return whether nothing has come, not even the end or an error."""
    cdef uint8_t unasked
    return httpconn_receive(descriptor, &unasked, 1, True) == -1


def send_at_once(int descriptor, bytes data not None, /):
    """Send *data* without waiting; return how much of it went out, 0 also for an error, which the next send finds."""
    return max(<Py_ssize_t>0, httpconn_send(descriptor, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
