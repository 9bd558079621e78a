# SPDX-License-Identifier: Apache-2.0
"""pause and resume: the cgroup freezer."""

from __future__ import annotations

from pyrunc.errors import StateError
from pyrunc.runtime import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.context import Context


def pause(ctx: Context, container_id: str) -> None:
    """Suspends all processes; StateError unless the container is created or running."""
    record = state.load(ctx, container_id)
    with state.Lock(record.path):
        if record.status() not in ("created", "running"):
            raise StateError("container not running")
        _freeze(record, True)


def resume(ctx: Context, container_id: str) -> None:
    """Lets them go on; StateError unless the container is paused."""
    record = state.load(ctx, container_id)
    with state.Lock(record.path):
        if record.status() != "paused":
            raise StateError("container not paused")
        _freeze(record, False)


def _freeze(record: state.State, frozen: bool) -> None:
    from pyrunc import cgroups

    if not record.cgroup_paths:
        raise StateError("cgroup not exist: the container was made without one")
    cgroups.from_state(record.members()).freeze(frozen)
