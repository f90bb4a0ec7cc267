# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, auto_pickle=False
# cython: embedsignature=True, embedsignature.format=clinic
"""The compiled twins: httpconn._speedups.

The face of the extension: what it imports, the tables that it shares with its pure twins, and what it is
made of. Each ``.pxi`` holds one idea, and names its twin:

- ``head.pxi``: ``find_head_end`` and ``begin_response_head``; twins in ``_wire/head.py`` and ``_backends/pure.py``
- ``chunked.pxi``: ``take_chunks``; twin in ``_wire/body.py``
- ``request.pxi``: ``frame_target`` and ``replaces_any``; twins in ``_wire/request.py`` and ``_backends/pure.py``
- ``body_buffer.pxi``: ``BodyBuffer``; twin in ``_wire/body.py``
- ``receive.pxi``: to receive and send on a descriptor
- ``cycle.pxi``: ``version_of`` and others, by which the common cycle of HTTPConnection goes; twins in ``_backends/pure.py``

Bounds are not checked by Cython here. What keeps every access inside its buffer is said at each file's head
and at each spot. All of it runs under the GIL and calls back into no Python code while it holds a pointer into
a buffer, so nothing can change under it; that is why the module does not claim to be fit for free-threaded builds.
``_speedups_isolated.pyx`` is this source again, for subinterpreters.
"""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_STRIDES, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.pyport cimport PY_SSIZE_T_MAX
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF, PyObject
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport UINT32_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy

from httpconn._wire import grammar

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *length) except NULL
    Py_ssize_t PyNumber_AsSsize_t(object number, PyObject *overflow_error) except? -1
    int _PyBytes_Resize(PyObject **data, Py_ssize_t length) except -1
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t length) except NULL
    char *bytes_of "PyBytes_AS_STRING"(PyObject *data)

__all__ = (
    "BodyBuffer", "ResponseHead", "begin_response_head", "find_head_end", "frame_target", "has_version", "is_quiet",
    "is_unchanged", "receive_response", "receive_waiting", "replaces_any", "send_at_once", "send_if_quiet", "take_chunks",
    "version_of", "with_slots",
)

cdef enum:
    HTAB = 0x09
    LF = 0x0A
    CR = 0x0D
    SP = 0x20
    COLON = 0x3A

# The byte classes, the names of framing and the one range limit are grammar's: copied at import, never spelt again. They
# are the only variables that all interpreters of a process share: bytes and numbers, the same whoever imports. No object
# may be among them, since it would belong to the interpreter that came last (tests/isolated/interpreters.py).
cdef extern from *:
    """
    #include <stdint.h>
    static uint8_t httpconn_tchar[256], httpconn_field_byte[256], httpconn_hex_value[256], httpconn_lower[256];
    static char httpconn_content_length[14], httpconn_transfer_encoding[17];
    static int64_t httpconn_max_body_bytes;
    """
    uint8_t TCHAR "httpconn_tchar"[256]
    uint8_t FIELD_BYTE "httpconn_field_byte"[256]
    uint8_t HEX_VALUE "httpconn_hex_value"[256]
    uint8_t LOWER "httpconn_lower"[256]
    char CONTENT_LENGTH "httpconn_content_length"[14]
    char TRANSFER_ENCODING "httpconn_transfer_encoding"[17]
    int64_t MAX_BODY_BYTES "httpconn_max_body_bytes"

_copy(TCHAR, 256, grammar.TCHAR)
_copy(FIELD_BYTE, 256, grammar.FIELD_VCHAR_OR_WS)
_copy(HEX_VALUE, 256, grammar.HEX_VALUE)
_copy(LOWER, 256, bytes(range(256)).lower())  # bytes.lower() knows ASCII only, as field names do
_copy(CONTENT_LENGTH, LENGTH_OF_CONTENT_LENGTH, grammar.CONTENT_LENGTH.encode())
_copy(TRANSFER_ENCODING, LENGTH_OF_TRANSFER_ENCODING, grammar.TRANSFER_ENCODING.encode())

KEEP_ALIVE = grammar.KEEP_ALIVE
MAX_BODY_BYTES = grammar.MAX_BODY_BYTES


cdef int _copy(void *to, Py_ssize_t length, bytes source) except -1:
    if len(source) != length:
        raise ImportError(f"expected {length} bytes of grammar, got {len(source)}")
    # Written once only: another interpreter may be reading it by now, under a GIL of its own.
    if memcmp(to, PyBytes_AS_STRING(source), length) != 0:
        memcpy(to, PyBytes_AS_STRING(source), length)
    return 0


cdef inline Py_ssize_t _clipped(number) except? -1:
    """Return *number*, a limit or a count that a caller gives; beyond Py_ssize_t, the largest (or smallest) of it."""
    return PyNumber_AsSsize_t(number, NULL)


cdef int _hold(object buffer, Py_buffer *view) except -1:
    """Fill *view* with the bytes of *buffer*; until it is released a bytearray cannot be resized."""
    if not isinstance(buffer, (bytes, bytearray)):
        raise TypeError(f"expected bytes or a bytearray, got {type(buffer).__name__}")
    PyObject_GetBuffer(buffer, view, PyBUF_SIMPLE)
    return 0


include "head.pxi"
include "chunked.pxi"
include "request.pxi"
include "body_buffer.pxi"
include "receive.pxi"
include "cycle.pxi"
