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

    def writes(self, resources: dict[str, Any]) -> list[Write]:
        """See Manager.writes."""
        from . import v1_values

        return v1_values.writes(resources)

    def apply_devices(self, resources: dict[str, Any] | None) -> None:
        """See Manager.apply_devices."""
        group = self.groups.get("devices")
        if self.rootless or (resources is None and not (group and group.made)):
            return
        rules = (resources or {}).get("devices") or []
        if group or rules:
            from . import devices
            from .writes import perform

            perform(devices.v1_writes(devices.rules_of(rules)), self.group_of)

    def group_of(self, write: Write) -> calls.Group:
        """See Manager.group_of."""
        group = self.groups.get(write.controller)
        if group is None:
            raise self._without(write)
        return group
