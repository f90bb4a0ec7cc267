# The head of a response in one pass. Twins: _backends/pure.py (the same plain grammar, the same answers) and
# find_head_end in _wire/head.py.
#
#     status-line = "HTTP/1." ( "0" / "1" ) SP status-code [ SP reason-phrase ] CRLF
#     field-line  = field-name ":" OWS field-value OWS CRLF
#     head        = status-line *field-line CRLF
#
# The pass notes where each name and value lies and makes no object for any of them; strings are made from the
# kept block when somebody asks.
#
# SAFETY: behind the last byte of every bytes object stands a NUL that may be read (C API, PyBytes_AsString).
# NUL belongs to neither TCHAR nor FIELD_BYTE (checked below, at import) and is no character of the grammar. So a
# scan that stops at the first byte outside its class stops at that NUL at the latest; and where data[at] is known
# to be some other character, `at` lies before the end and data[at + 1] may be read. Only skips of several bytes
# at once need to compare with the length.

if TCHAR[0] or FIELD_BYTE[0]:
    raise ImportError("a byte class holds NUL, which ends the scans of the compiled head reader")

cdef enum:
    INLINE_LINES = 24  # so that head and offsets fit into one block of CPython's small-object allocator
    SHORTEST_STATUS_LINE = 14  # "HTTP/1.1 200" CRLF
    LENGTH_OF_CONNECTION = 10
    LENGTH_OF_CONTENT_ENCODING = 16
    LENGTH_OF_CONTENT_LENGTH = 14
    LENGTH_OF_TRANSFER_ENCODING = 17
    MOST_DIGITS = 18  # of which none are beyond 2^63 - 1: see head.py


cdef struct FieldLine:
    # Offsets into the block: 32 bits wide, since longer blocks are declined.
    uint32_t name
    uint32_t name_length
    uint32_t value
    uint32_t value_length


