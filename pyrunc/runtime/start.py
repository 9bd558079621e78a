# SPDX-License-Identifier: Apache-2.0
"""start: lets the created container's first process execute the program."""

from __future__ import annotations

import os

from pyrunc import jsonio, native
from pyrunc.errors import NativeError, PyruncError, StateError, errno_text
from pyrunc.plan import explain
from pyrunc.runtime import delete, notify, process, state
from pyrunc.runtime.hooks import run_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.context import Context

_WRONG_STATUS = {
    "stopped": "cannot start a container that has stopped",
    "running": "cannot start an already running container",
    "paused": "cannot start an already running container",
    "creating": "cannot start a container that is being created",
}


def start(ctx: Context, container_id: str) -> None:
    """Executes the program and runs the poststart hooks.

    StateError unless the container is created (OPS-T2); when a startContainer or poststart hook
    fails the container is stopped and undone (LIF-2, LIF-3).
    """
    record = _created(ctx, container_id)
    pidfd = process.open_pidfd(record.init_process_pid, record.init_process_start)
    if pidfd < 0:
        raise StateError(_WRONG_STATUS["stopped"])
    try:
        with state.Lock(record.path):
            record = _created(ctx, container_id)  # another start may have been quicker
            listener = notify.listen(record)
            _release(ctx, record, pidfd)
            run_poststart(ctx, record)
        notify.forward(listener, record.init_process_pid, pidfd)
    finally:
        os.close(pidfd)


def _created(ctx: Context, container_id: str) -> state.State:
    record = state.load(ctx, container_id)
    status = record.status()
    if status != "created":
        raise StateError(_WRONG_STATUS[status])
    return record


def _release(ctx: Context, record: state.State, pidfd: int) -> None:
    dirfd = os.open(record.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        message = native.start(dirfd, pidfd)
    except native.Failure as failure:
        if failure.step == explain.STEP["DEAD"]:
            raise StateError(_WRONG_STATUS["stopped"]) from None
        raise NativeError(f"start: {explain.step_text(failure.step)}", failure.errno or 0) from None
    finally:
        os.close(dirfd)
    if message is not None:
        reason = _reason(record, message)
        abort(ctx, record)
        raise PyruncError(reason)
    os.unlink(f"{record.path}/{state.FIFO}")


def failed(ctx: Context, container_id: str, message: native.Message) -> None:
    """Undoes the container whose start the front door began and the stage ended with `message`."""
    record = state.load(ctx, container_id)
    with state.Lock(record.path):
        reason = _reason(record, message)
        abort(ctx, record)
    raise PyruncError(reason)


def _reason(record: state.State, message: native.Message) -> str:
    """What the stage reported after create's plan was gone: only hooks, the filter and execve are
    left.
    """
    if explain.STEPS[message.step][0] in ("HOOK_EXIT", "HOOK_TIMEOUT", "EXEC"):
        reason = explain.hook_reason(message.step, message.errnum, message.detail)
        text = f"error running startContainer hook #{message.value}: {reason}"
    else:
        text = f"{explain.step_text(message.step)}: {errno_text(message.errnum)}"
    return f"unable to start container {record.id}: {text}"


def run_poststart(ctx: Context, record: state.State) -> None:
    """Runs the poststart hooks; the first failure stops and undoes the container (LIF-3)."""
    if "poststart" not in record.hooks:
        return
    data = jsonio.dumps({**record.document("running"), "pid": record.init_process_pid}).encode()
    try:
        run_hooks(ctx, "poststart", record.config()["hooks"]["poststart"], data, cwd=record.bundle)
    except PyruncError:
        abort(ctx, record)
        raise


def abort(ctx: Context, record: state.State) -> None:
    """Ends the container, undoes it and runs poststop: the lifecycle goes on at step 12."""
    try:
        delete.end(record)
        delete.destroy(ctx, record)
    except PyruncError as error:
        ctx.warn(f"clean up after the failed start: {error}")
