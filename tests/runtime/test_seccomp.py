# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp: actions, comparisons, flags, and where in the start the filter is loaded."""

from __future__ import annotations

import platform
import re
import subprocess
from typing import Any

import pytest

from .harness import Container, departs

if platform.machine() != "x86_64":
    pytest.skip("the system call numbers of x86_64 are used", allow_module_level=True)

# syscalls(2), x86_64: calls that the witness does not need, whose arguments the kernel ignores
GETPRIORITY, SCHED_YIELD, GETPGID, MKDIR = 140, 24, 121, 83
AGE = {"getpriority": GETPRIORITY, "sched_yield": SCHED_YIELD, "getpgid": GETPGID}


def profile(container: Container, *rules: dict[str, Any], **members: Any) -> Container:
    """Allow everything but what the rules say."""
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": list(rules),
        **members,
    }
    return container


def rule(action: str, *names: str, **members: Any) -> dict[str, Any]:
    """One entry of syscalls."""
    return {"names": list(names), "action": f"SCMP_ACT_{action}", **members}


def call(container: Container, number: int, *args: int) -> list[str]:
    """Make the raw system call inside; "RESULT ERRNO"."""
    container.bundle.inside("syscall", str(number), *map(str, args))
    return container.report()[0].split()


def test_allow(container: Container) -> None:
    """SEC-5: what no rule names takes the default action."""
    assert call(profile(container, rule("ERRNO", "getpgid")), SCHED_YIELD) == ["0", "ok"]


@pytest.mark.parametrize("members", [{}, {"errnoRet": 1}])
def test_errno(container: Container, members: dict[str, int]) -> None:
    """SEC-2: ERRNO gives EPERM when no errno is named."""
    assert call(profile(container, rule("ERRNO", "getpgid", **members)), GETPGID) == ["-1", "EPERM"]


@pytest.mark.parametrize(("number", "name"), [(2, "ENOENT"), (38, "ENOSYS"), (13, "EACCES")])
def test_errno_ret(container: Container, number: int, name: str) -> None:
    """SEC-2: errnoRet is the errno."""
    profile(container, rule("ERRNO", "getpgid", errnoRet=number))
    assert call(container, GETPGID) == ["-1", name]


def test_errno_ret_zero(container: Container) -> None:
    """SEC-2: errnoRet 0 makes the call do nothing and succeed."""
    profile(container, rule("ERRNO", "mkdir", errnoRet=0))
    assert call(container, MKDIR, 0, 0) == ["0", "ok"]


@departs("runc", "1.1 makes more calls under the filter than this list has")
def test_default_errno_ret(container: Container) -> None:
    """SEC-2: defaultErrnoRet is the default action's errno."""
    names = (
        "read write open openat close fstat mmap munmap brk rt_sigaction rt_sigprocmask ioctl "
        "execve exit exit_group arch_prctl set_tid_address writev lseek fcntl prctl futex capset "
        "capget setresuid setresgid setgroups chdir fchdir getcwd newfstatat statx prlimit64 "
        "sendmsg recvmsg getppid getpid close_range getuid getgid umask readlinkat readlink "
        "poll ppoll clone clone3 wait4 faccessat faccessat2 openat2 stat lstat getdents64 dup dup3 "
        "setsid access rt_sigreturn mprotect set_robust_list getrandom rseq sched_getaffinity "
        "execveat seccomp kill tgkill gettid madvise fstatfs statfs pread64 sigaltstack"
    ).split()
    profile(
        container,
        rule("ALLOW", *names),
        defaultAction="SCMP_ACT_ERRNO",
        defaultErrnoRet=13,
    )
    assert call(container, GETPGID) == ["-1", "EACCES"]


@pytest.mark.parametrize(
    ("action", "code"), [("KILL_PROCESS", 159), ("KILL", 159), ("KILL_THREAD", 159), ("TRAP", 159)]
)
def test_kill(container: Container, action: str, code: int) -> None:
    """SEC-1: each kind of kill, and TRAP without a handler, end the program by SIGSYS."""
    profile(container, rule(action, "getpgid"))
    container.bundle.inside("syscall", str(GETPGID))
    assert container.finish() == (code, "")


