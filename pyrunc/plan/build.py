# SPDX-License-Identifier: Apache-2.0
"""The whole plan: what a new container's first process does, and what a process joining one
does.
"""

from __future__ import annotations

from pyrunc.plan import ops
from pyrunc.plan import process as steps
from pyrunc.plan.namespaces import add_entry, add_first_ids, add_oom_score, join_order
from pyrunc.plan.rootfs import add_protection, add_rootfs
from pyrunc.tables.namespaces import CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config, Process
    from pyrunc.plan.facts import Facts


def container_plan(config: Config, facts: Facts) -> ops.Plan:
    """The plan of create and run. ConfigError for what the config asks and cannot be done."""
    plan = ops.Plan()
    linux = config.get("linux", {})
    process = config["process"]
    seccomp = linux.get("seccomp")
    if seccomp:
        _seccomp_flags(plan, facts)
    new = add_entry(plan, config, facts)
    if not facts.no_new_keyring:
        plan.add("KEYRING", "session keyring", strings=(f"_ses.{facts.container_id}",))
    joins_mounts = any(join.flag == CLONE_NEWNS for join in facts.joins)
    if config.get("hostname"):
        plan.add("HOSTNAME", f"hostname {config['hostname']}", strings=(config["hostname"],))
    if config.get("domainname"):
        plan.add(
            "DOMAINNAME", f"domainname {config['domainname']}", strings=(config["domainname"],)
        )
    if linux.get("netDevices"):
        plan.add("SYNC", "move the network devices", ops.SYNC_NETWORK)
    if new & CLONE_NEWNS or joins_mounts:
        add_rootfs(plan, config, facts)
    else:
        plan.add("PROCFS", "private procfs", 0)  # the host's /proc is at hand only now
        plan.add("CHROOT", f"rootfs {facts.rootfs}", strings=(facts.rootfs,))
    if process.get("terminal"):
        _add_console(plan, process, bind=True)
    if new & CLONE_NEWNS or joins_mounts:
        add_protection(plan, config, facts)
    steps.add_personality(plan, config)
    steps.add_scheduling(plan, process, linux.get("memoryPolicy"))
    steps.add_labels(plan, process, facts)
    steps.add_user(plan, process, facts, seccomp=bool(seccomp))
    steps.add_execution(plan, config, process, facts, seccomp=bool(seccomp))
    return plan


def exec_plan(config: Config, process: Process, facts: Facts) -> ops.Plan:
    """The plan of a process that joins a running container: facts.joins holds its process."""
    plan = ops.Plan()
    seccomp = config.get("linux", {}).get("seccomp")
    if seccomp:
        _seccomp_flags(plan, facts)
    steps.add_affinity(plan, process)
    add_oom_score(plan, process)
    if process.get("apparmorProfile") or process.get("selinuxLabel"):
        plan.add("PROCFS", "private procfs", 0)  # never by way of the container's /proc
    joined = 0
    for join in join_order(facts.joins, privileged=facts.privileged):
        joined |= join.flag
        plan.keep_fds.append(join.fd)
        plan.add("JOIN", f"join {join.path}", join.fd, join.flag, flags=ops.JOIN_PROCESS)
    if joined & (CLONE_NEWPID | CLONE_NEWUSER):
        plan.add("FORK", "enter the pid namespace", 0)
    if joined & CLONE_NEWUSER:
        add_first_ids(plan, config, process)
    if not facts.no_new_keyring:
        plan.add("KEYRING", "session keyring", strings=(f"_ses.{facts.container_id}",))
    plan.add("CHROOT", "the container's root", strings=(facts.rootfs,))
    if process.get("terminal"):
        _add_console(plan, process, bind=False)
    steps.add_personality(plan, config)
    steps.add_scheduling(plan, process, None)
    steps.add_labels(plan, process, facts)
    steps.add_user(plan, process, facts, seccomp=bool(seccomp))
    steps.add_execution(plan, None, process, facts, seccomp=bool(seccomp))
    return plan


def _add_console(plan: ops.Plan, process: Process, *, bind: bool) -> None:
    size = process.get("consoleSize", {"height": 0, "width": 0})
    user = process["user"]
    plan.add(
        "CONSOLE",
        "terminal",
        size["height"],
        size["width"],
        user["uid"],
        user["gid"],
        flags=ops.CONSOLE_BIND if bind else 0,
    )


def _seccomp_flags(plan: ops.Plan, facts: Facts) -> None:
    plan.seccomp_flags = facts.seccomp_flags
    if facts.seccomp_listener:
        # Taking it needs the right to trace the stage.
        taken = facts.privileged
        plan.seccomp_listener = ops.SECCOMP_FETCHED if taken else ops.SECCOMP_LISTENER
