# SPDX-License-Identifier: Apache-2.0
"""Whole plans by the names of their ops, in order: what a new container does, what exec does."""

from __future__ import annotations

import pytest

from pyrunc.plan import ops
from pyrunc.plan.facts import Facts, Join
from pyrunc.tables import namespaces as ns

from .conftest import Config, MakePlan, between, codes, only, strings_of

ROOT = ["PROCFS", "PROPAGATION", "ROOTFS"]
DEVICES = ["DEVICE"] * 6 + ["SYMLINK"] * 5 + ["UNLINK", "SYMLINK"]
BEFORE_USER = ["STDIO", "ENV_HOME", "UMASK", "CWD"]
USER = ["BOUNDING", "USER", "CWD_CHECK", "CAPS"]
END = ["LOOKUP", "READY", "WAIT_START", "LAST_WORD", "EXEC"]
SMALLEST = ["KEYRING", *ROOT, *DEVICES, "PIVOT", *BEFORE_USER, *USER, *END]


def test_smallest_container(container_plan: MakePlan) -> None:
    """OPS: a config with nothing but a mount namespace."""
    assert codes(container_plan()) == SMALLEST


def test_run_does_not_wait(container_plan: MakePlan, facts: Facts) -> None:
    """OPS: without a start to wait for, the program follows READY."""
    facts.waits_for_start = False
    assert codes(container_plan()) == [code for code in SMALLEST if code != "WAIT_START"]


def test_default_config(container_plan: MakePlan, config: Config) -> None:
    """OPS: what `spec` writes: namespaces by one clone3, mounts in order, protection at the end."""
    from pyrunc.config.default import default_config

    config.clear()
    config.update(default_config(cgroup_v2=False))
    config["mounts"].pop()  # the cgroup view has tests of its own
    plan = container_plan()
    assert codes(plan) == [
        "LOOPBACK", "KEYRING", "HOSTNAME", "PROCFS", "PROPAGATION", "NULL", "ROOTFS",
        *["MOUNT"] * 6, *DEVICES, "PIVOT", "CONSOLE", "ROOT_READONLY", *["READONLY"] * 5,
        *["MASK"] * 10, *BEFORE_USER, "NO_NEW_PRIVS", "BOUNDING", "SYNC:LIMITS", "USER",
        "CWD_CHECK", "CAPS", *END,
    ]  # fmt: skip
    new = ns.CLONE_NEWPID | ns.CLONE_NEWNET | ns.CLONE_NEWIPC | ns.CLONE_NEWUTS | ns.CLONE_NEWNS
    assert plan.clone_flags == new
    targets = [strings_of(plan, op)[2] for op in plan.ops if op.code == "MOUNT"]
    assert targets == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]


