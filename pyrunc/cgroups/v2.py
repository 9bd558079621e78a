# SPDX-License-Identifier: Apache-2.0
"""The container's cgroup on v2: one directory, its controllers enabled along the path."""

from __future__ import annotations

import os
from errno import EBUSY

from pyrunc.errors import ConfigError, NativeError, StateError, errno_text

from . import calls
from .hierarchies import UNIFIED
from .manager import Manager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .writes import Write

# These cannot be set in a group that is threaded or whose domain is invalid (CONV-3).
_DOMAIN_CONTROLLERS = ("memory", "io", "hugetlb", "cpu")


class ManagerV2(Manager):
    """One group for all controllers."""

    version = 2
    _refused = 0  # errno of the last refusal to enable controllers

    def _freezer(self) -> calls.Group | None:
        return self.groups.get(UNIFIED)

    def _make(self) -> None:
        super()._make()
        group = self.groups.get(UNIFIED)
        if group:
            self._enable(group)
            self._check_type(group)

    def _check_type(self, group: calls.Group) -> None:
        """A process can be put into a domain only (cgroups(7), "Creating a threaded subtree")."""
        kind = calls.read(group, "cgroup.type").strip()
        if kind == "domain invalid":
            raise StateError(f"cgroup {group.full} is in {kind!r} mode: a cgroup above it has "
                             "threaded children, no process can be put into it")

    def _enable(self, group: calls.Group) -> None:
        """Enables every controller along the path, each as far down as it is offered (UNI-2).

        What is refused here is told by apply() when it is needed.
        """
        parts = group.path.split("/")
        for depth in range(len(parts)):
            above = calls.Group(group.mountpoint, "/".join(parts[:depth]), 2)
            offered = calls.read(above, "cgroup.controllers").split()
            enabled = calls.read(above, "cgroup.subtree_control").split()
            wanted = [f"+{name}" for name in offered if name not in enabled]
            control = (above, "cgroup.subtree_control")
            failed = calls.write([(*control, " ".join(wanted))]) if wanted else None
            self._refused = failed[1] if failed else 0
            if not failed or failed[1] == EBUSY:
                # EBUSY: processes are in it. cpu and pids alone would go, but make what is below a
                # part of a threaded tree, where the container's process cannot be put.
                continue
            for word in wanted:  # one that cannot be enabled must not keep the others out
                calls.write([(*control, word)])

    def writes(self, resources: dict[str, Any]) -> list[Write]:
        """See Manager.writes."""
        from . import v2_values

        return v2_values.writes(resources)

    def check_before(self, changes: dict[str, Any], wanted: Sequence[Write]) -> None:
        """See Manager.check_before."""
        if wanted:
            self._check_offered(wanted)
            self._check_usage(changes.get("memory") or {})

    def group_of(self, write: Write) -> calls.Group:
        """See Manager.group_of."""
        group = self.groups.get(UNIFIED)
        if group is None:
            raise self._without(write)
        return group

    def _check_offered(self, wanted: Sequence[Write]) -> None:
        """An error for the first write whose controller is not there, naming both (UNI-4)."""
        group = self.group_of(wanted[0])
        offered = set(calls.read(group, "cgroup.controllers").split())
        for write in wanted:
            if write.controller in offered or write.controller not in _known_controllers(group):
                continue
            kind = calls.read(group, "cgroup.type").strip()
            if kind != "domain" and write.controller in _DOMAIN_CONTROLLERS:
                raise ConfigError(f"{write.field}: cgroup {group.full} is in {kind!r} mode, in "
                                  f"which the {write.controller} controller cannot be used")
            raise self._not_offered(write, group)

    def _not_offered(self, write: Write, group: calls.Group) -> ConfigError:
        above = calls.Group(group.mountpoint, group.path.rpartition("/")[0], 2)
        if write.controller not in calls.read(above, "cgroup.controllers").split():
            top = calls.Group(group.mountpoint, "", 2)
            if write.controller not in calls.read(top, "cgroup.controllers").split():
                return self._without(write)
            return ConfigError(f"{write.field}: the {write.controller} cgroup controller was not "
                               f"delegated to {above.full} (in a user's session systemd does so "
                               "by Delegate= of user@.service)")
        reason = f": {errno_text(self._refused)}" if self._refused else ""
        return ConfigError(f"{write.field}: the {write.controller} cgroup controller cannot be "
                           f"enabled in {above.full}/cgroup.subtree_control{reason}")

    def _check_usage(self, memory: dict[str, Any]) -> None:
        """MEM-8: with checkBeforeUpdate a limit that is used up already is refused."""
        if not memory.get("checkBeforeUpdate"):
            return
        try:
            used = int(calls.read(self.groups[UNIFIED], "memory.current"))
        except NativeError:
            return  # nobody can say what is used
        for name in ("limit", "swap"):
            limit = memory.get(name) or 0
            if 0 < limit <= used:
                raise ConfigError(f"linux.resources.memory.{name}: {limit} is not above the {used} "
                                  "bytes that are in use (checkBeforeUpdate)")

    def apply_devices(self, resources: dict[str, Any] | None) -> None:
        """Loads the device program and puts it in the place of the one before (CGD-8)."""
        group = self.groups.get(UNIFIED)
        if group is None or (resources is None and not group.made):
            return
        from . import device_program, devices

        rules = devices.rules_of((resources or {}).get("devices") or [])
        try:
            prog_fd = calls.load_device_program(device_program.program(rules))
        except NativeError as error:
            if self.rootless:
                return  # a rootless caller cannot make device nodes anyway
            raise NativeError(f"{devices.FIELD}: {error.tried}", error.errno or 0,
                              "the kernel needs CONFIG_CGROUP_BPF, the caller CAP_BPF") from None
        try:
            calls.attach_device_program(group, prog_fd)
        finally:
            os.close(prog_fd)

    def spawn_fd(self) -> int:
        """See Manager.spawn_fd; -1 only when there is no cgroup at all (rootless)."""
        group = self.groups.get(UNIFIED)
        return calls.open_at(group, "", os.O_PATH | os.O_DIRECTORY) if group else -1

    def delegate(self, uid: int) -> None:
        """See Manager.delegate."""
        from .delegate import delegate

        group = self.groups.get(UNIFIED)
        if group:
            delegate(group, uid)

    def join_fds(self) -> list[int]:
        """None are needed: the process starts in the cgroup."""
        return []


def _known_controllers(group: calls.Group) -> set[str]:
    """The names that are controllers, offered here or not; "cgroup" in cgroup.procs is none."""
    root = calls.Group(group.mountpoint, "", 2)
    return {"cpu", "cpuset", "io", "memory", "pids", "rdma", "hugetlb", "misc",
            *calls.read(root, "cgroup.controllers").split()}