def test_log(container: Container) -> None:
    """SEC-1: LOG lets the call through."""
    assert call(profile(container, rule("LOG", "sched_yield")), SCHED_YIELD) == ["0", "ok"]


def test_trace(container: Container) -> None:
    """SEC-1: TRACE without a tracer gives ENOSYS."""
    assert call(profile(container, rule("TRACE", "getpgid")), GETPGID) == ["-1", "ENOSYS"]


# op, value, valueTwo: an argument that matches, one that does not
COMPARISONS = {
    "NE": (7, 0, 8, 7),
    "LT": (7, 0, 6, 7),
    "LE": (7, 0, 7, 8),
    "EQ": (7, 0, 7, 8),
    "GE": (7, 0, 7, 6),
    "GT": (7, 0, 8, 7),
    "MASKED_EQ": (0xF0, 0x20, 0x2F, 0x3F),
}


@pytest.mark.parametrize("op", COMPARISONS)
def test_comparison(container: Container, op: str) -> None:
    """SEC-6: the rule holds for an argument that compares so, and for no other."""
    value, second, hit, miss = COMPARISONS[op]
    arg = {"index": 1, "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": second}
    profile(container, rule("ERRNO", "getpriority", errnoRet=38, args=[arg]))
    container.bundle.sh(
        f"inside syscall {GETPRIORITY} 0 {hit}; inside syscall {GETPRIORITY} 0 {miss}"
    )
    first, last = (line.split()[1] for line in container.report())
    assert first == "ENOSYS" and last in ("ok", "ESRCH")


@pytest.mark.parametrize(
    ("value", "hit", "miss"),
    [
        (1 << 63, 1 << 63, 1),
        ((1 << 64) - 1, (1 << 64) - 1, (1 << 32) - 1),
        ((5 << 32) | 7, (5 << 32) | 7, 7),
    ],
)
def test_64_bits(container: Container, value: int, hit: int, miss: int) -> None:
    """SEC-9: all 64 bits of an argument are compared."""
    arg = {"index": 2, "op": "SCMP_CMP_EQ", "value": value}
    profile(container, rule("ERRNO", "sched_yield", errnoRet=38, args=[arg]))
    container.bundle.sh(
        f"inside syscall {SCHED_YIELD} 0 0 {hit}; inside syscall {SCHED_YIELD} 0 0 {miss}"
    )
    assert [line.split()[1] for line in container.report()] == ["ENOSYS", "ok"]


def test_all_conditions(container: Container) -> None:
    """SEC-6: conditions on different arguments must all hold."""
    args = [{"index": index, "op": "SCMP_CMP_EQ", "value": 5} for index in (0, 1)]
    profile(container, rule("ERRNO", "sched_yield", errnoRet=38, args=args))
    container.bundle.sh(
        "; ".join(f"inside syscall {SCHED_YIELD} {a} {b}" for a, b in ((5, 5), (5, 1), (1, 5)))
    )
    assert [line.split()[1] for line in container.report()] == ["ENOSYS", "ok", "ok"]


def test_conditions_on_one_argument(container: Container) -> None:
    """SEC-6: several conditions on the same argument are alternatives."""
    args = [{"index": 0, "op": "SCMP_CMP_EQ", "value": value} for value in (5, 9)]
    profile(container, rule("ERRNO", "sched_yield", errnoRet=38, args=args))
    container.bundle.sh("; ".join(f"inside syscall {SCHED_YIELD} {value}" for value in (5, 9, 7)))
    assert [line.split()[1] for line in container.report()] == ["ENOSYS", "ENOSYS", "ok"]


def test_several_rules(container: Container) -> None:
    """SEC-5: rules for different calls are each their own."""
    profile(
        container,
        rule("ERRNO", "getpgid", errnoRet=2),
        rule("ERRNO", "sched_yield", "getpriority", errnoRet=13),
    )
    container.bundle.sh("; ".join(f"inside syscall {number}" for number in AGE.values()))
    assert [line.split()[1] for line in container.report()] == ["EACCES", "EACCES", "ENOENT"]