def test_user_namespace(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """USN: maps need a parent between two clones: a fork, the maps, then root of the namespace."""
    config["linux"]["namespaces"] += [{"type": "user"}, {"type": "pid"}]
    facts.user_namespace = facts.open_sources = True
    plan = container_plan()
    assert codes(plan)[:7] == [
        "FORK", "SYNC:MAPS", "SET_IDS", "KEYRING", "PROCFS", "PROPAGATION", "SYNC:SOURCES",
    ]  # fmt: skip
    assert plan.clone_flags == 0
    assert only(plan, "FORK").numbers == (ns.CLONE_NEWUSER | ns.CLONE_NEWPID | ns.CLONE_NEWNS,)
    assert only(plan, "ROOTFS").numbers == (0,) and facts.sources == [("/b/rootfs", (-1, 0))]


def test_user_namespace_binds_devices(
    container_plan: MakePlan, config: Config, facts: Facts
) -> None:
    """DEV-1: where mknod is refused, the host's node of the same path is bound."""
    config["linux"]["namespaces"].append({"type": "user"})
    facts.user_namespace = True
    plan = container_plan()
    device = next(op for op in plan.ops if op.code == "DEVICE")
    assert strings_of(plan, device)[:2] == ["/dev/null", "/dev/null"]


def test_cgroup_namespace_comes_last(container_plan: MakePlan, config: Config) -> None:
    """NS-6: the cgroup namespace is unshared by the stage, which is in its cgroup by then."""
    config["linux"]["namespaces"].append({"type": "cgroup"})
    plan = container_plan()
    assert codes(plan)[0] == "UNSHARE" and plan.clone_flags == ns.CLONE_NEWNS
    assert only(plan, "UNSHARE").numbers == (ns.CLONE_NEWCGROUP,)


def test_late_cgroup(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """CGP: a stage that is moved into its cgroup by others asks for it before all else."""
    config["linux"]["namespaces"].append({"type": "cgroup"})
    facts.late_cgroup = True
    assert codes(container_plan())[:2] == ["SYNC:CGROUP", "UNSHARE"]


def test_time_namespace(container_plan: MakePlan, config: Config) -> None:
    """TIM: offsets are written between unshare and the fork that enters the namespace."""
    config["linux"]["namespaces"].append({"type": "time"})
    config["linux"]["timeOffsets"] = {"boottime": {"secs": -3}, "monotonic": {"nanosecs": 5}}
    plan = container_plan()
    assert codes(plan)[:3] == ["UNSHARE", "WRITE_SELF", "FORK"]
    assert strings_of(plan, only(plan, "WRITE_SELF"))[:2] == [
        "timens_offsets", "monotonic 0 5\nboottime -3 0\n",
    ]  # fmt: skip


def test_unprivileged_time_namespace(
    container_plan: MakePlan, config: Config, facts: Facts
) -> None:
    """TIM: without privileges the user namespace comes first, whose root may set offsets."""
    config["linux"]["namespaces"] += [{"type": "time"}, {"type": "user"}]
    facts.privileged = False
    plan = container_plan()
    assert codes(plan)[:6] == ["FORK", "SYNC:MAPS", "SET_IDS", "UNSHARE", "FORK", "KEYRING"]
    forks = [op.numbers[0] for op in plan.ops if op.code == "FORK"]
    assert forks == [ns.CLONE_NEWUSER, ns.CLONE_NEWNS]


def test_joined_pid_namespace(container_plan: MakePlan, facts: Facts) -> None:
    """NS-6: a joined pid namespace holds children only: join, then fork."""
    facts.joins = [Join(9, ns.CLONE_NEWPID, "/proc/1/ns/pid")]
    plan = container_plan()
    assert codes(plan)[:2] == ["JOIN", "FORK"] and plan.keep_fds == [9]
    assert only(plan, "JOIN").words == "join pid namespace /proc/1/ns/pid"


def test_joined_network_namespace(container_plan: MakePlan, facts: Facts) -> None:
    """NS-6: other namespaces are joined without a fork, and lo is left as it is there."""
    facts.joins = [Join(9, ns.CLONE_NEWNET, "/n")]
    assert codes(container_plan()) == ["JOIN", *SMALLEST]


def test_no_mount_namespace(container_plan: MakePlan, config: Config) -> None:
    """NS: without a mount namespace the root is a chroot, nothing is mounted."""
    config["linux"]["namespaces"] = []
    assert codes(container_plan()) == [
        "KEYRING", "PROCFS", "CHROOT", *BEFORE_USER, *USER, *END,
    ]  # fmt: skip


def test_no_pivot(container_plan: MakePlan, facts: Facts) -> None:
    """OPS: --no-pivot moves the root where pivot_root stood."""
    facts.no_pivot = True
    assert codes(container_plan()) == ["MOVE_ROOT" if c == "PIVOT" else c for c in SMALLEST]


def test_no_new_keyring(container_plan: MakePlan, facts: Facts) -> None:
    """OPS: --no-new-keyring leaves the session keyring alone."""
    facts.no_new_keyring = True
    assert codes(container_plan()) == SMALLEST[1:]


def test_oom_score_comes_first(container_plan: MakePlan, config: Config) -> None:
    """OOM-1: lowering the score needs the runtime's own power: before any namespace."""
    config["process"]["oomScoreAdj"] = -500
    config["linux"]["namespaces"].append({"type": "user"})
    plan = container_plan()
    assert codes(plan)[:2] == ["WRITE_SELF", "FORK"]
    assert strings_of(plan, plan.ops[0])[:2] == ["oom_score_adj", "-500"]


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("", 0x84000, None),
        ("slave", 0x84000, 0x80000),
        ("rslave", 0x84000, 0x84000),
        ("private", 0x44000, 0x40000),
        ("rprivate", 0x44000, 0x44000),
        ("shared", None, 0x100000),
        ("rshared", None, 0x104000),
        ("unbindable", 0x44000, 0x20000),
        ("runbindable", 0x44000, 0x24000),
    ],
)
def test_rootfs_propagation(
    container_plan: MakePlan, config: Config, word: str, before: int | None, after: int | None
) -> None:
    """RFP-1: what all mounts get before the first of ours, and what / gets after the switch."""
    config["linux"]["rootfsPropagation"] = word
    plan = container_plan()
    found = [
        (op.numbers[0] if op.code == "PROPAGATION" else op.code)
        for op in plan.ops
        if op.code in ("PROPAGATION", "PIVOT")
    ]
    assert found == [item for item in (before, "PIVOT", after) if item]


