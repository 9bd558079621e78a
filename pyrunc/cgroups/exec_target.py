# SPDX-License-Identifier: Apache-2.0
"""Which cgroups an exec'd process joins: the container's, one below it, or where its init went."""

from __future__ import annotations

from pyrunc.errors import NativeError, UsageError

from . import calls, paths
from .hierarchies import UNIFIED, parse_proc_cgroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .manager import Manager

_FLAG = "--cgroup"


def exec_groups(manager: Manager, specs: Sequence[str], init_pid: int) -> dict[str, calls.Group]:
    """{controller: group} for the new process; see Manager.for_exec."""
    if manager.version == 2:
        return _groups_v2(manager, specs, init_pid)
    groups = dict(manager.groups)
    for spec in specs:
        names, _, path = spec.rpartition(":")
        below = "/".join(paths.split(path, _FLAG))
        for name in names.split(",") if names else list(groups):
            if name not in groups:
                raise UsageError(f"{_FLAG} {spec!r}: the container has no {name} cgroup")
            groups[name] = manager.groups[name].below(below)
    return groups


def _groups_v2(manager: Manager, specs: Sequence[str], init_pid: int) -> dict[str, calls.Group]:
    top = manager.groups.get(UNIFIED)
    if top is None:
        return {}
    if len(specs) > 1:
        raise UsageError(f"{_FLAG} {specs[1]!r}: with cgroup v2 there can be only one")
    if specs:
        if ":" in specs[0]:
            raise UsageError(f"{_FLAG} {specs[0]!r}: with cgroup v2 controllers cannot be chosen")
        return {UNIFIED: top.below("/".join(paths.split(specs[0], _FLAG)))}
    if not _takes_processes(top):
        return {UNIFIED: _group_of_init(top, init_pid) or top}
    return {UNIFIED: top}


def _takes_processes(group: calls.Group) -> bool:
    """False when the container enabled controllers for sub-cgroups: then no process may be in it
    (cgroups(7), "no internal processes")."""
    try:
        return not calls.read(group, "cgroup.subtree_control").strip()
    except NativeError:
        return True


def _group_of_init(top: calls.Group, init_pid: int) -> calls.Group | None:
    """The sub-cgroup that the first process moved itself to; None when it is not below `top`."""
    with open(f"/proc/{init_pid}/cgroup", "rb", buffering=0) as file:
        found = dict(parse_proc_cgroup(file.read())).get(UNIFIED, "")
    # The mount may show only a part of the hierarchy, so what counts is where `top` stands in it.
    _, at, below = (found + "/").partition(f"/{top.path}/")
    return top.below(below.strip("/")) if at else None
