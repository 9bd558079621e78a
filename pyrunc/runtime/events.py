# SPDX-License-Identifier: Apache-2.0
"""events: what the kernel counts for a container, and when it runs out of memory."""

from __future__ import annotations

import os
import time

from pyrunc.errors import StateError
from pyrunc.runtime import process, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyrunc.cgroups import Manager
    from pyrunc.runtime.context import Context


def stats(ctx: Context, container_id: str) -> dict[str, Any]:
    """One stats event; StateError when the container is stopped."""
    record = _running(ctx, container_id)
    return _stats(record, _manager(record))


def follow(ctx: Context, container_id: str, interval: float) -> Iterator[dict[str, Any]]:
    """A stats event every `interval` seconds and each OOM event as it happens, until the container
    has no process any more."""
    record = _running(ctx, container_id)
    manager = _manager(record)
    from pyrunc.cgroups import watch

    pidfd = process.open_pidfd(record.init_process_pid, record.init_process_start)
    watching = watch.Watch(manager, pidfd, record.init_process_pid)
    due = time.monotonic() + interval
    try:
        while True:
            happened = watching.wait(max(0, round((due - time.monotonic()) * 1000)))
            if watch.OOM in happened:
                yield {"type": "oom", "id": record.id}
            if watch.EMPTY in happened:
                return
            if time.monotonic() >= due:
                due += interval
                yield _stats(record, manager)
    finally:
        watching.close()
        if pidfd >= 0:
            os.close(pidfd)


def _running(ctx: Context, container_id: str) -> state.State:
    record = state.load(ctx, container_id)
    if record.status() == "stopped":
        raise StateError(f"container with id {container_id} is not running")
    return record


def _manager(record: state.State) -> Manager:
    from pyrunc import cgroups

    if not record.cgroup_paths:
        raise StateError("cgroup not exist: the container was made without one")
    return cgroups.from_state(record.members())


def _stats(record: state.State, manager: Manager) -> dict[str, Any]:
    return {"type": "stats", "id": record.id, "data": manager.stats()}
