# SPDX-License-Identifier: Apache-2.0
"""update: new resource limits for a container that lives."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.errors import ConfigError, PyruncError, StateError
from pyrunc.runtime import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.runtime.context import Context

# The kernel sets these two by one write on v2, so the one not given keeps its old value.
_CPU_PAIR = ("period", "quota")


def update(ctx: Context, container_id: str, resources: dict[str, Any]) -> None:
    """Sets what `resources` (like linux.resources) holds; the rest stays as it is.

    On failure the old values are set again. Devices cannot be updated. StateError when the
    container is stopped, ConfigError for values that cannot be.
    """
    if resources.get("devices"):
        raise ConfigError("linux.resources.devices: device rules cannot be updated")
    record = state.load(ctx, container_id)
    with state.Lock(record.path):
        if record.status() == "stopped":
            raise StateError("container not running")
        config = record.config()
        linux = config.setdefault("linux", {})
        old = linux.get("resources") or {}
        # The device rules are written anew with every apply, so they come along unchanged.
        rules = {"devices": old.get("devices") or []}
        _apply(ctx, record, old, {**complete(old, resources), **rules})
        linux["resources"] = merge(old, resources)
        state.replace_file(f"{record.path}/{state.CONFIG}", jsonio.dumps(config).encode(), 0o600)


def _apply(ctx: Context, record: state.State, old: dict[str, Any], new: dict[str, Any]) -> None:
    from pyrunc import cgroups

    if not record.cgroup_paths:
        raise StateError("cgroup not exist: the container was made without one")
    manager = cgroups.from_state(record.members())
    try:
        manager.apply(new)
    except PyruncError:
        again = {group: value for group, value in old.items() if group in new}
        try:
            manager.apply(again)
        except PyruncError as error:
            ctx.warn(f"the old limits could not be set again: {error}")
        raise


def complete(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`new` with what must be set together with it."""
    cpu = dict(new.get("cpu") or {})
    given = [name for name in _CPU_PAIR if name in cpu]
    if len(given) == 1:
        for name in _CPU_PAIR:
            value = (old.get("cpu") or {}).get(name)
            if value is not None:
                cpu.setdefault(name, value)
        new = {**new, "cpu": cpu}
    memory = new.get("memory") or {}
    if memory.get("limit") == -1 and not memory.get("swap"):
        new = {**new, "memory": {**memory, "swap": -1}}
    return new


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with the members of `new` in place of its own, two levels deep."""
    merged = dict(old)
    for group, value in new.items():
        if isinstance(value, dict) and isinstance(merged.get(group), dict):
            merged[group] = {**merged[group], **value}
        else:
            merged[group] = value
    return merged
