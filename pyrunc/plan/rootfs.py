# SPDX-License-Identifier: Apache-2.0
"""Ops for the root filesystem: propagation, mounts, /dev, hooks before the switch, the switch,
masks.
"""

from __future__ import annotations

from pyrunc.config.grammar import sysctl_path
from pyrunc.plan import hooks, ops
from pyrunc.plan.devices import add_devices
from pyrunc.plan.mounts import add_mounts, clean
from pyrunc.tables.mounts import MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config
    from pyrunc.plan.facts import Facts

# Descriptors in one message (PR_MSG_FDS_MAX), and how many the root and v1's cgroup view need at
# most.
SOURCES_MAX = 250
CGROUP_SOURCES = 64

# linux.rootfsPropagation: (what all mounts get before anything is mounted, what "/" gets at the
# end).
# Docker's shared volumes rely on "shared" leaving the peer groups of the host's mounts alone.
PROPAGATION = {
    "": (MS_REC | MS_SLAVE, 0),
    "slave": (MS_REC | MS_SLAVE, MS_SLAVE),
    "rslave": (MS_REC | MS_SLAVE, MS_REC | MS_SLAVE),
    "private": (MS_REC | MS_PRIVATE, MS_PRIVATE),
    "rprivate": (MS_REC | MS_PRIVATE, MS_REC | MS_PRIVATE),
    "shared": (0, MS_SHARED),
    "rshared": (0, MS_REC | MS_SHARED),
    "unbindable": (MS_REC | MS_PRIVATE, MS_UNBINDABLE),
    "runbindable": (MS_REC | MS_PRIVATE, MS_REC | MS_UNBINDABLE),
}


def add_rootfs(plan: ops.Plan, config: Config, facts: Facts) -> None:
    """From the host's mounts to the container's root: everything that needs a mount namespace."""
    linux = config.get("linux", {})
    before, after = PROPAGATION[linux.get("rootfsPropagation", "")]
    masked = linux.get("maskedPaths", ())
    plan.add("PROCFS", "private procfs", 1 if linux.get("sysctl") else 0)
    if before:
        plan.add("PROPAGATION", "mount propagation of /", before)
    if masked:
        plan.add("NULL", "keep /dev/null")
    _add_sources_sync(plan, facts, len(config.get("mounts", ())))
    plan.add(
        "ROOTFS",
        f"rootfs {facts.rootfs}",
        facts.source_index(facts.rootfs),
        strings=(facts.rootfs,),
    )
    label = config.get("linux", {}).get("mountLabel", "")
    add_mounts(plan, config.get("mounts", []), facts, label)
    add_devices(plan, config, facts)
    cwd = config.get("process", {}).get("cwd", "/")
    if cwd != "/":
        plan.add("MKDIR", f"working directory {cwd}", 0o755, strings=(clean(cwd),))
    hooks.add_create_hooks(plan, config, facts)
    if facts.no_pivot:
        plan.add("MOVE_ROOT", "move the root", strings=(facts.rootfs,))
    else:
        plan.add("PIVOT", "pivot_root")
    if after:
        plan.add("PROPAGATION", "mount propagation of the new /", after)


def add_protection(plan: ops.Plan, config: Config, facts: Facts) -> None:
    """After the switch and the console: sysctls, what becomes read-only, what is hidden."""
    linux = config.get("linux", {})
    for name, value in linux.get("sysctl", {}).items():
        plan.add("SYSCTL", f"sysctl {name}", strings=(sysctl_path(name), value))
    for path in facts.late_readonly:
        plan.add("SETATTR", f"make {path} read-only", 1, strings=(None, None, path))
    if config["root"].get("readonly"):
        plan.add("ROOT_READONLY", "make / read-only")
    for path in linux.get("readonlyPaths", ()):
        plan.add("READONLY", f"readonlyPaths {path}", strings=(path,))
    label = linux.get("mountLabel")
    context = f"context={label}" if label else None
    for path in linux.get("maskedPaths", ()):
        plan.add("MASK", f"maskedPaths {path}", strings=(path, context))


def _add_sources_sync(plan: ops.Plan, facts: Facts, mounts: int) -> None:
    """One SYNC for each full message of descriptors; the parent answers with the next
    SOURCES_MAX.
    """
    if facts.open_sources or facts.idmap_fds:
        for _ in range((mounts + CGROUP_SOURCES) // SOURCES_MAX + 1):
            plan.add("SYNC", "open the mount sources", ops.SYNC_SOURCES)
