# SPDX-License-Identifier: Apache-2.0
"""Reports of the init stage as sentences: exact texts, since engines match on some of them."""

from __future__ import annotations

import errno
import signal

import pytest

from pyrunc.plan import explain, ops


class Report:
    """What struct pr_msg says of a failure."""

    def __init__(self, step: str, errnum: int, op: int = 0, detail: str = "") -> None:
        self.op = op
        self.step = explain.STEP[step]
        self.errnum = errnum
        self.detail = detail


def sentence(code: str, words: str, *report: object, detail: str = "") -> str:
    plan = ops.Plan()
    plan.add(code, words)
    return explain.sentence(plan, Report(*report, detail=detail))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "step", "errnum", "text"),
    [
        ("nope", "LOOKUP", errno.ENOENT, 'exec: "nope": executable file not found in $PATH'),
        ("/no/pe", "LOOKUP", errno.ENOENT,
         'exec: "/no/pe": stat /no/pe: no such file or directory'),
        ("/etc/passwd", "ACCESS", errno.EACCES, 'exec: "/etc/passwd": permission denied'),
        ("tool", "ACCESS", errno.EACCES, 'exec: "tool": permission denied'),
        ("/etc", "IS_DIRECTORY", errno.EISDIR, 'exec: "/etc": is a directory'),
        ("./x/y", "LOOKUP", errno.ENOTDIR, 'exec: "./x/y": stat ./x/y: not a directory'),
    ],
)  # fmt: skip
def test_program_not_to_be_run(name: str, step: str, errnum: int, text: str) -> None:
    """PRC-4: a program that is missing or may not be run, in the words engines look for."""
    assert sentence("LOOKUP", name, step, errnum) == text


@pytest.mark.parametrize(
    ("step", "errnum", "text"),
    [
        ("HOOK_EXIT", 3 << 8, "error running createContainer hook #1: /h: exit status 3"),
        ("HOOK_EXIT", signal.SIGKILL, "error running createContainer hook #1: /h: signal: killed"),
        ("HOOK_TIMEOUT", errno.ETIMEDOUT,
         "error running createContainer hook #1: /h: hook ran past its timeout and was killed"),
        ("EXEC", errno.ENOENT,
         "error running createContainer hook #1: /h: no such file or directory"),
    ],
)  # fmt: skip
def test_failed_hook(step: str, errnum: int, text: str) -> None:
    """HK-9: a hook that fails, is killed, runs too long or is not there."""
    assert sentence("HOOK", "running createContainer hook #1: /h", step, errnum) == text


def test_cwd_outside() -> None:
    """PRC-2: CVE-2024-21626 in the words of the reference."""
    assert sentence("CWD_CHECK", "chdir to cwd (/x)", "CWD_OUTSIDE", errno.ENOENT) == (
        "current working directory is outside of container mount namespace root"
        " -- possible container breakout detected"
    )


@pytest.mark.parametrize(
    ("code", "words", "step", "errnum", "detail", "text"),
    [
        ("MOUNT", "mount tmpfs on /x", "FSCONFIG", errno.EINVAL, "tmpfs: Unknown parameter 'y'",
         "mount tmpfs on /x: fsconfig: tmpfs: Unknown parameter 'y': invalid argument"),
        ("BIND", "mount /src on /x", "OPEN_SOURCE", errno.ENOENT, "",
         "mount /src on /x: open the source: no such file or directory"),
        ("MOUNT", "mount foofs on /x", "FSOPEN", errno.ENODEV, "",
         ("mount foofs on /x: fsopen: no such device"
         " (the kernel does not know this file system, see /proc/filesystems)")),
        ("BIND", "mount /src on /x", "MOVE_MOUNT", errno.ENOSPC, "",
         "mount /src on /x: move_mount: no space left on device (see /proc/sys/fs/mount-max)"),
        ("UNSHARE", "new time namespace", "UNSHARE", errno.ENOSPC, "",
         ("new time namespace: unshare: no space left on device"
         " (see /proc/sys/user/max_*_namespaces)")),
        ("SETATTR", "make /dev read-only", "MOUNT_SETATTR", errno.ENOSYS, "",
         ("make /dev read-only: mount_setattr: function not implemented"
         " (the kernel is too old, or an outer seccomp filter hides the system call)")),
        ("SYSCTL", "sysctl net.x", "WRITE", errno.EINVAL, "",
         "sysctl net.x: write: invalid argument"),
        ("USER", "become user 9:9", "SETUID", errno.EPERM, "",
         "become user 9:9: setuid: operation not permitted"),
    ],
)  # fmt: skip
def test_op_step_and_reason(
    code: str, words: str, step: str, errnum: int, detail: str, text: str
) -> None:
    """VAL-1: what was tried on what, the call, the kernel's words, the errno, what to do."""
    assert sentence(code, words, step, errnum, detail=detail) == text


def test_report_without_an_op() -> None:
    """VAL-1: a stage that fails before its first op speaks of its own start."""
    plan = ops.Plan()
    assert explain.sentence(plan, Report("PLAN", errno.EINVAL)) == (
        "start the init stage: the plan is malformed: invalid argument"
    )


def test_unknown_step_has_a_text() -> None:
    """VAL-1: a number that is no step is named, not hidden."""
    assert explain.step_text(999) == "step 999" and explain.hint(errno.EIO, 999) == ""


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "exit status 0"),
        (127 << 8, "exit status 127"),
        (1, "signal: hangup"),
        (signal.SIGTERM, "signal: terminated"),
        (signal.SIGSEGV | 0x80, "signal: segmentation fault (core dumped)"),
        (signal.SIGSYS, "signal: signal 31"),
    ],
)
def test_exit_text(status: int, text: str) -> None:
    """HK-9: exit codes and signals as Go's os/exec spells them."""
    assert explain.exit_text(status) == text