@cython.final
@cython.no_gc  # its objects are bytes, and a private list of pairs of str: nothing that could refer back to it
cdef class ResponseHead:
    """A head within the plain grammar, as ``begin_response_head`` made it; see ``_wire.head.ResponseHead``."""

    cdef readonly bytes block
    cdef readonly int version
    cdef readonly int status
    cdef readonly bint is_loose  # whether a value has white space at its end; no line of a plain head is folded
    cdef Py_ssize_t _reason
    cdef Py_ssize_t _reason_length
    # The first line of each field that is asked for each time, counted from 1; 0 where there is none.
    cdef Py_ssize_t _content_length
    cdef Py_ssize_t _transfer_encoding
    cdef Py_ssize_t _connection
    cdef Py_ssize_t _content_encoding
    cdef Py_ssize_t _count
    cdef Py_ssize_t _capacity
    cdef FieldLine *_lines  # _inline, or memory of its own once there are more lines
    cdef FieldLine _inline[INLINE_LINES]
    cdef list _pairs

    def __cinit__(self):
        self._lines = self._inline
        self._capacity = INLINE_LINES

    def __init__(self, *args, **kwargs):
        # One made by __new__ all the same is empty and harmless: no lines, no reason, block None.
        raise TypeError("a ResponseHead is made by begin_response_head()")

    def __dealloc__(self):
        if self._lines != self._inline:
            PyMem_Free(self._lines)

    def __reduce__(self):
        from httpconn._backends.compiled import parse_response_head  # late: that imports this

        return parse_response_head, (self.block, len(self.block), self._count)

    @property
    def reason(self):
        return self._reason_text()

    cdef str _reason_text(self):
        cdef const char *reason = PyBytes_AS_STRING(self.block) + self._reason if self._reason_length else NULL
        if self._reason_length == 2 and memcmp(reason, "OK", 2) == 0:
            return "OK"  # of nearly every response; a literal, so one interned object for all of them
        if self._reason_length == 0:
            return ""
        return PyUnicode_DecodeLatin1(reason, self._reason_length, NULL).strip()

    @property
    def content_length(self):
        return self._joined(self._content_length - 1, CONTENT_LENGTH, LENGTH_OF_CONTENT_LENGTH)

    @property
    def transfer_encoding(self):
        return self._joined(self._transfer_encoding - 1, TRANSFER_ENCODING, LENGTH_OF_TRANSFER_ENCODING)

    @property
    def connection(self):
        return self._joined(self._connection - 1, b"connection", LENGTH_OF_CONNECTION)

    @property
    def defects(self):
        return ()

    def field_lines(self):
        """Return the (name, value) pairs in order."""
        cdef Py_ssize_t i
        cdef list pairs
        if self._pairs is None:
            # No comprehension: where its list cannot grow, Cython 3.3 gives the element up twice.
            pairs = []
            for i in range(self._count):
                pairs.append((self._name_at(i), self._value_at(i)))
            self._pairs = pairs
        return self._pairs[:]

    def field_values(self, name):
        """Return the values of every line with that name, in any case, in order."""
        cdef object held = _ascii_name(name)
        cdef Py_ssize_t length
        cdef const char *wanted = PyUnicode_AsUTF8AndSize(held, &length)
        cdef Py_ssize_t i = self._find(wanted, length, 0)
        cdef list values = []
        while i >= 0:
            values.append(self._value_at(i))
            i = self._find(wanted, length, i + 1)
        return values

    def get_joined(self, name):
        """Return the values of every line with that name joined with ", ", or None where there is none."""
        cdef object held = _ascii_name(name)
        cdef Py_ssize_t length
        cdef const char *wanted = PyUnicode_AsUTF8AndSize(held, &length)
        return self._joined(self._find(wanted, length, 0), wanted, length)

    cdef object _joined(self, Py_ssize_t first, const char *wanted, Py_ssize_t length):
        """Return the values of line *first* and of the later ones named *wanted*; None where *first* is -1."""
        if first < 0:
            return None
        cdef str value = self._value_at(first)
        cdef Py_ssize_t i = self._find(wanted, length, first + 1)
        if i < 0:
            return value
        cdef list values = [value]
        while i >= 0:
            values.append(self._value_at(i))
            i = self._find(wanted, length, i + 1)
        return ", ".join(values)

    # SAFETY of the four below: only lines 0 <= i < _count are asked for; each was noted by _take_field_lines inside
    # the block, which is immutable and is held for as long as this object lives.

    cdef Py_ssize_t _find(self, const char *wanted, Py_ssize_t length, Py_ssize_t start) noexcept:
        """Return the first line from *start* on whose name is *wanted* in any case, or -1."""
        cdef const uint8_t *data
        cdef Py_ssize_t i
        if start < self._count:
            data = <const uint8_t *>PyBytes_AS_STRING(self.block)
            for i in range(start, self._count):
                if self._lines[i].name_length == length and _is_named(data + self._lines[i].name, wanted, length):
                    return i
        return -1

    cdef str _name_at(self, Py_ssize_t i):
        cdef FieldLine line = self._lines[i]
        return PyUnicode_DecodeLatin1(PyBytes_AS_STRING(self.block) + line.name, line.name_length, NULL)

    cdef str _value_at(self, Py_ssize_t i):
        cdef FieldLine line = self._lines[i]
        if line.value_length == 10 and memcmp(PyBytes_AS_STRING(self.block) + line.value, b"keep-alive", 10) == 0:
            return KEEP_ALIVE  # of nearly every Connection: one object for all of them
        return PyUnicode_DecodeLatin1(PyBytes_AS_STRING(self.block) + line.value, line.value_length, NULL)

    cdef int _grow(self) except -1:
        """Make room for twice as many lines."""
        cdef Py_ssize_t capacity = self._capacity * 2  # no wrap: a line has four bytes or more of the block
        cdef FieldLine *lines
        if capacity > PY_SSIZE_T_MAX // <Py_ssize_t>sizeof(FieldLine):
            raise MemoryError
        if self._lines == self._inline:
            lines = <FieldLine *>PyMem_Malloc(capacity * sizeof(FieldLine))
            if lines != NULL:
                memcpy(lines, self._inline, sizeof(self._inline))
        else:
            lines = <FieldLine *>PyMem_Realloc(self._lines, capacity * sizeof(FieldLine))
        if lines == NULL:
            raise MemoryError  # what was there before still belongs to this object, and goes with it
        self._lines = lines
        self._capacity = capacity
        return 0


def begin_response_head(bytes data not None, Py_ssize_t max_line_bytes, Py_ssize_t max_field_lines, /):
    """Return what ``_wire.head.Begun`` says of the head that *data* begins with; None also where it is not all there."""
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef ResponseHead head = _begin_head(data, start, PyBytes_GET_SIZE(data), max_line_bytes, max_field_lines)
    return None if head is None else _begun(head, start, PyBytes_GET_SIZE(data))


cdef tuple _begun(ResponseHead head, const uint8_t *start, Py_ssize_t size):
    """Return what is said of *head*, with which the *size* bytes at *start* begin."""
    cdef Py_ssize_t end = PyBytes_GET_SIZE(head.block)
    cdef bytes rest = PyBytes_FromStringAndSize(<const char *>start + end, size - end)
    cdef int64_t length = _plain_length(head)
    return (
        head,
        rest,
        head.version,
        head.status,
        head._reason_text(),
        head._joined(head._content_length - 1, CONTENT_LENGTH, LENGTH_OF_CONTENT_LENGTH) if length < 0 else length,
        head._joined(head._transfer_encoding - 1, TRANSFER_ENCODING, LENGTH_OF_TRANSFER_ENCODING),
        head._joined(head._connection - 1, b"connection", LENGTH_OF_CONNECTION),
        head._joined(head._content_encoding - 1, b"content-encoding", LENGTH_OF_CONTENT_ENCODING),
    )


