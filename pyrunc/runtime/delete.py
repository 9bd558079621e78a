# SPDX-License-Identifier: Apache-2.0
"""delete: undo what create did, then run the poststop hooks."""

from __future__ import annotations

import os

from pyrunc import jsonio
from pyrunc.errors import NotFoundError, PyruncError, StateError, errno_text
from pyrunc.runtime import process, state
from pyrunc.runtime.signal import SIGKILL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyrunc.runtime.context import Context

KILL_TIMEOUT_MS = 10_000
_ENOTEMPTY = 39
_ROUNDS = 4
_LAST = {state.STATE: 1, state.LOCK: 2}


def delete(ctx: Context, container_id: str, *, force: bool = False) -> None:
    """Removes a stopped or created container; with `force` any one, or none.

    StateError when it runs and may not be killed (OPS-D2). A half-made container (its creator died)
    counts as stopped. With `force` the processes are killed before the lock is asked for: a create
    that still holds it fails then, undoes itself and lets go.
    """
    try:
        record = state.load(ctx, container_id)
        if force:
            end(record)
        with state.Lock(record.path):
            status = record.status()
            if status == "created":
                end(record)
            elif status != "stopped":
                raise StateError(
                    f"cannot delete container {container_id} that is not stopped: {status}")
            destroy(ctx, record)
    except NotFoundError:
        path = state.directory(ctx, container_id)
        if not force:
            raise
        if os.path.isdir(path):
            remove_tree(path)


def end(record: state.State) -> None:
    """Kills the container, waits until its first process has ended; StateError if it does not."""
    status = record.status()
    if status == "creating" and record.cgroup_paths:  # the pid is not known yet
        _manager(record).kill(SIGKILL)
    elif status != "stopped":
        process.with_process(record.init_process_pid, record.init_process_start,
                             lambda fd: _kill_and_wait(record, fd, status == "paused"))


def _kill_and_wait(record: state.State, pidfd: int, paused: bool) -> bool:
    process.send(pidfd, SIGKILL)
    if paused:
        _manager(record).freeze(False)
    if not process.wait_exit(pidfd, KILL_TIMEOUT_MS):
        raise StateError("container init still running")
    return True


def _manager(record: state.State) -> Any:
    from pyrunc import cgroups

    return cgroups.from_state(record.members())


def destroy(ctx: Context, record: state.State) -> None:
    """Removes cgroup and state directory of a dead container, then runs the poststop hooks.

    Lifecycle steps 12 and 13; used by delete, and by create and run when they fail.
    """
    if record.cgroup_paths:
        manager = _manager(record)
        if manager.pids(recursive=True):  # those who outlived the first process
            manager.kill(SIGKILL)
        manager.remove()
    if record.intel_rdt:
        from pyrunc.runtime import resctrl

        resctrl.remove(record.intel_rdt)
    hooks = _poststop_hooks(ctx, record)
    document = jsonio.dumps(record.document("stopped")).encode()
    remove_tree(record.path)
    if hooks:
        from pyrunc.runtime.hooks import run_hooks

        run_hooks(ctx, "poststop", hooks, document, cwd=record.bundle)


def _poststop_hooks(ctx: Context, record: state.State) -> list[Any]:
    if "poststop" not in record.hooks:
        return []
    try:
        found = record.config().get("hooks", {}).get("poststop") or []
    except (OSError, PyruncError) as error:
        ctx.warn(f"poststop hooks cannot be run: {error}")
        return []
    return list(found)


def remove_tree(path: str) -> None:
    """Removes the state directory; what others removed meanwhile does not matter. PyruncError.

    As long as state.json is there, so is the lock: nobody works on a container that goes away.
    """
    for left in reversed(range(_ROUNDS)):
        try:
            for entry in sorted(os.scandir(path), key=lambda entry: _LAST.get(entry.name, 0)):
                if entry.is_dir(follow_symlinks=False):
                    remove_tree(entry.path)
                else:
                    _gone(os.unlink, entry.path)
            _gone(os.rmdir, path)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno == _ENOTEMPTY and left:
                continue  # one who asked for the lock made it anew
            raise PyruncError(f"remove {path}: {errno_text(error.errno or 0)}") from None


def _gone(remove: Callable[[str], None], path: str) -> None:
    try:
        remove(path)
    except FileNotFoundError:
        pass
