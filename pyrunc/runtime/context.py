# SPDX-License-Identifier: Apache-2.0
"""What every verb is told by the global flags: where containers live and how cgroups are
managed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Context:
    """The global flags, made once by `cli` (or by the library) and only read afterwards.

    root: absolute path of the state directory. systemd_cgroup: use the systemd driver.
    rootless: None = find out, else forced. cgroup_manager: "cgroupfs", "systemd" or "disabled".
    debug, warn: take one line each; the default drops debug lines and warnings.
    """

    __slots__ = ("cgroup_manager", "debug", "root", "rootless", "systemd_cgroup", "warn")

    def __init__(
        self,
        root: str,
        *,
        systemd_cgroup: bool = False,
        rootless: bool | None = None,
        cgroup_manager: str = "cgroupfs",
        debug: Callable[[str], None] | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.root = root
        self.systemd_cgroup = systemd_cgroup
        self.rootless = rootless
        self.cgroup_manager = "systemd" if systemd_cgroup else cgroup_manager
        self.debug = debug or _drop
        self.warn = warn or _drop


def _drop(_line: str) -> None:
    pass