def test_unknown_names(container: Container) -> None:
    """SEC-7: names that are not known here are left out, in silence."""
    profile(container, rule("ERRNO", "no_such_call", "getpgid", "timer_settime_oddly"))
    assert call(container, GETPGID) == ["-1", "EPERM"]


def test_rule_equal_to_the_default(container: Container) -> None:
    """SEC-7: a rule that says what the default says is no error."""
    assert call(profile(container, rule("ALLOW", "getpgid")), SCHED_YIELD) == ["0", "ok"]


@pytest.mark.parametrize("nnp", [True, False])
@pytest.mark.parametrize("uid", [0, 1000])
def test_status(container: Container, nnp: bool, uid: int) -> None:
    """SEC-8: the filter is loaded with and without noNewPrivileges, for root and others; the bit
    is only what the config says."""
    profile(container, rule("ERRNO", "getpgid"))
    container.bundle.process["noNewPrivileges"] = nnp
    container.bundle.process["user"] = {"uid": uid, "gid": uid}
    container.bundle.args("/bin/grep", "-E", "^(NoNewPrivs|Seccomp):", "/proc/self/status")
    assert [line.split()[1] for line in container.report()] == [str(int(nnp)), "2"]


@pytest.mark.parametrize(
    "nnp",
    [True, pytest.param(False, marks=departs("runc", "1.1 gives up power under the filter"))],
)
def test_calls_that_only_the_runtime_makes(container: Container, *, nnp: bool) -> None:
    """SEC-8: the filter comes last: it may forbid what the runtime itself needs before."""
    needed = ["setresuid", "setuid", "capset", "prctl", "chdir", "setgroups", "mount", "unshare"]
    profile(container, rule("ERRNO", *needed))
    container.bundle.process["noNewPrivileges"] = nnp
    container.bundle.process["user"] = {"uid": 1000, "gid": 1000}
    container.bundle.args("/bin/id", "-u")
    assert container.report() == ["1000"]


def calls_of(container: Container, uid: int, *argv: str) -> set[str]:
    """The system calls that busybox makes for this user, its execve among them."""
    command = ["strace", "-qq", container.bundle.rootfs / "bin/busybox", *argv]
    done = subprocess.run(
        command, user=uid, group=uid, extra_groups=[], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^(\w+)\(", done.stderr, re.MULTILINE))


@departs("runc", "1.1 needs more for itself under the filter")
@departs("crun", "1.8 needs more for itself under the filter")
@pytest.mark.parametrize("nnp", [True, False])
@pytest.mark.parametrize("uid", [0, 1000])
@pytest.mark.parametrize("verb", ["create", "run", "exec"])
def test_nothing_but_the_programs_own_calls(
    container: Container, *, verb: str, uid: int, nnp: bool
) -> None:
    """SEC-8: a profile that kills at all but what the program itself does lets it run."""
    argv = ("sleep", "0.01" if verb != "exec" else "60")
    names = calls_of(container, uid, "sleep", "0.01") | calls_of(container, uid, "true")
    profile(container, rule("ALLOW", *names), defaultAction="SCMP_ACT_KILL_PROCESS")
    container.bundle.process.update(noNewPrivileges=nnp, user={"uid": uid, "gid": uid})
    container.bundle.args(f"/bin/{argv[0]}", argv[1])
    if verb == "run":
        assert container.run().code == 0
        return
    container.up()
    if verb == "exec":
        result = container.exec("/bin/true")
        assert (result.code, result.err) == (0, "")
        assert container.exec("/bin/id").code == 128 + 31  # SIGSYS: the filter is there
        container.kill("KILL")
    assert container.wait() == (128 + 9 if verb == "exec" else 0)


@pytest.mark.parametrize("uid", [0, 1000])
def test_power_to_load_the_filter_is_gone(container: Container, uid: int) -> None:
    """SEC-8, CAP-2: the program has the sets of the config, as without a filter, and so have its
    startContainer hook and what exec runs."""
    show = "grep ^Cap /proc/self/status"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"{show} > /tmp/hook"]}
    container.bundle.config["hooks"] = {"startContainer": [hook]}
    kinds = ("bounding", "effective", "permitted", "inheritable", "ambient")
    container.bundle.process.update(
        noNewPrivileges=False,
        user={"uid": uid, "gid": uid},
        capabilities={kind: ["CAP_CHOWN", "CAP_KILL"] for kind in kinds},
    )
    profile(container, rule("ERRNO", "getpgid"))
    container.bundle.sh(f"{show}; cat /tmp/hook; echo done; exec sleep 60")
    container.up()
    container.says("done")
    seen = container.output().splitlines()[:-1] + container.exec("/bin/sh", "-c", show).lines
    assert len(seen) == 15
    assert {line.split()[1] for line in seen} == {f"{1 << 0 | 1 << 5:016x}"}