def test_sysctl_needs_the_whole_procfs(container_plan: MakePlan, config: Config) -> None:
    """SYS-3: with sysctls the private procfs has the full tree, and they come after the switch."""
    config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
    plan = container_plan()
    assert only(plan, "PROCFS").numbers == (1,)
    assert between(codes(plan), "PIVOT", "SYSCTL") == ["PIVOT", "SYSCTL"]
    assert strings_of(plan, only(plan, "SYSCTL"))[:2] == ["net/ipv4/ip_forward", "1"]


def test_hooks(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """HK-9: the parent's hooks, createContainer before the switch; startContainer at the end."""
    hook = {"path": "/h"}
    config["hooks"] = {
        "prestart": [hook], "createContainer": [hook, hook], "startContainer": [hook],
    }  # fmt: skip
    found = codes(container_plan())
    assert between(found, "UNLINK", "PIVOT")[2:] == ["SYNC:HOOKS", "HOOK", "HOOK", "PIVOT"]
    assert found[-4:] == ["WAIT_START", "HOOK", "LAST_WORD", "EXEC"]


def test_hook_op(container_plan: MakePlan, config: Config) -> None:
    """HK-8, HK-13: args default to the path, a given env replaces, the state's status fits."""
    hook = {"path": "/h", "env": ["A=1"], "timeout": 7}
    config["hooks"] = {"createContainer": [hook]}
    plan = container_plan()
    op = only(plan, "HOOK")
    assert tuple(op.numbers) == (1, 1, 7, 0) and op.flags == ops.HOOK_CREATE_CONTAINER
    assert strings_of(plan, op) == ["/h", "/h", '{"status":"creating","pid":', "}"]
    assert op.words == "running createContainer hook #0: /h"


def test_start_hook_has_the_containers_environment(
    container_plan: MakePlan, config: Config, facts: Facts
) -> None:
    """HK-8: without env createContainer has the runtime's, startContainer the container's."""
    facts.environment = ["R=1", "R=2"]
    config["process"]["env"] = ["C=1"]
    config["hooks"] = {"createContainer": [{"path": "/h"}], "startContainer": [{"path": "/h"}]}
    create, start = (op for op in container_plan().ops if op.code == "HOOK")
    assert (create.numbers[1], start.numbers[1]) == (2, 1)


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_seccomp_is_last(
    container_plan: MakePlan, config: Config, *, no_new_privileges: bool
) -> None:
    """SEC-8: the filter is the last act before exec, even after hooks and the last message."""
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
    config["process"]["noNewPrivileges"] = no_new_privileges
    config["hooks"] = {"startContainer": [{"path": "/h"}]}
    found = codes(container_plan())
    assert found[-8:] == [
        "LOOKUP", "SYNC:SECCOMP", "READY", "WAIT_START", "HOOK", "LAST_WORD", "SECCOMP", "EXEC",
    ]  # fmt: skip


SYS_ADMIN, CHOWN = 1 << 21, 1 << 0


@pytest.mark.parametrize(
    ("profile", "no_new_privileges", "available", "more"),
    [
        (True, False, (1 << 41) - 1, SYS_ADMIN),
        (True, True, (1 << 41) - 1, 0),
        (False, False, (1 << 41) - 1, 0),
        (True, False, CHOWN, 0),
    ],
    ids=["seccomp", "no_new_privs", "no seccomp", "nobody has it"],
)
def test_power_to_load_the_filter(
    container_plan: MakePlan,
    config: Config,
    facts: Facts,
    *,
    profile: bool,
    no_new_privileges: bool,
    available: int,
    more: int,
) -> None:
    """SEC-8, CAP-2: without no_new_privs CAP_SYS_ADMIN stays until the filter is loaded, in no set
    that execve keeps."""
    if profile:
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
    config["process"]["noNewPrivileges"] = no_new_privileges
    kinds = ("bounding", "effective", "permitted", "inheritable", "ambient")
    config["process"]["capabilities"] = {kind: ["CAP_CHOWN"] for kind in kinds}  # type: ignore[typeddict-item]
    facts.last_capability, facts.available_capabilities = 40, available
    plan = container_plan()
    assert only(plan, "BOUNDING").numbers == (CHOWN,)
    assert only(plan, "CAPS").numbers == (CHOWN | more, CHOWN | more, CHOWN, CHOWN)


@pytest.mark.parametrize(
    ("privileged", "flag"), [(True, ops.SECCOMP_FETCHED), (False, ops.SECCOMP_LISTENER)]
)
def test_seccomp_with_a_listener(
    container_plan: MakePlan, config: Config, facts: Facts, privileged: bool, flag: int
) -> None:
    """SCN: with a listener the filter is loaded while the parent can take or be sent its fd."""
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
    config["process"]["noNewPrivileges"] = True
    facts.seccomp_listener, facts.seccomp_flags, facts.privileged = True, 8, privileged
    plan = container_plan()
    assert codes(plan)[-7:] == [
        "LOOKUP", "SYNC:SECCOMP", "SECCOMP", "READY", "WAIT_START", "LAST_WORD", "EXEC",
    ]  # fmt: skip
    assert only(plan, "SECCOMP").flags == flag
    assert only(plan, "SECCOMP").numbers == (8,)


def test_process_settings(container_plan: MakePlan, config: Config) -> None:
    """PRC: personality, scheduler, I/O priority, memory policy, label, before the user changes."""
    config["linux"]["personality"] = {"domain": "LINUX32"}
    config["linux"]["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0-1"}
    config["process"].update(
        scheduler={"policy": "SCHED_BATCH", "nice": -5, "priority": 3},
        ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 4},
        selinuxLabel="l",
    )
    plan = container_plan()
    assert between(codes(plan), "PERSONALITY", "STDIO") == [
        "PERSONALITY", "SCHED", "IOPRIO", "MEMPOLICY", "WRITE_SELF", "STDIO",
    ]  # fmt: skip
    assert only(plan, "PERSONALITY").numbers == (8,)
    assert only(plan, "SCHED").numbers == (3, 0, 0xFFFF_FFFB | 3 << 32)
    assert only(plan, "IOPRIO").numbers == (2 << 13 | 4,)
    assert only(plan, "MEMPOLICY").numbers == (2, 64)
    assert strings_of(plan, only(plan, "WRITE_SELF"))[:2] == ["attr/exec", "l"]


