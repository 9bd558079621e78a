# SPDX-License-Identifier: Apache-2.0
"""Turns what the init stage reports, {op, step, errno, detail}, into the sentence a person
reads.
"""

from __future__ import annotations

from pyrunc.errors import errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from pyrunc.plan.ops import Op, Plan

    class Report(Protocol):
        op: int
        step: int
        errnum: int
        detail: str


_EPERM, _ENOENT, _ENOSPC, _ENOSYS, _ENODEV, _EINVAL = 1, 2, 28, 38, 19, 22

# Users and scanners know this sentence (CVE-2024-21626).
_OUTSIDE = (
    "current working directory is outside of container mount namespace root"
    " -- possible container breakout detected"
)

# enum pr_step, in its order: what was being done (csrc/pyrunc.cdef.h; a unit test compares the
# two).
STEPS = (
    ("NONE", ""),
    ("PLAN", "the plan is malformed"),
    ("MEMFD", "memfd_create"),
    ("SEAL", "seal a memory file"),
    ("CLONE", "clone3"),
    ("EXEC", "execveat of the init stage"),
    ("SOCKET", "socket"),
    ("PEER_GONE", "the other side of the socket is gone"),
    ("OPEN", "open"),
    ("OPEN_SOURCE", "open the source"),
    ("OPEN_TARGET", "open the target"),
    ("CREATE_TARGET", "create the target"),
    ("READ", "read"),
    ("WRITE", "write"),
    ("STAT", "stat"),
    ("SETNS", "setns"),
    ("UNSHARE", "unshare"),
    ("FSOPEN", "fsopen"),
    ("FSCONFIG", "fsconfig"),
    ("FSMOUNT", "fsmount"),
    ("OPEN_TREE", "open_tree"),
    ("MOVE_MOUNT", "move_mount"),
    ("MOUNT_SETATTR", "mount_setattr"),
    ("MOUNT", "mount"),
    ("UMOUNT", "umount"),
    ("PIVOT_ROOT", "pivot_root"),
    ("CHROOT", "chroot"),
    ("CHDIR", "chdir"),
    ("GETCWD", "getcwd"),
    ("CWD_OUTSIDE", _OUTSIDE),
    ("MKNOD", "mknod"),
    ("CHMOD", "chmod"),
    ("CHOWN", "chown"),
    ("SYMLINK", "symlink"),
    ("MISMATCH", "what is there already is something else"),
    ("NOT_DIRECTORY", "must be mounted on ordinary directory"),
    ("ON_ROOT", "the target is the root filesystem itself"),
    ("FORBIDDEN_PROC", "the target is inside a procfs"),
    ("LOCKED", "mount_setattr cannot clear a flag that is locked"),
    ("SETHOSTNAME", "sethostname"),
    ("SETDOMAINNAME", "setdomainname"),
    ("NETLINK", "configure the network device"),
    ("IOCTL", "ioctl"),
    ("SETRLIMIT", "setrlimit"),
    ("SETGROUPS", "setgroups"),
    ("SETGID", "setgid"),
    ("SETUID", "setuid"),
    ("CAPBSET", "drop from the bounding set"),
    ("CAPSET", "capset"),
    ("PRCTL", "prctl"),
    ("KEYCTL", "keyctl"),
    ("SCHED", "sched_setattr"),
    ("IOPRIO", "ioprio_set"),
    ("MEMPOLICY", "set_mempolicy"),
    ("PERSONALITY", "personality"),
    ("AFFINITY", "sched_setaffinity"),
    ("SECCOMP", "seccomp"),
    ("PTMX", "/dev/pts/ptmx is not the container's pty multiplexer"),
    ("SETSID", "make it the controlling terminal"),
    ("LOOKUP", ""),
    ("ACCESS", ""),
    ("IS_DIRECTORY", ""),
    ("FIFO", "exec fifo"),
    ("HOOK_EXIT", ""),
    ("HOOK_TIMEOUT", ""),
    ("NOT_PROCFS", "/proc is not a procfs"),
    ("DEAD", "the process has ended"),
    ("CHECKSUM", "the checksum is wrong"),
    ("PIDFD_GETFD", "pidfd_getfd"),
    ("SETXATTR", "setxattr security.selinux"),
)
STEP = {name: number for number, (name, _) in enumerate(STEPS)}

