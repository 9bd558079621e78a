# SPDX-License-Identifier: Apache-2.0
"""The container's cgroups on v1 and hybrid hosts: one directory in each hierarchy."""

from __future__ import annotations

from . import calls
from .manager import Manager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .writes import Write


class ManagerV1(Manager):
    """Joins every controller that is mounted and every named hierarchy; others are left out."""

    version = 1

    def _freezer(self) -> calls.Group | None:
        return self.groups.get("freezer")

    def _make(self) -> None:
        super()._make()
        cpuset = self.groups.get("cpuset")
        if cpuset:
            calls.fill_cpuset(cpuset)

    def apply(self, resources: dict[str, Any] | None) -> None:
        """See Manager.apply. To be called before a process is in the cgroup (CPU-9)."""
        from . import v1_values, writes

        wanted = v1_values.writes(resources) if resources else []
        wanted += self.device_writes(resources)
        if wanted:
            writes.perform(wanted, self._group_of)

    def device_writes(self, resources: dict[str, Any] | None) -> list[Write]:
        """The device rules as writes; a rootless caller may not set any, nor needs to: it cannot
        make device nodes."""
        from . import devices

        group = self.groups.get("devices")
        if self.rootless or (resources is None and not (group and group.made)):
            return []
        rules = (resources or {}).get("devices") or []
        if group is None and not rules:
            return []
        return devices.v1_writes(devices.rules_of(rules))

    def _group_of(self, write: Write) -> calls.Group:
        group = self.groups.get(write.controller)
        if group is None:
            raise self._without(write)
        return group