def test_user(container_plan: MakePlan, config: Config) -> None:
    """USR-1, USR-3, USR-4: ids, umask and groups as numbers."""
    config["process"]["user"] = {"uid": 5, "gid": 6, "umask": 0o77, "additionalGids": [7, 8]}
    plan = container_plan()
    assert only(plan, "UMASK").numbers == (0o77,)
    user = only(plan, "USER")
    assert (tuple(user.numbers), user.flags) == ((5, 6, 2), ops.USER_KEEP_CAPS)
    start = int.from_bytes(plan.encode()[20:24], "little") + user.strings[0]
    assert plan.encode()[start : start + 8] == b"\7\0\0\0\x08\0\0\0"


def test_capabilities(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """CAP-2, CAP-3: five sets as masks; unknown names are warned about and left out."""
    facts.last_capability = 40
    warned: list[str] = []
    facts.warn = warned.append
    config["process"]["capabilities"] = {
        "bounding": ["CAP_CHOWN", "CAP_FUTURE"], "permitted": ["CAP_KILL"],
        "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL", "CAP_BPF"],
    }  # fmt: skip
    facts.available_capabilities = (1 << 41) - 1 - (1 << 39)
    plan = container_plan()
    assert only(plan, "BOUNDING").numbers == (1,)
    assert only(plan, "CAPS").numbers == (0, 1 << 5, 1 << 5, 1 << 5)
    assert warned == [
        "process.capabilities: unknown or not available here, left out: CAP_BPF, CAP_FUTURE"
    ]
    """CAP-5: what is not permitted and inheritable cannot be ambient: left out, one warning."""


