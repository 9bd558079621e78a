# SPDX-License-Identifier: Apache-2.0
"""The plan of exec: what a process does that joins a running container."""

from __future__ import annotations

from pyrunc.plan import ops
from pyrunc.plan import process as steps
from pyrunc.plan.namespaces import add_first_ids, add_oom_score, join_order
from pyrunc.tables.namespaces import CLONE_NEWPID, CLONE_NEWUSER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config, Process
    from pyrunc.plan.facts import Facts


def exec_plan(config: Config, process: Process, facts: Facts) -> ops.Plan:
    """The plan of a process that joins a running container: facts.joins holds its process."""
    plan = ops.Plan()
    seccomp = config.get("linux", {}).get("seccomp")
    if seccomp:
        steps.add_filter(plan, facts)
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
        steps.add_console(plan, process, bind=False)
    steps.add_personality(plan, config)
    steps.add_scheduling(plan, process, None)
    steps.add_labels(plan, process, facts)
    steps.add_user(plan, process, facts, seccomp=bool(seccomp))
    steps.add_execution(plan, None, process, facts, seccomp=bool(seccomp))
    return plan
