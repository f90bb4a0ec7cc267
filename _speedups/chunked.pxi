# The chunked transfer coding. Twin of _wire/body.py, to the letter: the same state between any two calls.
#
#     chunked-body   = *chunk last-chunk trailer-section CRLF
#     chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
#     last-chunk     = 1*("0") [ chunk-ext ] CRLF
#
# No object is made for a chunk. Data that lies in one piece is copied once, into bytes of just its size. With the
# second piece a result as large as could still be needed is allocated (never more than was received), and shortened
# at the end.
#
# SAFETY: the caller's buffer is held by the buffer protocol for as long as a pointer into it lives. In between,
# `data` and `length` are that buffer, and 0 <= position <= length: decode() checks it, and position only moves over
# bytes that were compared with the length. A line is looked at only once its LF is found; LF is in none of the byte
# classes, so a scan over a line stops there at the latest.

if HEX_VALUE[LF] != 0xFF or FIELD_BYTE[LF]:
    raise ImportError("a byte class holds LF, which ends the scans of the compiled chunk decoder")

cdef enum:
    SIZE_LINE_NEXT = -1


cdef struct Gathered:
    # The data that one call has found so far.
    const uint8_t *only  # the only piece, where it lies in the buffer; not yet copied
    PyObject *data  # bytes being filled, once there are two pieces
    Py_ssize_t length


@cython.final
@cython.no_gc  # its only object is a private list of bytes
cdef class ChunkedDecoder:
    """See ``_backends.contract.ChunkedDecoder``."""

    # Public as in the twin, since the reader sets some of them. No value in any can lead outside the buffer:
    # position is only told, searched and chunk_left are compared with what is there.
    cdef public Py_ssize_t position
    cdef public Py_ssize_t searched
    cdef public int error
    cdef public bint complete
    cdef public bint in_trailers
    cdef readonly bytes lax_line
    cdef bint _strict
    cdef Py_ssize_t _line_bytes
    cdef Py_ssize_t _trailer_lines
    cdef Py_ssize_t _overhead_bytes
    cdef int64_t _chunk_left
    cdef int64_t _excess
    cdef list _trailers  # None until there is one: to make a list may have the garbage collector run, within ``take_turn``

    def __cinit__(self, line_bytes, trailer_lines, overhead_bytes, bint strict=False):
        self._line_bytes = _clipped(line_bytes)
        self._trailer_lines = _clipped(trailer_lines)
        self._overhead_bytes = _clipped(overhead_bytes)
        self._strict = strict
        self.lax_line = b""
        self._chunk_left = SIZE_LINE_NEXT
        self.error = CHUNK_OK

    @property
    def chunk_left(self):
        return self._chunk_left

    @chunk_left.setter
    def chunk_left(self, left):
        # It may come from a chunk-size line that others have read; no more than the largest can ever arrive.
        self._chunk_left = max(SIZE_LINE_NEXT, min(left, MAX_BODY_BYTES))

    @property
    def trailer_block(self):
        return b"" if self._trailers is None else b"".join(self._trailers)

    def decode(self, buffer, Py_ssize_t start, max_bytes):
        """Return the data that follows *start*, at most *max_bytes* of it (-1: all that is there)."""
        cdef Py_ssize_t room = _clipped(max_bytes)
        cdef Py_buffer view
        cdef Gathered gathered = Gathered(NULL, NULL, 0)
        _hold(buffer, &view)
        try:
            if not 0 <= start <= view.len:
                raise IndexError(f"start {start} is outside the buffer of {view.len} bytes")
            self.position = start
            self._decode(&gathered, <const uint8_t *>view.buf, view.len, PY_SSIZE_T_MAX if room < 0 else room)
            return _finish(&gathered)
        finally:
            Py_XDECREF(gathered.data)
            PyBuffer_Release(&view)

    cdef int _decode(self, Gathered *gathered, const uint8_t *data, Py_ssize_t length, Py_ssize_t room) except -1:
        cdef Py_ssize_t piece
        while not self.complete and not self.error:
            if self._chunk_left <= 0:
                if not self._take_framing(data, length):
                    break
                continue
            piece = min(room, length - self.position)
            if not piece:
                break
            if piece > self._chunk_left:
                piece = <Py_ssize_t>self._chunk_left
            # SAFETY: `piece` is at most `room`, so what is gathered in all is at most the bound that is given here.
            _gather(gathered, data + self.position, piece, min(room, length - self.position))
            self.position += piece
            self._chunk_left -= piece
            room -= piece
            if not room:
                break
        return 0

    cdef bint _take_framing(self, const uint8_t *data, Py_ssize_t length) except -1:
        """Consume one piece of framing; return False where it is not all there, or is refused."""
        if self._chunk_left == 0:
            return self._take_chunk_end(data, length)
        if self.in_trailers:
            return self._take_trailer_line(data, length)
        return self._take_size_line(data, length)

    cdef bint _take_chunk_end(self, const uint8_t *data, Py_ssize_t length) noexcept:
        cdef Py_ssize_t available = length - self.position
        if available and data[self.position] != CR or available > 1 and data[self.position + 1] != LF:
            self.error = CHUNK_NOT_TERMINATED
            return False
        if available < 2:
            return False
        self.position += 2
        self._chunk_left = SIZE_LINE_NEXT
        return True

    cdef Py_ssize_t _line_length(self, const uint8_t *data, Py_ssize_t length, int too_long) noexcept:
        """Return how long the next line is, its LF included; 0 where it is not all there, or longer than allowed."""
        cdef const uint8_t *line = data + self.position
        cdef const uint8_t *line_end = NULL
        cdef Py_ssize_t available = length - self.position
        cdef Py_ssize_t searched = max(self.searched, 0)
        if searched < available:
            line_end = <const uint8_t *>memchr(line + searched, LF, available - searched)
        cdef Py_ssize_t line_length = available if line_end == NULL else line_end - line + 1
        if line_length > self._line_bytes:
            self.error = too_long
            return 0
        self.searched = available if line_end == NULL else 0
        return 0 if line_end == NULL else line_length

    cdef bint _take_size_line(self, const uint8_t *data, Py_ssize_t length) except -1:
        cdef Py_ssize_t line_length = self._line_length(data, length, CHUNK_LINE_TOO_LONG)
        if not line_length:
            return False
        cdef int64_t size = 0
        cdef bint is_lax = False
        cdef int refusal = _parse_size_line(data + self.position, line_length, &size, &is_lax)
        # Each chunk may cost 16 bytes and twice its data; see the twin. The size is capped so that doubling it
        # cannot wrap; the sum is of bytes that have been received, so it cannot.
        cdef int64_t excess = max(0, self._excess + line_length + 2 - 16 - 2 * min(size, <int64_t>1 << 60))
        if refusal == CHUNK_OK and excess > self._overhead_bytes:
            refusal = CHUNK_OVERHEAD
        if refusal == CHUNK_OK and is_lax:
            if self._strict:
                refusal = CHUNK_EXTENSION_MALFORMED
            elif not PyBytes_GET_SIZE(self.lax_line):
                self.lax_line = PyBytes_FromStringAndSize(<const char *>data + self.position, line_length - 2)
        if refusal != CHUNK_OK:
            self.error = refusal
            return False
        self._excess = excess
        self.position += line_length
        if size:
            self._chunk_left = size
        else:
            self.in_trailers = True
        return True

    cdef bint _take_trailer_line(self, const uint8_t *data, Py_ssize_t length) except -1:
        cdef Py_ssize_t line_length = self._line_length(data, length, TRAILER_LINE_TOO_LONG)
        if not line_length:
            return False
        if line_length == 1 or line_length == 2 and data[self.position] == CR:
            self.complete = True
        elif (0 if self._trailers is None else len(self._trailers)) >= self._trailer_lines:
            self.error = TRAILER_TOO_MANY_LINES
            return False
        else:
            if self._trailers is None:
                self._trailers = []
            self._trailers.append(PyBytes_FromStringAndSize(<const char *>data + self.position, line_length))
        self.position += line_length
        return True


