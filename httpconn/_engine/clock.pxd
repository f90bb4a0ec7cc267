cdef class Clock:
    cdef public double away
    cdef public double left_at
    cpdef double time(self)
    cpdef leave(self)
    cpdef come_back(self)
