"""File descriptors: whether there are none left, and how many a process may have."""

from __future__ import annotations

import errno
import os
import ssl

_NONE_LEFT = (errno.EMFILE, errno.ENFILE)


def is_out_of_descriptors(error: BaseException) -> bool:
    """Return whether *error* has come of there being no file descriptor left, of the process or of the system.

    OpenSSL reads CA certificates when it needs one, and where it cannot, it says that the certificate is refused. So
    it is looked whether there is a descriptor to be had.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return are_none_left()
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno in _NONE_LEFT


def are_none_left() -> bool:
    """Return whether no descriptor can be had now."""
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    except OSError as error:
        return error.errno in _NONE_LEFT
    os.close(descriptor)
    return False


def none_left(what: str) -> OSError:
    """Return the error of *what*, where the system has hidden that it is this one."""
    return OSError(errno.EMFILE, f"{os.strerror(errno.EMFILE)}: {what}")


def most_descriptors() -> int | None:
    """Return how many descriptors this process may have; None for no limit, or where nobody can tell."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, where sockets have no such limit
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit
