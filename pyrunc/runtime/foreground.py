# SPDX-License-Identifier: Apache-2.0
"""The foreground: waits for the program of run and exec, if possible as the front door, which
weighs next to nothing (csrc/door_foreground.c).
"""

from __future__ import annotations

import os
from _signal import (
    SIG_BLOCK,
    pthread_sigmask,
    valid_signals,
)

from pyrunc import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.runtime.context import Context

    Doomed = tuple[str, str]  # root and id of the container to delete at the end

NOTHING: Doomed = ("", "")
_NO_MASTER = 0  # standard input is never the terminal's other end


def hold_signals() -> None:
    """From here on signals are the program's: they wait until the relay can pass them on. Blocked
    and pending signals outlast execve(2)."""
    pthread_sigmask(SIG_BLOCK, valid_signals())


def wait(child: native.Child, master: int, door: Sequence[str], doomed: Doomed) -> int:
    """Waits for the program, passes signals on, carries the terminal's bytes (master, or -1).

    door: its path and the command line as it was called; this process becomes it and does not
    return. It deletes `doomed`, or has Python do so (`ended`). Without a door, or when it cannot be
    executed, returns the exit status, and the deletion is left to the caller. Child and master are
    closed. OSError.
    """
    try:
        if door:
            _leave(child, master, door, doomed)
        return native.relay(child.pid, child.pidfd, master)
    finally:
        if master >= 0:
            os.close(master)
        child.close()


def _leave(child: native.Child, master: int, door: Sequence[str], doomed: Doomed) -> None:
    """execve(2); returns when that failed."""
    path, name, *args = door
    numbers = [str(n) for n in (child.pid, child.pidfd, master if master >= 0 else _NO_MASTER)]
    kept = [fd for fd in (child.pidfd, master) if fd >= 0]
    for fd in kept:
        os.set_inheritable(fd, True)
    try:
        os.execv(path, [name, "foreground", *numbers, *doomed, *args])
    except OSError:
        for fd in kept:
            os.set_inheritable(fd, False)


def ended(ctx: Context, container_id: str, told: str) -> int:
    """Does what the front door left to do after the program's end; returns the exit status.

    told: "STATUS:PID"; a negative status is the errno with which the relay failed. container_id is
    "" when there is nothing to delete. OSError, PyruncError.
    """
    status, _, pid = told.partition(":")
    if int(status) < 0:
        raise OSError(-int(status), os.strerror(-int(status)))
    if container_id:
        remove(ctx, container_id, int(pid))
    return int(status)


def remove(ctx: Context, container_id: str, pid: int) -> None:
    """Deletes the stopped container whose first process was `pid`. PyruncError.

    Another delete may have been quicker, and a new container may have the id: nothing is done then.
    """
    from pyrunc.errors import NotFoundError
    from pyrunc.runtime import delete, state

    try:
        with state.Lock(state.directory(ctx, container_id)):
            record = state.load(ctx, container_id)
            if record.init_process_pid == pid and record.status() == "stopped":
                delete.destroy(ctx, record)
    except NotFoundError:
        pass