def test_ambient_needs_the_others(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """CAP-5: what is not permitted and inheritable cannot be ambient: one warning."""
    warned: list[str] = []
    facts.warn = warned.append
    config["process"]["capabilities"] = {"permitted": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
    assert only(container_plan(), "CAPS").numbers == (0, 1 << 5, 0, 0)
    assert warned == [
        "process.capabilities.ambient: left out what is not permitted and inheritable"
    ]


def test_listen_and_preserved_fds(container_plan: MakePlan, facts: Facts) -> None:
    """FD: LISTEN_PID follows the environment; exec keeps listening and preserved descriptors."""
    facts.listen_fds, facts.preserve_fds = 2, 3
    plan = container_plan()
    assert between(codes(plan), "ENV_HOME", "UMASK") == ["ENV_HOME", "LISTEN_PID", "UMASK"]
    assert only(plan, "LAST_WORD").numbers == (5,)


def test_console(container_plan: MakePlan, config: Config) -> None:
    """CON: the terminal follows the switch, has size and owner, is bound on /dev/console."""
    config["process"].update(terminal=True, consoleSize={"height": 24, "width": 80})
    config["process"]["user"] = {"uid": 5, "gid": 6}
    plan = container_plan()
    assert between(codes(plan), "PIVOT", "STDIO") == ["PIVOT", "CONSOLE", "STDIO"]
    console = only(plan, "CONSOLE")
    assert (tuple(console.numbers), console.flags) == ((24, 80, 5, 6), ops.CONSOLE_BIND)


def test_exec(exec_plan: MakePlan, facts: Facts) -> None:
    """OPS: exec joins, forks into the pid namespace, takes the root, and goes on alike."""
    facts.no_new_keyring = True
    facts.joins = [Join(7, ns.CLONE_NEWPID | ns.CLONE_NEWNS, "the container")]
    plan = exec_plan()
    assert codes(plan) == [
        "JOIN", "FORK", "CHROOT", *BEFORE_USER, *USER, "LOOKUP", "READY", "LAST_WORD", "EXEC",
    ]  # fmt: skip
    assert only(plan, "JOIN").flags == ops.JOIN_PROCESS
    assert (plan.keep_fds, plan.clone_flags) == ([7], 0)


def test_exec_into_a_user_namespace(exec_plan: MakePlan, facts: Facts) -> None:
    """OPS: a joined user namespace makes the stage its root."""
    facts.joins = [Join(7, ns.CLONE_NEWUSER, "u")]
    assert codes(exec_plan())[:3] == ["JOIN", "FORK", "SET_IDS"]


def test_exec_runs_no_hooks(exec_plan: MakePlan, config: Config) -> None:
    """HK-9: hooks belong to the container's life, not to exec."""
    config["hooks"] = {"startContainer": [{"path": "/h"}]}
    assert "HOOK" not in codes(exec_plan())


def test_exec_with_a_terminal_and_a_label(exec_plan: MakePlan, config: Config) -> None:
    """OPS: exec's terminal is not bound on /dev/console; labels need the private procfs, which is
    taken while /proc is the host's."""
    config["process"].update(terminal=True, selinuxLabel="l")
    plan = exec_plan()
    assert between(codes(plan), "PROCFS", "STDIO") == [
        "PROCFS", "KEYRING", "CHROOT", "CONSOLE", "WRITE_SELF", "STDIO",
    ]  # fmt: skip
    assert only(plan, "CONSOLE").flags == 0
