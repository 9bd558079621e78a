# SPDX-License-Identifier: Apache-2.0
"""Processes known by pid and start time, so that a pid used again is never taken for ours."""

from __future__ import annotations

import os
from _signal import pidfd_send_signal

from pyrunc.errors import NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_DEAD = ("Z", "X", "x")


def stat(pid: int) -> tuple[int, str] | None:
    """Start time (clock ticks since boot) and state letter of a process, None when it is gone.

    proc_pid_stat(5): the command in parentheses may hold anything, so count from its end.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            data = file.read()
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
    """A pidfd (close-on-exec, the caller's) of that very process, -1 if gone. pidfd_open(2)."""
    if pid <= 0:
        return -1
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
    except OSError as error:
        raise NativeError(f"pidfd_open {pid}", error.errno or 0) from None
    if not is_alive(pid, start):  # checked after the open: a pidfd does not change its mind
        os.close(fd)
        return -1
    return fd


def send(pidfd: int, number: int) -> bool:
    """Sends a signal; False when the process has ended. pidfd_send_signal(2)."""
    try:
        pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    except OSError as error:
        raise NativeError(f"send signal {number}", error.errno or 0) from None
    return True


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
    from select import POLLIN, poll

    poller = poll()
    poller.register(pidfd, POLLIN)
    return bool(poller.poll(timeout_ms))
