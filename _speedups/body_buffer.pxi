# A large body while it comes: the very bytes object that is returned, grown where it is. Twin: BodyBuffer of _wire/body.py.
#
# SAFETY: the object is nobody else's until ``whole`` gives it away, and is not touched after that. It is never resized
# while a view of it is out. What ``_size`` counts has been written: by ``add``, or by whoever had the view, and says so.

cdef extern from *:
    """
    #if defined(__linux__)
    #include <sys/mman.h>
    #include <unistd.h>
    #endif
    /* Ask for large pages: to hand out 25,600 small ones is more than half of what receiving 100 MiB costs. For all pages
       that the range touches, since a mapping of two kinds is one that realloc cannot grow without copying. */
    static void httpconn_ask_for_large_pages(char *start, size_t length) {
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t begin = (size_t)start & ~(page - 1);
        size_t end = ((size_t)start + length + page - 1) & ~(page - 1);
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);  /* a wish: what it says is of no interest */
    #endif
    }
    static char httpconn_unsigned_bytes[] = "B";
    """
    char *UNSIGNED_BYTES "httpconn_unsigned_bytes"
    void httpconn_ask_for_large_pages(char *start, size_t length) nogil

cdef enum:
    FIRST_BYTES = 65536
    LARGE_BYTES = 4194304  # of which on numpy asks for large pages, too
    BYTES_AROUND = 64  # at most: what the object and the allocator have in front and behind


@cython.final
@cython.no_gc
cdef class BodyBuffer:
    """See ``_backends.contract.BodyBuffer``."""

    cdef PyObject *_data  # a bytes object, NULL before the first byte and after the last
    cdef Py_ssize_t _size, _room
    cdef int _views

    def __dealloc__(self):
        Py_XDECREF(self._data)

    @property
    def size(self):
        return self._size

    cdef int _reserve(self, Py_ssize_t more, Py_ssize_t most) except -1:
        """Have place for *more* bytes behind what is there, and for no more than *most* if those are more."""
        cdef Py_ssize_t capacity = 0 if self._data == NULL else PyBytes_GET_SIZE(<object>self._data)
        cdef Py_ssize_t wanted
        if self._views:
            raise BufferError("a view of the body's buffer is still in use")
        if more <= capacity - self._size:
            return 0
        if more > PY_SSIZE_T_MAX - self._size:
            raise MemoryError
        wanted = self._size + more
        # Half more than there was, as long as that is not more than will come: each byte is moved but a few times.
        most = self._size + min(most, PY_SSIZE_T_MAX - self._size)
        capacity = max(wanted, min(max(capacity + capacity // 2, <Py_ssize_t>FIRST_BYTES), most))
        if self._data == NULL:
            self._data = new_bytes(NULL, capacity)
        else:
            self._resize(capacity)
        if capacity >= LARGE_BYTES:
            httpconn_ask_for_large_pages(<char *>self._data, <size_t>capacity + BYTES_AROUND)
        return 0

    cdef int _resize(self, Py_ssize_t capacity) except -1:
        try:
            _PyBytes_Resize(&self._data, capacity)
        except MemoryError:
            self._size = self._room = 0  # there is no object any more
            raise
        return 0

    def add(self, bytes part not None):
        """Put *part* behind what is there."""
        cdef Py_ssize_t length = PyBytes_GET_SIZE(part)
        self._reserve(length, PY_SSIZE_T_MAX)
        self._room = 0
        if not length:
            return
        memcpy(bytes_of(self._data) + self._size, PyBytes_AS_STRING(part), length)
        self._size += length

    def room(self, Py_ssize_t wanted, most):
        """Return where the next *wanted* bytes may be put; *most* is how many may come in all."""
        if wanted < 1:
            raise ValueError(f"expected room for 1 byte or more, got {wanted}")
        self._reserve(wanted, max(_clipped(most), wanted))
        self._room = wanted
        return memoryview(self)

    def advance(self, Py_ssize_t count):
        """Note that *count* bytes have been put into the room, at its beginning."""
        if not 0 <= count <= self._room:
            raise ValueError(f"expected a count of bytes up to {self._room}, got {count}")
        self._room -= count
        self._size += count

    def whole(self):
        """Return all that was put in, and be empty."""
        cdef object whole
        if self._views:
            raise BufferError("a view of the body's buffer is still in use")
        if self._data == NULL:
            return b""
        if PyBytes_GET_SIZE(<object>self._data) != self._size:
            self._resize(self._size)
        whole = <object>self._data
        Py_DECREF(whole)
        self._data = NULL
        self._size = self._room = 0
        return whole

    def __getbuffer__(self, Py_buffer *view, int flags):
        if self._data == NULL or not self._room:
            raise BufferError("there is no room")
        # As PyBuffer_FillInfo has it, which would leave a reference to None behind that Cython has put there.
        view.buf = bytes_of(self._data) + self._size
        view.obj = self
        view.len = self._room
        view.readonly = 0
        view.itemsize = 1
        view.format = UNSIGNED_BYTES if flags & PyBUF_FORMAT else NULL
        view.ndim = 1
        view.shape = &view.len if flags & PyBUF_ND else NULL
        view.strides = &view.itemsize if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL
        self._views += 1

    def __releasebuffer__(self, Py_buffer *view):
        self._views -= 1
