"""Calls of the C library counted from within, at full speed: how often does a recv or a send find nothing to do?

A small library, compiled when it is needed, is loaded in front of the C library (LD_PRELOAD). Its recv, send,
poll and so on count, and hand over to the real ones: some nanoseconds a call, no trace, no privileges. Whatever
reaches the kernel past the C library is not seen; Python's sockets, OpenSSL and libcurl do not.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

# The order of the counters in the library.
NAMES: Final = ("recv", "send", "poll", "would_block")

_SOURCE: Final = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { RECV, SEND, POLL, WOULD_BLOCK, COUNTERS };
long httpconn_bench_counters[COUNTERS];

static void *next_of(const char *name) { return dlsym(RTLD_NEXT, name); }

static ssize_t counted(int which, ssize_t result)
{
    int saved = errno;
    __atomic_add_fetch(&httpconn_bench_counters[which], 1, __ATOMIC_RELAXED);
    if (result < 0 && (saved == EAGAIN || saved == EWOULDBLOCK))
        __atomic_add_fetch(&httpconn_bench_counters[WOULD_BLOCK], 1, __ATOMIC_RELAXED);
    errno = saved;
    return result;
}

#define WRAP(which, type, name, parameters, arguments)                 \
    type name parameters                                               \
    {                                                                  \
        static type (*real) parameters;                                \
        if (!real)                                                     \
            real = (type (*) parameters)next_of(#name);                \
        return (type)counted(which, real arguments);                   \
    }

WRAP(RECV, ssize_t, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
WRAP(RECV, ssize_t, __recv_chk, (int fd, void *data, size_t size, size_t room, int flags),
     (fd, data, size, room, flags))
WRAP(RECV, ssize_t, recvfrom,
     (int fd, void *restrict data, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *restrict n),
     (fd, data, size, flags, from, n))
WRAP(RECV, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(RECV, ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
WRAP(SEND, ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
WRAP(SEND, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP(SEND, ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(SEND, ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRAP(POLL, int, poll, (struct pollfd *set, nfds_t count, int timeout), (set, count, timeout))
WRAP(POLL, int, __poll_chk, (struct pollfd *set, nfds_t count, int timeout, size_t room),
     (set, count, timeout, room))
WRAP(POLL, int, select,
     (int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, struct timeval *restrict t),
     (count, r, w, x, t))
WRAP(POLL, int, epoll_wait, (int fd, struct epoll_event *events, int count, int timeout), (fd, events, count, timeout))
"""


def build_library(folder: Path) -> Path | None:
    """The compiled library in that folder, or None where it cannot be had: no compiler, or not Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    source, library = folder / "count_calls.c", folder / "count_calls.so"
    source.write_text(_SOURCE)
    command = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", str(library), str(source), "-ldl"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return library if made.returncode == 0 else None


def environment_with(library: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment in which a process counts its calls."""
    before = [os.environ["LD_PRELOAD"]] if "LD_PRELOAD" in os.environ else []
    return {**environment, "LD_PRELOAD": ":".join([str(library), *before])}


def read_counters() -> dict[str, int] | None:
    """The counters of this process, or None where they are not loaded."""
    try:
        array = (ctypes.c_long * len(NAMES)).in_dll(ctypes.CDLL(None), "httpconn_bench_counters")
    except (OSError, TypeError, ValueError):
        return None
    return dict(zip(NAMES, array, strict=True))
