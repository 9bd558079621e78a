# SPDX-License-Identifier: Apache-2.0
"""Ops for `process`: what the program inherits, from scheduling to capabilities, and its
execution.
"""

from __future__ import annotations

from _struct import pack

from pyrunc.errors import ConfigError
from pyrunc.plan import hooks, ops
from pyrunc.tables import process as table
from pyrunc.tables.capabilities import CAPABILITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config, MemoryPolicy, Process, Scheduler
    from pyrunc.plan.facts import Facts

# The reference's default where config.json is silent (USR-3): engines run their shims with umask 0.
_DEFAULT_UMASK = 0o022


def parse_list(text: str) -> list[int]:
    """The numbers of a list such as "0-3,7" (cpuset(7), List format). ConfigError for anything
    else.
    """
    numbers: set[int] = set()
    for item in text.replace(" ", "").split(","):
        if not item:
            continue
        first, dash, last = item.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(f'"{text}" is not a list of numbers and ranges such as "0-3,7"')
        low, high = int(first), int(last or first)
        if high < low or high > 65535:
            raise ConfigError(f'"{text}": the range {item} is empty or too large')
        numbers.update(range(low, high + 1))
    return sorted(numbers)


def bit_mask(numbers: list[int]) -> bytes:
    """The numbers as bits of little-endian 64-bit words, as set_mempolicy(2) and
    sched_setaffinity(2) take them.
    """
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask.to_bytes((mask.bit_length() + 63) // 64 * 8 or 8, "little")


def last_values(env: list[str]) -> list[str]:
    """The environment with the last of each name's entries, at the place of the first (PRC-5)."""
    return list({entry.partition("=")[0]: entry for entry in env}.values())


def _listen_fds(facts: Facts) -> list[str]:
    """Socket activation: sd_listen_fds(3)."""
    return [f"LISTEN_FDS={facts.listen_fds}"] if facts.listen_fds else []


def add_labels(plan: ops.Plan, process: Process, facts: Facts) -> None:
    """The labels that take effect at exec: AppArmor's and SELinux' (AA-1, SEL-1)."""
    profile = process.get("apparmorProfile")
    if profile and profile != "unconfined":
        plan.add(
            "WRITE_SELF",
            f"apparmorProfile {profile}",
            strings=(facts.apparmor_file, f"exec {profile}"),
        )
    label = process.get("selinuxLabel")
    if label:
        plan.add("WRITE_SELF", f"selinuxLabel {label}", strings=("attr/exec", label))


def add_scheduling(plan: ops.Plan, process: Process, memory_policy: MemoryPolicy | None) -> None:
    """Scheduler, I/O priority, memory policy: inherited through exec."""
    scheduler = process.get("scheduler")
    if scheduler:
        _add_scheduler(plan, scheduler)
    io_priority = process.get("ioPriority")
    if io_priority:
        value = table.IOPRIO_CLASSES[io_priority["class"]] << table.IOPRIO_CLASS_SHIFT
        plan.add("IOPRIO", "ioPriority", value | io_priority.get("priority", 0))
    if memory_policy:
        mode = table.MEMPOLICY_MODES[memory_policy["mode"]]
        for flag in memory_policy.get("flags", ()):
            mode |= table.MEMPOLICY_FLAGS[flag]
        nodes = parse_list(memory_policy.get("nodes", ""))
        mask = bit_mask(nodes) if nodes else None
        plan.add("MEMPOLICY", "memoryPolicy", mode, len(mask or b"") * 8, strings=(mask,))


def add_affinity(plan: ops.Plan, process: Process) -> None:
    """execCPUAffinity.final: the stage stands in the container's cgroups already (AFF-3)."""
    cpus = process.get("execCPUAffinity", {}).get("final", "")
    numbers = parse_list(cpus)
    if numbers:
        mask = bit_mask(numbers)
        plan.add("AFFINITY", f"execCPUAffinity.final {cpus}", len(mask), strings=(mask,))


def _add_scheduler(plan: ops.Plan, scheduler: Scheduler) -> None:
    flags = 0
    for flag in scheduler.get("flags", ()):
        flags |= table.SCHED_FLAGS[flag]
    times = pack(
        "=3Q", scheduler.get("runtime", 0), scheduler.get("deadline", 0), scheduler.get("period", 0)
    )
    nice = scheduler.get("nice", 0) & 0xFFFF_FFFF
    plan.add(
        "SCHED",
        f"scheduler {scheduler['policy']}",
        table.SCHED_POLICIES[scheduler["policy"]],
        flags,
        nice | scheduler.get("priority", 0) << 32,
        strings=(times,),
    )


def add_personality(plan: ops.Plan, config: Config) -> None:
    personality = config.get("linux", {}).get("personality")
    if personality:
        domain = personality["domain"]
        plan.add("PERSONALITY", f"personality {domain}", table.PERSONALITIES[domain])


def capability_masks(process: Process, facts: Facts) -> dict[str, int]:
    """The five sets as bits; the unknown and the unavailable is left out and warned of (CAP-3)."""
    sets: dict[str, list[str]] = dict(process.get("capabilities", {}))  # type: ignore[arg-type]
    left_out: set[str] = set()
    masks = {}
    for kind in ("bounding", "effective", "permitted", "inheritable", "ambient"):
        masks[kind] = 0
        for name in sets.get(kind, ()):
            bit = CAPABILITIES.get(name, 64)
            if bit > facts.last_capability or not facts.available_capabilities >> bit & 1:
                left_out.add(name)
            else:
                masks[kind] |= 1 << bit
    if left_out:
        names = ", ".join(sorted(left_out))
        facts.warn(f"process.capabilities: unknown or not available here, left out: {names}")
    # capabilities(7): only what is permitted and inheritable can be ambient.
    possible = masks["permitted"] & masks["inheritable"]
    if masks["ambient"] & ~possible:
        facts.warn("process.capabilities.ambient: left out what is not permitted and inheritable")
        masks["ambient"] &= possible
    return masks


def add_user(plan: ops.Plan, process: Process, facts: Facts, *, seccomp: bool) -> None:
    """From the full power of the stage to that of the program, in the order the kernel wants
    (CAP-5).
    """
    user = process["user"]
    uid, gid = user["uid"], user["gid"]
    no_new_privileges = bool(process.get("noNewPrivileges"))
    plan.add("STDIO", "standard streams", uid)
    env = last_values([*process.get("env", ()), *_listen_fds(facts)])
    plan.add(
        "ENV_HOME",
        "environment",
        len(env),
        len(process["args"]),
        uid,
        strings=(env, process["args"]),
    )
    if facts.listen_fds:
        plan.add("LISTEN_PID", "LISTEN_PID")
    plan.add("UMASK", "umask", user.get("umask", _DEFAULT_UMASK))
    plan.add("CWD", f"chdir to cwd ({process['cwd']})", strings=(process["cwd"],))
    masks = capability_masks(process, facts)
    kept = 0
    if no_new_privileges:
        plan.add("NO_NEW_PRIVS", "noNewPrivileges")
    elif seccomp:
        # Without no_new_privs the kernel wants CAP_SYS_ADMIN for a filter, seccomp(2), which is
        # loaded last. execve takes it away: what is permitted then comes from the other sets
        # alone, capabilities(7).
        kept = facts.available_capabilities & 1 << CAPABILITIES["CAP_SYS_ADMIN"]
    plan.add("BOUNDING", "capabilities.bounding", masks["bounding"])
    if process.get("rlimits"):
        plan.add("SYNC", "set rlimits", ops.SYNC_LIMITS)
    groups = user.get("additionalGids", [])
    plan.add(
        "USER",
        f"become user {uid}:{gid}",
        uid,
        gid,
        len(groups),
        strings=(pack(f"={len(groups)}I", *groups) if groups else None,),
        flags=ops.USER_KEEP_CAPS | (ops.USER_NO_SETGROUPS if facts.setgroups_denied else 0),
    )
    plan.add("CWD_CHECK", f"chdir to cwd ({process['cwd']})", strings=(process["cwd"],))
    plan.add(
        "CAPS",
        "capabilities",
        masks["effective"] | kept,
        masks["permitted"] | kept,
        masks["inheritable"],
        masks["ambient"],
    )


def add_execution(
    plan: ops.Plan, config: Config | None, process: Process, facts: Facts, *, seccomp: bool
) -> None:
    """The program is looked up, the parent is told, `start` is awaited, hooks run, execve.

    The filter is the last act before execve, so that a profile needs to allow nothing but what the
    program does. With a listener, which the parent has to hand on, it is loaded before READY.
    """
    plan.add("LOOKUP", process["args"][0])
    if seccomp:
        plan.add("SYNC", "receive the seccomp filter", ops.SYNC_SECCOMP)
    if plan.seccomp_listener:
        _add_seccomp(plan)
    plan.add("READY", "report to the runtime")
    if facts.waits_for_start:
        plan.add("WAIT_START", "wait for start")
    if config is not None:
        hooks.add_start_hooks(plan, config, facts)
    program = f"exec {process['args'][0]}"
    plan.add("LAST_WORD", program, facts.preserve_fds + facts.listen_fds)
    if seccomp and not plan.seccomp_listener:
        _add_seccomp(plan)
    plan.add("EXEC", program)


def _add_seccomp(plan: ops.Plan) -> None:
    plan.add("SECCOMP", "load the seccomp filter", plan.seccomp_flags, flags=plan.seccomp_listener)


def add_console(plan: ops.Plan, process: Process, *, bind: bool) -> None:
    """process.terminal: a pty of the container's devpts, the first process's also /dev/console."""
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


def add_filter(plan: ops.Plan, facts: Facts) -> None:
    """linux.seccomp: the flags of seccomp(2), and how the listener gets to us."""
    plan.seccomp_flags = facts.seccomp_flags
    if facts.seccomp_listener:
        # Taking it needs the right to trace the stage.
        taken = facts.privileged
        plan.seccomp_listener = ops.SECCOMP_FETCHED if taken else ops.SECCOMP_LISTENER
