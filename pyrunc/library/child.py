# SPDX-License-Identifier: Apache-2.0
"""A process this one started: waited for, signalled and reaped, from any thread."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from errno import EINVAL

from pyrunc.errors import StateError, WaitTimeoutError
from pyrunc.runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOK_S = 0.02  # how often to look at a process that cannot be polled
_SIGKILL = 9


class Child:
    """One process with its pidfd, which is closed as soon as its exit status is known, and the
    master of its terminal (`console`, -1 without one).

    Its status is there once, for its parent: when something else in this process waits for any
    child (or SIGCHLD is ignored), it is lost.
    """

    __slots__ = ("_lock", "_pidfd", "console", "pid", "status")

    def __init__(self, pid: int, pidfd: int, console: int = -1) -> None:
        self.pid = pid
        self.console = console
        self.status: int | None = None
        self._pidfd = pidfd
        self._lock = allocate_lock()

    def fileno(self) -> int:
        """The pidfd, readable once the process has ended; StateError when it is closed."""
        if self._pidfd < 0:
            raise self._gone()
        return self._pidfd

    def handle(self) -> int:
        """A copy of the pidfd (the caller's); StateError when it is closed."""
        with self._lock:
            return os.dup(self.fileno())

    def poll(self) -> int | None:
        """The exit status (128 + N when signal N ended it), None while the process lives.

        StateError when it is not this process's child, or its status was taken.
        """
        with self._lock:
            return self._take()

    def wait(self, timeout: float | None = None) -> int:
        """The exit status; WaitTimeoutError after `timeout` seconds, StateError as of `poll`."""
        end = deadline(timeout)
        while (status := self.poll()) is None:
            try:
                handle = self.handle()
            except StateError:
                continue  # another thread has reaped it in this moment: poll() knows
            if not one_ended([handle], end):
                raise self.late(timeout)
        return status

    def late(self, timeout: float | None) -> WaitTimeoutError:
        """The exception for a process that did not end in time."""
        return WaitTimeoutError(f"process {self.pid} has not ended within {timeout or 0:g} s")

    def send(self, number: int) -> bool:
        """Sends a signal; False when the process has ended."""
        with self._lock:
            return self._pidfd >= 0 and process.send(self._pidfd, number)

    def end(self) -> None:
        """Kills and reaps it, as far as that is still to do, and closes everything."""
        self.send(_SIGKILL)
        try:
            self.wait()
        except StateError:
            pass  # not ours, or reaped by another
        self.close()

    def close_console(self) -> None:
        """Closes the terminal's master."""
        with self._lock:
            if self.console >= 0:
                os.close(self.console)
                self.console = -1

    def close(self) -> None:
        """Closes the descriptors; an end that has come is taken note of: no zombie stays."""
        self.close_console()
        with self._lock:
            try:
                self._take()
            except StateError:
                pass
            self._close()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, TypeError):
            pass  # half made, or the interpreter is about to end

    def _close(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    def _gone(self) -> StateError:
        return StateError(
            f"process {self.pid} is not for this process to wait for: its status goes to its "
            "parent, once"
        )

    def _take(self) -> int | None:
        """waitid(2) without waiting."""
        if self.status is not None:
            return self.status
        try:
            result = self._waitid()
        except ChildProcessError:
            raise self._gone() from None
        if result is None:
            return None
        code = result.si_status
        self.status = code if result.si_code == os.CLD_EXITED else 128 + code
        self._close()
        return self.status

    def _waitid(self) -> os.waitid_result | None:
        how = os.WEXITED | os.WNOHANG
        try:
            if not process.is_directory(self.fileno()):
                return os.waitid(os.P_PIDFD, self._pidfd, how)
        except OSError as error:
            if error.errno != EINVAL:  # pidfds, but not here: before 5.4
                raise
        return os.waitid(os.P_PID, self.pid, how)


def deadline(timeout: float | None) -> float | None:
    """`timeout` seconds from now by time.monotonic, None for never."""
    return None if timeout is None else time.monotonic() + timeout


def one_ended(fds: Sequence[int], end: float | None) -> bool:
    """True as soon as one of the handles is readable, False at `end` (see `deadline`).

    Takes over the handles. Signals of this process are handled meanwhile. pidfd_open(2).
    """
    from select import POLLIN, poll

    try:
        looked_at = [fd for fd in fds if process.is_directory(fd)]
        poller = poll()
        for fd in fds:
            if fd not in looked_at:
                poller.register(fd, POLLIN)
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            if looked_at:
                left = _LOOK_S if left is None else min(_LOOK_S, left)
            if poller.poll(None if left is None else left * 1000):
                return True
            if any(process.wait_exit(fd, 0) for fd in looked_at):
                return True
            if end is not None and time.monotonic() >= end:
                return False
    finally:
        for fd in fds:
            os.close(fd)
