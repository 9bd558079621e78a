# SPDX-License-Identifier: Apache-2.0
"""Ops that bring the stage into the container's namespaces, and the flags of the first clone3."""

from __future__ import annotations

from pyrunc.plan import ops
from pyrunc.tables.namespaces import (
    CLONE_NEWCGROUP,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    NAMESPACES,
    TIME_OFFSET_CLOCKS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pyrunc.config.types import Config, IdMapping, Process
    from pyrunc.plan.facts import Facts, Join

_NAMES = {flag: word for word, (flag, _) in NAMESPACES.items()}


def new_flags(config: Config) -> int:
    """CLONE_NEW* of the namespaces to be made: those listed without a path (NS-3, D7: "" is
    none).
    """
    flags = 0
    for entry in config.get("linux", {}).get("namespaces", ()):
        if not entry.get("path"):
            flags |= NAMESPACES[entry["type"]][0]
    return flags


def add_entry(plan: ops.Plan, config: Config, facts: Facts) -> int:
    """Adds the ops from the first clone to a stage that stands in all namespaces but the cgroup
    one.

    Sets plan.clone_flags. Returns the flags of all new namespaces. One clone3 does it all unless
    something must happen between two clones: id maps, a joined pid namespace, time offsets.
    """
    new = new_flags(config)
    facts.new_cgroup_namespace = bool(new & CLONE_NEWCGROUP)
    made = new & ~CLONE_NEWCGROUP
    joined = 0
    for join in facts.joins:
        joined |= join.flag
    if facts.late_cgroup:  # before anything is cloned that would stay behind
        plan.add("SYNC", "enter the container's cgroup", ops.SYNC_CGROUP)
    add_oom_score(plan, config["process"])
    if not (made & (CLONE_NEWUSER | CLONE_NEWTIME) or joined & (CLONE_NEWUSER | CLONE_NEWPID)):
        plan.clone_flags = made
        _add_joins(plan, facts)
    else:
        _add_joins(plan, facts)
        _add_forks(plan, config, facts, made, joined)
    if facts.new_cgroup_namespace:
        # clone3 would root it at the runtime's own cgroup; the stage stands in the container's.
        plan.add("UNSHARE", "new cgroup namespace", CLONE_NEWCGROUP)
    if new & CLONE_NEWNET:
        plan.add("LOOPBACK", "set up lo")
    return new


def _add_forks(plan: ops.Plan, config: Config, facts: Facts, made: int, joined: int) -> None:
    rest = made
    if made & CLONE_NEWTIME and made & CLONE_NEWUSER and not facts.privileged:
        # Offsets need CAP_SYS_TIME over the time namespace: make the user namespace first.
        plan.add("FORK", "new user namespace", CLONE_NEWUSER)
        _add_maps(plan, config, made=True)
        rest &= ~CLONE_NEWUSER
    if rest & CLONE_NEWTIME:
        plan.add("UNSHARE", "new time namespace", CLONE_NEWTIME)
        offsets = _time_offsets(config)
        if offsets:
            plan.add(
                "WRITE_SELF",
                "write timens_offsets",
                strings=("timens_offsets", offsets),
                flags=0 if joined else ops.WRITE_SELF_DUMPABLE,
            )
        rest &= ~CLONE_NEWTIME
    plan.add("FORK", "enter new namespaces", rest)
    if rest & CLONE_NEWUSER or joined & CLONE_NEWUSER:
        _add_maps(plan, config, made=bool(rest & CLONE_NEWUSER))


def _add_maps(plan: ops.Plan, config: Config, *, made: bool) -> None:
    if made:
        plan.add("SYNC", "write the id maps", ops.SYNC_MAPS)
    add_first_ids(plan, config, config["process"])


def add_first_ids(plan: ops.Plan, config: Config, process: Process) -> None:
    """In a user namespace the stage works as its root, or where that id is not mapped as the user
    of the program, who has the same power there until the program starts.
    """
    linux, user = config.get("linux", {}), process["user"]
    uid = 0 if _maps_root(linux.get("uidMappings", ())) else user["uid"]
    gid = 0 if _maps_root(linux.get("gidMappings", ())) else user["gid"]
    who = "root" if (uid, gid) == (0, 0) else f"{uid}:{gid}"
    plan.add("SET_IDS", f"become {who} of the user namespace", uid, gid)


def _maps_root(mappings: Sequence[IdMapping]) -> bool:
    """None are listed for a joined namespace, which is taken to have a root."""
    return not mappings or any(mapping["containerID"] == 0 for mapping in mappings)


def _time_offsets(config: Config) -> str:
    """The text of /proc/PID/timens_offsets: "monotonic secs nanosecs" a line.
    time_namespaces(7).
    """
    lines = []
    offsets: dict[str, Any] = dict(config.get("linux", {}).get("timeOffsets", {}))
    for clock in TIME_OFFSET_CLOCKS:
        offset = offsets.get(clock)
        if offset is not None:
            lines.append(f"{clock} {offset.get('secs', 0)} {offset.get('nanosecs', 0)}\n")
    return "".join(lines)


def add_oom_score(plan: ops.Plan, process: Process) -> None:
    """oomScoreAdj first, with the runtime's own power: lowering it needs CAP_SYS_RESOURCE
    (OOM-1).
    """
    score = process.get("oomScoreAdj")
    if score is not None:
        plan.add(
            "WRITE_SELF",
            f"set oomScoreAdj {score}",
            strings=("oom_score_adj", str(score)),
            flags=ops.WRITE_SELF_DUMPABLE,
        )


def join_order(joins: list[Join], *, privileged: bool) -> list[Join]:
    """The user namespace last when we have power over the others already, else first (NS-6)."""

    def rank(join: Join) -> int:
        user = join.flag == CLONE_NEWUSER
        # A joined mount namespace changes what paths mean: after all but the user namespace.
        if user:
            return 3 if privileged else 0
        return 2 if join.flag == CLONE_NEWNS else 1

    return sorted(joins, key=rank)


def _add_joins(plan: ops.Plan, facts: Facts) -> None:
    for join in join_order(facts.joins, privileged=facts.privileged):
        plan.keep_fds.append(join.fd)
        plan.add(
            "JOIN", f"join {_NAMES.get(join.flag, 'the')} namespace {join.path}", join.fd, join.flag
        )
