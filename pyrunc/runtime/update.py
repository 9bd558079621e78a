# SPDX-License-Identifier: Apache-2.0
"""update: new resource limits for a container that lives."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.errors import StateError
from pyrunc.runtime import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.cgroups import Manager
    from pyrunc.config.types import IntelRdt
    from pyrunc.runtime.context import Context
    from pyrunc.runtime.resctrl_update import Change


def update(ctx: Context, container_id: str, resources: dict[str, Any],
           schemas: IntelRdt | None = None) -> None:
    """Sets what `resources` (like linux.resources) and `schemas` hold; the rest stays as it is.

    `devices` replaces all device rules, with the default ones behind them as at create; rules that
    are in force already change nothing. On failure the old values are set again. StateError when
    the container is stopped, ConfigError for values that cannot be. The snapshot of the config is
    rewritten, so that the next update starts from here.
    """
    changes = checked(resources)
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
        schemata = _schemata(record, schemas, manager) if schemas else None
        try:
            linux["resources"] = manager.update(linux.get("resources") or {}, changes)
        except BaseException:
            if schemata:
                schemata.undo()
            raise
        if schemas:
            linux["intelRdt"] = {**(linux.get("intelRdt") or {}), **schemas}
        data = jsonio.dumps(config).encode()
        state.replace_file(f"{record.path}/{state.CONFIG}", data, 0o600)


def _schemata(record: state.State, schemas: IntelRdt, manager: Manager) -> Change:
    from pyrunc.runtime.resctrl_update import Change

    change = Change(record, schemas, manager.pids)
    change.make()
    return change


def checked(resources: dict[str, Any]) -> dict[str, Any]:
    """The resources as the config's rules take them; ConfigError names what they refuse."""
    from pyrunc.config.validate import load_resources

    return dict(load_resources(jsonio.dumps(resources).encode()))
