# SPDX-License-Identifier: Apache-2.0
"""Control groups behind one interface, whether the host has v1, hybrid or v2 ones."""

from __future__ import annotations

from . import calls, paths
from .hierarchies import CGROUP_ROOT, UNIFIED, Layout, detect
from .manager import Manager, groups_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Layout", "Manager", "detect", "from_state", "open_manager"]


def _manager_class(version: int) -> type[Manager]:
    """Only the module of the host's version is read."""
    if version == 2:
        from .v2 import ManagerV2

        return ManagerV2
    from .v1 import ManagerV1

    return ManagerV1


def open_manager(
    cgroups_path: str | None,
    container_id: str,
    *,
    driver: str = "cgroupfs",
    rootless: bool = False,
    layout: Layout | None = None,
    annotations: dict[str, str] | None = None,
    bus_address: str = "",
) -> Manager:
    """The manager of a new container; touches nothing yet.

    cgroups_path: linux.cgroupsPath. driver: "cgroupfs", "systemd" or "disabled" (a manager without
    groups). layout: the hierarchies to use instead of the host's. annotations (the config's) and
    bus_address (of a bus to use instead of the system's or the user's) matter to systemd only.
    ConfigError for a path that cannot be.
    """
    if driver == "disabled":
        return _manager_class(2)({}, rootless=True, chosen=False)
    layout = layout or detect()
    if driver == "systemd":
        return _open_systemd(cgroups_path or "", container_id, layout, rootless=rootless,
                             annotations=annotations, bus_address=bus_address)
    groups: dict[str, calls.Group] = {}
    for name, mount in layout.mounts.items():
        path = paths.place(cgroups_path or "", container_id, version=layout.version,
                           own_path=lambda name=name: layout.own_path(name),  # type: ignore[misc]
                           delegated=rootless)
        groups[name] = calls.Group(mount.mountpoint, path, layout.version)
    manager = _manager_class(layout.version)(groups, rootless=rootless, chosen=bool(cgroups_path))
    manager.layout = layout
    calls.find_missing(list(groups.values()))
    return manager


def _open_systemd(cgroups_path: str, container_id: str, layout: Layout, *, rootless: bool,
                  annotations: dict[str, str] | None, bus_address: str) -> Manager:
    from . import systemd

    parent, unit, path = systemd.place(cgroups_path, container_id, layout, user=rootless,
                                       address=bus_address)
    groups = {name: calls.Group(mount.mountpoint, path, layout.version)
              for name, mount in layout.mounts.items()}
    calls.find_missing(list(groups.values()))
    inner = _manager_class(layout.version)(groups, rootless=rootless)
    manager = systemd.ManagerSystemd(inner, parent, unit, user=rootless, address=bus_address,
                                     annotations=annotations)
    manager.layout = layout
    return manager


def from_state(state: dict[str, Any]) -> Manager:
    """The manager of an existing container from the members of its state.json.

    `cgroup` is what Manager.record() gave; a state without it (another runtime's) has
    `cgroup_paths`, of which the last directory counts as the container's own.
    """
    record = state.get("cgroup")
    if record:
        version = record["version"]
        manager = _manager_class(version)(groups_of(record, version),
                                          rootless=bool(record.get("rootless")))
        if "unit" not in record:
            return manager
        from .systemd import ManagerSystemd

        return ManagerSystemd(manager, record["slice"], record["unit"], user=record["user"],
                              address=record["address"])
    found: dict[str, str] = state.get("cgroup_paths") or {}
    version = 2 if UNIFIED in found or not found else 1
    layout = detect() if found else Layout(2, {})
    groups = {}
    for name, full in found.items():
        mount = layout.mounts.get(name)
        top = mount.mountpoint if mount else CGROUP_ROOT
        if full.startswith(top + "/"):
            groups[name] = calls.Group(top, full[len(top) + 1:], version, made=1)
    return _manager_class(version)(groups, rootless=bool(state.get("rootless")))
