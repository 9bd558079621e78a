# SPDX-License-Identifier: Apache-2.0
"""Starts a process under a chosen pid, to play the process that reuses a dead container's pid."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

SYS_CLONE3 = 435  # the same on all architectures
libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def process_with_pid(pid: int) -> Iterator[None]:
    """There is a process called `pid` that sleeps, a child. Errors as of `clone_with_pid`."""
    child = clone_with_pid(pid)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def clone_with_pid(pid: int) -> int:
    """Fork (clone3 with set_tid) a child called `pid` that sleeps; the caller kills and reaps it.

    Raises OSError, EEXIST when the pid is taken, EPERM without CAP_CHECKPOINT_RESTORE.
    """
    wanted = (ctypes.c_int * 1)(pid)
    flags = pidfd = child_tid = parent_tid = stack = stack_size = tls = 0
    arguments = struct.pack(
        "=10Q", flags, pidfd, child_tid, parent_tid, signal.SIGCHLD, stack, stack_size, tls,
        ctypes.addressof(wanted), 1,
    )  # fmt: skip
    buffer = ctypes.create_string_buffer(arguments, len(arguments))
    got = int(libc.syscall(SYS_CLONE3, buffer, len(arguments)))
    if got == 0:
        while True:
            time.sleep(60)
    if got < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return got
