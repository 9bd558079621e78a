# SPDX-License-Identifier: Apache-2.0
"""update: new resource limits for a container that lives."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.errors import StateError
from pyrunc.runtime import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.runtime.context import Context


def update(ctx: Context, container_id: str, resources: dict[str, Any]) -> None:
    """Sets what `resources` (like linux.resources) holds; the rest stays as it is.

    On failure the old values are set again. Device rules are never updated (as in runc: engines
    send them along). StateError when the container is stopped, ConfigError for values that cannot
    be. The snapshot of the config is rewritten, so that the next update starts from here.
    """
    changes = checked(resources)
    if changes.pop("devices", None):
        ctx.debug("update: device rules stay as they are")
    record = state.load(ctx, container_id)
    with state.Lock(record.path):
        if record.status() == "stopped":
            raise StateError("container not running")
        if not record.cgroup_paths:
            raise StateError("cgroup not exist: the container was made without one")
        from pyrunc import cgroups

        config = record.config()
        linux = config.setdefault("linux", {})
        manager = cgroups.from_state(record.members())
        linux["resources"] = manager.update(linux.get("resources") or {}, changes)
        data = jsonio.dumps(config).encode()
        state.replace_file(f"{record.path}/{state.CONFIG}", data, 0o600)


def checked(resources: dict[str, Any]) -> dict[str, Any]:
    """The resources as the config's rules take them; ConfigError names what they refuse."""
    from pyrunc.config.validate import load_resources

    return dict(load_resources(jsonio.dumps(resources).encode()))
