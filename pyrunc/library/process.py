# SPDX-License-Identifier: Apache-2.0
"""A process that exec started in a container, as the program that asked for it sees it."""

from __future__ import annotations

import os

from pyrunc.errors import StateError
from pyrunc.library.child import Child
from pyrunc.runtime import console, execute
from pyrunc.runtime.options import ExecOptions
from pyrunc.runtime.signal import signal_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.context import Context


class Process:
    """A process in a container, a child of this process. Made by `Container.exec`.

    `with` ends it (SIGKILL) if it still runs, and reaps it. Its Container reaps it too, whenever
    that is waited for or asked for its state, and ends it when it is deleted.
    """

    __slots__ = ("_child", "_maker")

    def __init__(self, child: Child) -> None:
        """Use `Container.exec`."""
        self._child = child
        self._maker = os.getpid()

    @property
    def pid(self) -> int:
        """The process id as this process sees it."""
        return self._child.pid

    @property
    def status(self) -> int | None:
        """What `wait` returns if the process has ended, None before. StateError as of `wait`."""
        return self._child.poll()

    @property
    def console(self) -> int:
        """The master of its terminal (closed by `close`), -1 without one."""
        return self._child.console

    def fileno(self) -> int:
        """A pidfd, readable once the process has ended: for select, selectors, asyncio. It stays
        this object's and is closed by `wait`. StateError when it is closed.
        """
        return self._child.fileno()

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end: the exit status, 128 + N when signal N ended it.

        timeout: seconds, WaitTimeoutError when they have passed. StateError when something else in
        this process took the status (os.wait, an ignored SIGCHLD), or in a forked child.
        """
        return self._child.wait(timeout)

    def kill(self, signal: int | str = "TERM") -> None:
        """Sends a signal (9, "KILL", signal.SIGKILL). StateError when the process has ended."""
        number = signal_number(str(signal if isinstance(signal, str) else int(signal)))
        if not self._child.send(number):
            raise StateError("process not running")

    def close(self) -> None:
        """Closes the console; the process goes on (without a terminal, which may end it)."""
        self._child.close_console()

    def end(self) -> None:
        """Kills the process if it still runs, reaps it, and closes the descriptors."""
        self._child.end()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_exc: object) -> None:
        if os.getpid() == self._maker:
            self.end()
        else:
            self._child.close()

    def __repr__(self) -> str:
        return f"<Process {self.pid}>"


class _Executing(execute.Executing):
    """Entering a container without touching what is this whole process's: signals, its terminal."""

    def _before_go(self) -> None:
        pass

    def _console(self, master: int) -> None:
        path = self.options.console_socket
        self.master = console.hand_over(master, path) if path else master


def enter(ctx: Context, container_id: str, options: ExecOptions) -> Child:
    """Executes what `options` say in the container; errors as of `runtime.execute.execute`."""
    executing = _Executing(ctx, *execute.prepare(ctx, container_id, options), options)
    child = executing.stage.child
    return Child(child.pid, child.pidfd, executing.master)
