# SPDX-License-Identifier: Apache-2.0
"""The plan of a new container: what its first process does."""

from __future__ import annotations

from pyrunc.plan import ops
from pyrunc.plan import process as steps
from pyrunc.plan.namespaces import add_entry
from pyrunc.plan.rootfs import add_protection, add_rootfs
from pyrunc.tables.namespaces import CLONE_NEWNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config
    from pyrunc.plan.facts import Facts


def container_plan(config: Config, facts: Facts) -> ops.Plan:
    """The plan of create and run. ConfigError for what the config asks and cannot be done."""
    plan = ops.Plan()
    linux = config.get("linux", {})
    process = config["process"]
    seccomp = linux.get("seccomp")
    if seccomp:
        steps.add_filter(plan, facts)
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
        steps.add_console(plan, process, bind=True)
    if new & CLONE_NEWNS or joins_mounts:
        add_protection(plan, config, facts)
    steps.add_personality(plan, config)
    steps.add_scheduling(plan, process, linux.get("memoryPolicy"))
    steps.add_labels(plan, process, facts)
    steps.add_user(plan, process, facts, seccomp=bool(seccomp))
    steps.add_execution(plan, config, process, facts, seccomp=bool(seccomp))
    return plan