cdef int _parse_size_line(const uint8_t *line, Py_ssize_t length, int64_t *size, bint *is_lax) noexcept:
    """Put the chunk-size into *size* and return CHUNK_OK, or return the refusal. The line ends with its only LF.

    *is_lax* becomes True where the extension is outside the grammar.
    """
    cdef Py_ssize_t at = 0, behind_size
    cdef uint64_t value = 0
    cdef bint is_too_large = False
    while HEX_VALUE[line[at]] != 0xFF:
        is_too_large |= value >> 60 != 0  # the next digit would shift it out: 2^64+5 is not 5
        value = value << 4 | HEX_VALUE[line[at]]
        at += 1
    if not at:
        return CHUNK_SIZE_MALFORMED
    behind_size = at
    # White space before the line's end or an extension: see grammar.match_chunk_size_line.
    while line[at] == SP or line[at] == HTAB:
        at += 1
    if line[at] == SEMICOLON:
        at += 1
        while FIELD_BYTE[line[at]]:
            at += 1
    if line[at] != CR or at + 2 != length:
        return CHUNK_SIZE_MALFORMED
    if is_too_large or value > <uint64_t>MAX_BODY_BYTES:
        return CHUNK_SIZE_TOO_LARGE
    size[0] = <int64_t>value
    # SAFETY: from there on all bytes but the CR and LF at the end are of FIELD_BYTE, as has just been seen.
    is_lax[0] = at != behind_size and not _is_extension(line + behind_size)
    return CHUNK_OK


cdef bint _is_extension(const uint8_t *at) noexcept:
    """Return whether what stands behind a chunk-size, up to the CR, is in the grammar: grammar.is_chunk_extension.

    SAFETY: the CR is of neither class, and none of the characters that are looked for; so no step goes past it.
    """
    while True:
        at = _behind_space(at)
        if at[0] != SEMICOLON:
            return at[0] == CR
        at = _behind_space(at + 1)
        if not TCHAR[at[0]]:
            return False
        at = _behind_space(_behind_token(at))
        if at[0] != EQUALS:
            continue
        at = _behind_space(at + 1)
        if at[0] != DQUOTE:
            if not TCHAR[at[0]]:
                return False
            at = _behind_token(at)
            continue
        at += 1
        while at[0] != DQUOTE:
            if at[0] == BACKSLASH:
                at += 1
            if not FIELD_BYTE[at[0]]:
                return False
            at += 1
        at += 1


cdef inline const uint8_t *_behind_space(const uint8_t *at) noexcept:
    while at[0] == SP or at[0] == HTAB:
        at += 1
    return at


cdef inline const uint8_t *_behind_token(const uint8_t *at) noexcept:
    while TCHAR[at[0]]:
        at += 1
    return at


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
