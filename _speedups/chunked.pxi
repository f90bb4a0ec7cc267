# The data of plain chunks. Twin: take_chunks of _wire/body.py. What is not plain, _wire/chunked.py judges.
#
# No object is made for a chunk. Data that lies in one piece is copied once, into bytes of just its size. With the
# second piece a result as large as could still be needed is allocated (never more than was received), and shortened
# at the end.
#
# SAFETY: the caller's buffer is held by the buffer protocol for as long as a pointer into it lives, and no Python runs
# until all is gathered. `data` and `length` are that buffer, and 0 <= at <= length: take_chunks() checks it, and `at`
# only moves over bytes that were compared with the length.

cdef enum:
    SIZE_LINE_NEXT = -1
    MOST_SIZE_DIGITS = 12  # of a plain chunk-size line: see grammar.py


cdef struct Gathered:
    const uint8_t *only  # the only piece, where it lies in the buffer; not yet copied
    PyObject *data  # bytes being filled, once there are two pieces
    Py_ssize_t length


def take_chunks(buffer, Py_ssize_t start, chunk_left, max_bytes):
    """Return the data, where it ends, and what is left there of a chunk: see ``_backends.contract.Backend``."""
    cdef int64_t left = max(SIZE_LINE_NEXT, min(chunk_left, MAX_BODY_BYTES))
    cdef Py_ssize_t room = _clipped(max_bytes)
    cdef Py_buffer view
    cdef Gathered gathered = Gathered(NULL, NULL, 0)
    _hold(buffer, &view)
    try:
        if not 0 <= start <= view.len:
            raise IndexError(f"start {start} is outside the buffer of {view.len} bytes")
        _gather_chunks(&gathered, <const uint8_t *>view.buf, view.len, &start, &left, PY_SSIZE_T_MAX if room < 0 else room)
        return _finish(&gathered), start, left
    finally:
        Py_XDECREF(gathered.data)
        PyBuffer_Release(&view)


cdef int _gather_chunks(
    Gathered *gathered, const uint8_t *data, Py_ssize_t length, Py_ssize_t *position, int64_t *left, Py_ssize_t room
) except -1:
    """Gather at most *room* bytes of data from *position* on, and move that and *left* on behind them."""
    cdef Py_ssize_t at = position[0], piece
    while room:
        if left[0] > 0:
            piece = <Py_ssize_t>min(<int64_t>min(room, length - at), left[0])
            if not piece:
                break
            # SAFETY: `piece` is at most `room`, so what is gathered in all is at most the bound that is given here.
            _gather(gathered, data + at, piece, min(room, length - at))
            left[0] -= piece
            room -= piece
        elif left[0] == 0:
            if length - at < 2 or data[at] != CR or data[at + 1] != LF:
                break
            left[0] = SIZE_LINE_NEXT
            piece = 2
        else:
            piece = _size_line(data + at, length - at, left)
            if not piece:
                break
        at += piece
    position[0] = at
    return 0


cdef Py_ssize_t _size_line(const uint8_t *line, Py_ssize_t available, int64_t *size) noexcept:
    """Put the chunk-size into *size* and return how long its line is; 0 for a line that is not plain, and the last one."""
    cdef Py_ssize_t at = 0
    cdef int64_t value = 0
    # SAFETY: two bytes of what is available always follow `at`, unless there is no digit.
    while at < min(available - 2, <Py_ssize_t>MOST_SIZE_DIGITS) and HEX_VALUE[line[at]] != 0xFF:
        value = value << 4 | HEX_VALUE[line[at]]
        at += 1
    if not value or line[at] != CR or line[at + 1] != LF:
        return 0
    size[0] = value
    return at + 2


cdef inline int _gather(Gathered *gathered, const uint8_t *piece, Py_ssize_t length, Py_ssize_t room) except -1:
    """Add a piece. In all of the call there will be no more than *room* bytes besides what is there already."""
    if not gathered.length:
        gathered.only = piece
        gathered.length = length
        return 0
    if gathered.data == NULL:
        gathered.data = new_bytes(NULL, gathered.length + room)
        memcpy(bytes_of(gathered.data), gathered.only, gathered.length)
    # SAFETY: the object was made here with that much room and nobody else has seen it.
    memcpy(bytes_of(gathered.data) + gathered.length, piece, length)
    gathered.length += length
    return 0


cdef object _finish(Gathered *gathered):
    """Return what was gathered; the bytes under construction belong to the result, or are gone."""
    if gathered.data == NULL:
        return PyBytes_FromStringAndSize(<const char *>gathered.only, gathered.length)
    _PyBytes_Resize(&gathered.data, gathered.length)  # where it fails, it has freed them and set data to NULL
    return <object>gathered.data
