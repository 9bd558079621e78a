# SPDX-License-Identifier: Apache-2.0
"""Processes known by pid and start time, so that a pid used again is never taken for ours."""

from __future__ import annotations

import os
from _signal import pidfd_send_signal
from errno import ENOSYS

from pyrunc.errors import NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 16384
_DEAD = ("Z", "X", "x")


def read_file(path: str) -> bytes:
    """The whole of a regular file, or of a procfs file of one record; OSError.

    open() would ask three times what kind of file it is, and read its end as well.
    """
    chunks = []
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks.append(os.read(fd, _CHUNK))
        while len(chunks[-1]) == _CHUNK:  # less is the end
            chunks.append(os.read(fd, _CHUNK))
    finally:
        os.close(fd)
    return b"".join(chunks)


def stat(pid: int) -> tuple[int, str] | None:
    """Start time (clock ticks since boot) and state letter of a process, None when it is gone.

    proc_pid_stat(5): the command in parentheses may hold anything, so count from its end.
    """
    try:
        data = read_file(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = data[data.rindex(b")") + 2:].split()
    return int(fields[19]), fields[0].decode()


def start_time(pid: int) -> int:
    """The start time of a process that lives; 0 when it is gone."""
    found = stat(pid)
    return found[0] if found else 0


def is_alive(pid: int, start: int) -> bool:
    """True when `pid` is the process that started at `start` and has not ended (STA-10)."""
    if pid <= 0:
        return False
    found = stat(pid)
    return found is not None and found[0] == start and found[1] not in _DEAD


def open_pidfd(pid: int, start: int) -> int:
    """A handle (close-on-exec, the caller's) of that very process, -1 if gone.

    A pidfd, or where the kernel has none (ENOSYS) a descriptor of /proc/PID, which like a pidfd
    never comes to mean another process. pidfd_open(2), proc(5).
    """
    if pid <= 0:
        return -1
    try:
        fd = _open(pid)
    except (FileNotFoundError, ProcessLookupError):
        return -1
    except OSError as error:
        raise NativeError(f"pidfd_open {pid}", error.errno or 0) from None
    if not is_alive(pid, start):  # checked after the open: a handle does not change its mind
        os.close(fd)
        return -1
    return fd


def _open(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno != ENOSYS:
            raise
    return os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def pidfds() -> bool:
    """False where the kernel (before 5.3), or a filter around us, has no pidfds."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return error.errno != ENOSYS
    return True


def is_directory(handle: int) -> bool:
    """True when a handle is a descriptor of /proc/PID, which poll(2) says nothing about."""
    return os.fstat(handle).st_mode & 0o170000 == 0o040000


def _number(handle: int) -> int:
    """The pid of a handle's process; ProcessLookupError when it is gone."""
    if not is_directory(handle):
        with open(f"/proc/self/fdinfo/{handle}", "rb", buffering=0) as file:
            for line in file.read().splitlines():
                if line.startswith(b"Pid:") and int(line[4:]) > 0:
                    return int(line[4:])
        raise ProcessLookupError
    fd = os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=handle)
    try:
        return int(os.read(fd, 32).split(b" ", 1)[0])
    finally:
        os.close(fd)


def send(pidfd: int, number: int) -> bool:
    """Sends a signal; False when the process has ended. pidfd_send_signal(2), else kill(2) right
    after a look at the handle.
    """
    try:
        _send(pidfd, number)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except OSError as error:
        raise NativeError(f"send signal {number}", error.errno or 0) from None
    return True


def _send(handle: int, number: int) -> None:
    try:
        pidfd_send_signal(handle, number)
    except OSError as error:
        if error.errno != ENOSYS:
            raise
        os.kill(_number(handle), number)


def with_process(pid: int, start: int, action: Callable[[int], bool]) -> bool:
    """Calls `action` with a pidfd of that process and closes it; False when the process is gone."""
    fd = open_pidfd(pid, start)
    if fd < 0:
        return False
    try:
        return action(fd)
    finally:
        os.close(fd)


def wait_exit(pidfd: int, timeout_ms: int) -> bool:
    """True as soon as the process has ended, False after `timeout_ms`. pidfd_open(2)."""
    from pyrunc import native

    return native.wait_exit(pidfd, timeout_ms)