_NO_USER_NAMESPACE = (
    "rootless container requires user namespaces: one in linux.namespaces, and a kernel that "
    "allows it, see kernel.unprivileged_userns_clone and "
    "kernel.apparmor_restrict_unprivileged_userns"
)
# (errno, step names or None for any): what to do about it
_HINTS = (
    (_ENOSPC, ("MOUNT", "MOVE_MOUNT", "OPEN_TREE", "FSMOUNT"), "see /proc/sys/fs/mount-max"),
    (_ENOSPC, ("CLONE", "UNSHARE"), "see /proc/sys/user/max_*_namespaces"),
    (_EPERM, ("CLONE", "UNSHARE"), _NO_USER_NAMESPACE),
    (_EINVAL, ("SETUID",), "linux.uidMappings does not map that uid"),
    (_EINVAL, ("SETGID",), "linux.gidMappings does not map that gid"),
    (_EINVAL, ("SETGROUPS",), "linux.gidMappings does not map one of them"),
    (_EPERM, ("SETGROUPS",), "see /proc/PID/setgroups in user_namespaces(7)"),
    (
        _ENODEV,
        ("FSOPEN", "MOUNT"),
        "the kernel does not know this file system, see /proc/filesystems",
    ),
    (_ENOSYS, None, "the kernel is too old, or an outer seccomp filter hides the system call"),
)


def sentence(plan: Plan, report: Report) -> str:
    """One line: the op in words, the step, the kernel's reason."""
    if report.op >= len(plan.ops):
        return _generic("start the init stage", report)
    op = plan.ops[report.op]
    if op.code == "HOOK":
        return f"error {op.words}: {hook_reason(report.step, report.errnum, report.detail)}"
    special = _SPECIAL.get(STEPS[report.step][0])
    return special(op, report) if special else _generic(op.words, report)


def step_text(step: int) -> str:
    """What the step does, in words."""
    return STEPS[step][1] if 0 <= step < len(STEPS) else f"step {step}"


def hint(number: int, step: int) -> str:
    """What to do about an errno of a step, or ""."""
    name = STEPS[step][0] if 0 <= step < len(STEPS) else ""
    for errnum, steps, text in _HINTS:
        if number == errnum and (steps is None or name in steps):
            return text
    return ""


def _generic(words: str, report: Report) -> str:
    tail = hint(report.errnum, report.step)
    parts = [words, step_text(report.step), report.detail, errno_text(report.errnum)]
    return ": ".join(part for part in parts if part) + (f" ({tail})" if tail else "")


def _lookup(op: Op, report: Report) -> str:
    name = op.words
    if report.errnum == _ENOENT and "/" not in name:
        return f'exec: "{name}": executable file not found in $PATH'
    verb = "stat " + name + ": " if "/" in name and STEPS[report.step][0] == "LOOKUP" else ""
    return f'exec: "{name}": {verb}{errno_text(report.errnum)}'


def hook_reason(step: int, number: int, detail: str) -> str:
    """Why a hook failed: its exit, what it wrote, its timeout, or why it could not be executed."""
    name = STEPS[step][0]
    if name == "HOOK_TIMEOUT":
        return "hook ran past its timeout and was killed"
    if name == "HOOK_EXIT":
        return exit_text(number) + (f", output: {detail}" if detail else "")
    return errno_text(number)


def _cwd_outside(_op: Op, _report: Report) -> str:
    return STEPS[STEP["CWD_OUTSIDE"]][1]


_SPECIAL = {
    "LOOKUP": _lookup,
    "ACCESS": _lookup,
    "IS_DIRECTORY": _lookup,
    "CWD_OUTSIDE": _cwd_outside,
}


# Go's words for signals 1 to 15; it has none for the others.
_SIGNALS = (
    "hangup",
    "interrupt",
    "quit",
    "illegal instruction",
    "trace/breakpoint trap",
    "aborted",
    "bus error",
    "floating point exception",
    "killed",
    "user defined signal 1",
    "segmentation fault",
    "user defined signal 2",
    "broken pipe",
    "alarm clock",
    "terminated",
)


def exit_text(status: int) -> str:
    """A wait status in words, as Go's os/exec spells it ("exit status 1", "signal: killed").
    wait(2).
    """
    number = status & 0x7F
    if number:
        name = _SIGNALS[number - 1] if number <= len(_SIGNALS) else f"signal {number}"
        return f"signal: {name}" + (" (core dumped)" if status & 0x80 else "")
    return f"exit status {status >> 8 & 0xFF}"