def test_exec(container: Container) -> None:
    """SEC-8: an exec'd program has the container's filter."""
    profile(container, rule("ERRNO", "getpgid", errnoRet=2)).up()
    assert container.exec("inside", "syscall", str(GETPGID)).out == "-1 ENOENT\n"


FLAGS = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]


@departs("runc", "1.1 as Debian builds it has no flags")
@pytest.mark.parametrize("flags", [[], *([flag] for flag in FLAGS), FLAGS])
def test_flags(container: Container, flags: list[str]) -> None:
    """SEC-4: flags are taken; an empty list is none."""
    assert call(profile(container, rule("ERRNO", "getpgid"), flags=flags), GETPGID)[1] == "EPERM"


@departs("runc", "1.1 does not know TSYNC")
def test_tsync(container: Container) -> None:
    """SEC-4: TSYNC is taken."""
    profile(container, rule("ERRNO", "getpgid"), flags=["SECCOMP_FILTER_FLAG_TSYNC"])
    assert call(container, GETPGID)[1] == "EPERM"


def test_speculation(container: Container) -> None:
    """SEC-4: without flags SPEC_ALLOW is used: the mitigation is not forced on the program."""
    profile(container, rule("ERRNO", "getpgid"))
    container.bundle.args("/bin/grep", "Speculation_Store_Bypass", "/proc/self/status")
    assert "force" not in container.report()[0]


@pytest.mark.parametrize(
    "broken",
    [
        {"defaultAction": "SCMP_ACT_NONSENSE"},
        {"architectures": ["SCMP_ARCH_Z80"]},
        {"flags": ["SECCOMP_FILTER_FLAG_NONSENSE"]},
        {"syscalls": [{"names": ["getpgid"], "action": "ERRNO"}]},
        pytest.param(
            {"syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]},
            marks=departs("runc", "1.1 takes it for no rule"),
        ),
    ],
    ids=lambda value: next(iter(value)),
)
def test_bad_profile(container: Container, broken: dict[str, Any]) -> None:
    """SEC-1, SEC-3, SEC-4, SEC-5: words that are not in the standard's tables are refused."""
    profile(container, **broken)
    container.fails()


@departs("runc", "1.1 takes it and drops it")
def test_errno_with_allow(container: Container) -> None:
    """SEC-2: an errno for an action that has none is refused."""
    profile(container, rule("ALLOW", "getpgid", errnoRet=5), defaultAction="SCMP_ACT_LOG")
    assert "errnoRet" in container.fails()


def test_x32_is_covered(container: Container) -> None:
    """SEC-9: a filter for x32 too holds for calls with the x32 bit."""
    profile(container, rule("ERRNO", "getpgid", errnoRet=2))
    assert call(container, GETPGID | 0x40000000)[1] in ("ENOENT", "ENOSYS")


def test_unlisted_architecture(container: Container) -> None:
    """SEC-3: a call through an architecture that is not listed does not pass."""
    profile(container, rule("ERRNO", "getpgid", errnoRet=2), architectures=["SCMP_ARCH_X86_64"])
    container.bundle.inside("syscall", str(GETPGID | 0x40000000))
    code, out = container.finish()
    assert code == 159 or out.split()[1] in ("ENOENT", "ENOSYS", "EPERM")