cdef int64_t _plain_length(ResponseHead head) noexcept:
    """Return the Content-Length, or -1 where there are none, several, or one of anything but a few digits."""
    cdef int64_t length = 0
    cdef uint32_t i
    if not head._content_length or head._find(CONTENT_LENGTH, LENGTH_OF_CONTENT_LENGTH, head._content_length) >= 0:
        return -1
    cdef FieldLine line = head._lines[head._content_length - 1]
    cdef const uint8_t *digits = <const uint8_t *>PyBytes_AS_STRING(head.block) + line.value
    if not 1 <= line.value_length <= MOST_DIGITS:
        return -1
    for i in range(line.value_length):
        if not c'0' <= digits[i] <= c'9':
            return -1
        length = length * 10 + (digits[i] - c'0')
    return length


cdef ResponseHead _begin_head(
    bytes data, const uint8_t *start, Py_ssize_t length, Py_ssize_t longest, Py_ssize_t most_lines
):
    """Return the head that the *length* bytes at *start*, and a NUL behind them, begin with; they are *data*, or None's."""
    if <uint64_t>length > UINT32_MAX:
        return None
    cdef ResponseHead head = ResponseHead.__new__(ResponseHead)
    cdef Py_ssize_t at = _take_status_line(head, start, length)
    if at:
        at = _take_field_lines(head, start, at, length, most_lines)
    # What is left must be the empty line.
    if not at or start[at] != CR or start[at + 1] != LF:
        return None
    at += 2
    # No line is longer than the whole; the rare longer head is left to the reference reader.
    if at > longest:
        return None
    head.block = data if data is not None and at == length else PyBytes_FromStringAndSize(<const char *>start, at)
    return head


cdef Py_ssize_t _take_status_line(ResponseHead head, const uint8_t *data, Py_ssize_t length) noexcept:
    """Return the offset behind the status-line, or 0 where it is not plain."""
    cdef Py_ssize_t at = 12
    # From here on all of "HTTP/1.1 200" lies inside.
    if length < SHORTEST_STATUS_LINE or memcmp(data, b"HTTP/1.", 7) != 0 or data[8] != SP:
        return 0
    cdef unsigned int minor = data[7] - 0x30u, hundreds = data[9] - 0x30u
    cdef unsigned int tens = data[10] - 0x30u, units = data[11] - 0x30u
    if minor > 1 or not 1 <= hundreds <= 9 or tens > 9 or units > 9:  # unsigned: below "0" is far above 9
        return 0
    head.version = 10 + minor
    head.status = hundreds * 100 + tens * 10 + units
    if data[at] == SP:
        head._reason = at + 1
        at = _skip_field_bytes(data, at + 1, length)
        head._reason_length = at - head._reason
    return at + 2 if data[at] == CR and data[at + 1] == LF else 0


cdef Py_ssize_t _take_field_lines(
    ResponseHead head, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, Py_ssize_t most_lines
) except -1:
    """Note the field lines from *at* on; return the offset behind them, or 0 where one is not plain."""
    cdef FieldLine line
    while data[at] != CR:  # behind the last byte NUL, which begins no field line
        if head._count >= most_lines:
            return 0
        line.name = <uint32_t>at
        while TCHAR[data[at]]:
            at += 1
        line.name_length = <uint32_t>at - line.name
        if not line.name_length or data[at] != COLON:
            return 0
        at += 1
        while data[at] == SP or data[at] == HTAB:
            at += 1
        line.value = <uint32_t>at
        at = _skip_field_bytes(data, at, length)
        line.value_length = <uint32_t>at - line.value
        if line.value_length and (data[at - 1] == SP or data[at - 1] == HTAB):
            head.is_loose = True
        if data[at] != CR or data[at + 1] != LF:
            return 0
        at += 2
        if head._count == head._capacity:
            head._grow()
        head._lines[head._count] = line
        head._count += 1
        _note_framing(head, data + line.name, line.name_length)
    return at


cdef inline void _note_framing(ResponseHead head, const uint8_t *name, Py_ssize_t length) noexcept:
    """Remember where the first of each field stands that is asked for each time."""
    if length == LENGTH_OF_CONTENT_LENGTH:
        if not head._content_length and _is_long_name(name, CONTENT_LENGTH, length):
            head._content_length = head._count
    elif length == LENGTH_OF_TRANSFER_ENCODING:
        if not head._transfer_encoding and _is_long_name(name, TRANSFER_ENCODING, length):
            head._transfer_encoding = head._count
    elif length == LENGTH_OF_CONNECTION:
        if not head._connection and _is_long_name(name, b"connection", length):
            head._connection = head._count
    elif length == LENGTH_OF_CONTENT_ENCODING:
        if not head._content_encoding and _is_long_name(name, b"content-encoding", length):
            head._content_encoding = head._count


cdef inline bint _is_long_name(const uint8_t *name, const char *wanted, Py_ssize_t length) noexcept:
    """As ``_is_named``, for a token and a name of small letters and "-", of 8 bytes or more: 8 at once, the last ones twice.

    What 0x20 is added to becomes a small letter only if it is that letter in either case, and "-" only if it is "-", or CR,
    which is in no token.
    """
    cdef uint64_t some, others
    cdef Py_ssize_t at = 0
    while True:
        memcpy(&some, name + at, 8)
        memcpy(&others, wanted + at, 8)
        if some | 0x2020202020202020ULL != others:
            return False
        if at == length - 8:
            return True
        at = min(at + 8, length - 8)


cdef inline bint _is_named(const uint8_t *name, const char *wanted, Py_ssize_t length) noexcept:
    """Return whether the *length* bytes of *name* are those of *wanted*, which is in lower case, in any case."""
    cdef Py_ssize_t i
    for i in range(length):
        if LOWER[name[i]] != <uint8_t>wanted[i]:
            return False
    return True


cdef object _ascii_name(name):
    """Return *name* in lower case as a str that is ASCII; "", which names no line, where no field can be named so."""
    if not isinstance(name, str):
        raise TypeError(f"expected a str for the name of a field, got {type(name).__name__}")
    # As http.client folds names: it makes ASCII of one character that is not (KELVIN SIGN).
    name = name.lower()
    return name if PyUnicode_IS_ASCII(name) else ""


cdef inline Py_ssize_t _skip_field_bytes(const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept:
    """Return the offset of the first byte from *at* on that is not of FIELD_BYTE."""
    cdef uint64_t word
    # Eight bytes at a time: they lie before the end by the comparison, and memcpy asks for no alignment.
    while length - at >= 8:
        memcpy(&word, data + at, 8)
        if _may_end_field(word):
            break
        at += 8
    while FIELD_BYTE[data[at]]:
        at += 1
    return at


cdef inline bint _may_end_field(uint64_t word) noexcept:
    """Return whether one of the eight bytes is below 0x20 or is 0x7F: HTAB too, which then FIELD_BYTE lets pass.

    The two tests for "some byte is below n" and "some byte is zero" of Bit Twiddling Hacks, which are exact and do
    not depend on the order of the bytes.
    """
    cdef uint64_t deletes = word ^ 0x7F7F7F7F7F7F7F7FULL
    return (
        ((word - 0x2020202020202020ULL) & ~word) | ((deletes - 0x0101010101010101ULL) & ~deletes)
    ) & 0x8080808080808080ULL != 0


# The skip above is right for this class only; should grammar ever change it, this must not go unnoticed.
for _byte in range(256):
    if not FIELD_BYTE[_byte] and not _may_end_field(0x2020202020202020ULL - 0x20 + <uint64_t><uint8_t>_byte):
        raise ImportError(f"the compiled head reader would skip byte {_byte:#x}, which no field value holds")
del _byte


def find_head_end(buffer, Py_ssize_t start=0):
    """Return the offset just behind the empty line that ends a head, or -1; see ``_wire.head.find_head_end``."""
    cdef Py_buffer view
    _hold(buffer, &view)
    # A negative start counts from the end, and one beyond it finds nothing, as in bytes.find().
    if start < 0:
        start = max(start + view.len, 0)
    cdef Py_ssize_t end = _head_end(<const uint8_t *>view.buf, view.len, start)
    PyBuffer_Release(&view)
    return end


cdef Py_ssize_t _head_end(const uint8_t *data, Py_ssize_t length, Py_ssize_t start) noexcept:
    """Hop from one LF to the next until an empty line follows."""
    cdef const uint8_t *line_end
    # SAFETY: every byte is read only after `start`, its offset, was compared with the length.
    while start < length:
        line_end = <const uint8_t *>memchr(data + start, LF, length - start)
        if line_end == NULL:
            return -1
        start = line_end - data + 1
        if start < length and data[start] == LF:
            return start + 1
        if start + 1 < length and data[start] == CR and data[start + 1] == LF:
            return start + 2
    return -1
