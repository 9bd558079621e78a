# SPDX-License-Identifier: Apache-2.0
"""seccomp_compile: filters as the kernel executes them, loaded into forked children."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal

import pytest

from pyrunc import native
from pyrunc.tables import seccomp as table

from .conftest import failure, forked, step
from .filters import libc, load

# sched_yield has no arguments, so the kernel ignores what a call passes and a filter can compare.
NAME = "sched_yield"
NUMBERS = {"x86_64": 24, "aarch64": 124}
ALLOW = table.ACTIONS["SCMP_ACT_ALLOW"]
ERRNO = table.ACTIONS["SCMP_ACT_ERRNO"]
BIG = 2**63 + 5

pytestmark = pytest.mark.skipif(
    platform.machine() not in NUMBERS, reason=f"no system call numbers for {platform.machine()}"
)


def call(*args: int) -> int:
    """errno of the system call with these arguments, 0 when it was let through."""
    ctypes.set_errno(0)
    libc.syscall(NUMBERS[platform.machine()], *map(ctypes.c_ulong, args))
    return ctypes.get_errno()


def under(rules: list, *args: int, default: int = ALLOW) -> int:
    """What happens to the call under these rules: its errno, or minus the signal that ended us."""
    program, unknown = native.seccomp_compile(default, 0, architectures=[], rules=rules)
    assert not unknown and len(program) % 8 == 0

    def inside() -> int:
        load(program)
        return call(*args)

    return os.waitstatus_to_exitcode(forked(inside))


@pytest.mark.parametrize("number", [1, errno.EPERM, errno.ENOSYS, 77])
def test_errno(number: int) -> None:
    """SEC-9: ERRNO with each errno."""
    assert under([(NAME, ERRNO | number, [])]) == number


@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("SCMP_ACT_ALLOW", 0),
        ("SCMP_ACT_LOG", 0),
        ("SCMP_ACT_KILL_PROCESS", -signal.SIGSYS),
        ("SCMP_ACT_KILL", -signal.SIGSYS),
        ("SCMP_ACT_TRAP", -signal.SIGSYS),
    ],
)
def test_action(action: str, result: int) -> None:
    """SEC-9: LOG lets through, KILL and TRAP give SIGSYS."""
    assert under([(NAME, table.ACTIONS[action], [])]) == result


@pytest.mark.parametrize(
    ("op", "value", "second", "arg", "hit"),
    [
        ("SCMP_CMP_EQ", 5, 0, 5, True), ("SCMP_CMP_EQ", 5, 0, 6, False),
        ("SCMP_CMP_EQ", BIG, 0, BIG, True), ("SCMP_CMP_EQ", BIG, 0, 5, False),
        ("SCMP_CMP_NE", 5, 0, 5, False), ("SCMP_CMP_NE", 5, 0, BIG, True),
        ("SCMP_CMP_LT", 5, 0, 4, True), ("SCMP_CMP_LT", 5, 0, 5, False),
        ("SCMP_CMP_LT", 2**32, 0, 2**32 - 1, True), ("SCMP_CMP_LT", 2**32, 0, BIG, False),
        ("SCMP_CMP_LE", 5, 0, 5, True), ("SCMP_CMP_LE", 5, 0, 6, False),
        ("SCMP_CMP_GE", 5, 0, 5, True), ("SCMP_CMP_GE", 5, 0, 4, False),
        ("SCMP_CMP_GE", BIG, 0, 5, False),
        ("SCMP_CMP_GT", 5, 0, 6, True), ("SCMP_CMP_GT", 5, 0, 5, False),
        ("SCMP_CMP_GT", 2**32, 0, 2**32 + 1, True),
        ("SCMP_CMP_MASKED_EQ", 0xF0, 0x30, 0x3F, True),
        ("SCMP_CMP_MASKED_EQ", 0xF0, 0x30, 0x4F, False),
        ("SCMP_CMP_MASKED_EQ", 0xF << 40, 1 << 40, 0xFF | 1 << 40, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("index", [0, 3])
def test_comparison(index: int, op: str, value: int, second: int, arg: int, hit: bool) -> None:
    """SEC-6, SEC-9: every operator on 64-bit values; MASKED_EQ has its mask in value."""
    rule = (NAME, ERRNO | 77, [(index, table.OPERATORS[op], value, second)])
    assert under([rule], *[0] * index, arg) == (77 if hit else 0)


@pytest.mark.parametrize(("args", "hit"), [((1, 2), True), ((1, 3), False), ((0, 2), False)])
def test_conditions_are_joined(args: tuple[int, int], hit: bool) -> None:
    """SEC-6: all conditions of a rule must hold."""
    equal = table.OPERATORS["SCMP_CMP_EQ"]
    rule = (NAME, ERRNO | 77, [(0, equal, 1, 0), (1, equal, 2, 0)])
    assert under([rule], *args) == (77 if hit else 0)


def test_rule_that_equals_the_default() -> None:
    """SEC-7: a rule whose action is the default is skipped, not refused."""
    assert under([(NAME, ALLOW, []), (NAME, ERRNO | 77, [])]) == 77


def test_newer_calls() -> None:
    """SEC-7: numbers above all that the rules name get the action of newer calls, others do not."""
    rules = [("openat2", ERRNO | 77, [])]
    program, _ = native.seccomp_compile(ALLOW, ERRNO | 99, architectures=[], rules=rules)

    def inside() -> None:
        load(program)
        assert call() == 0
        ctypes.set_errno(0)
        libc.syscall(10_000)
        assert ctypes.get_errno() == 99

    assert forked(inside) == 0


def test_unknown_call() -> None:
    """SEC-7: names that libseccomp does not know are left out and reported by index."""
    rules = [("no_such_call", ERRNO | 1, []), (NAME, ERRNO | 1, []), ("nor_this", ERRNO | 1, [])]
    assert native.seccomp_compile(ALLOW, 0, architectures=[], rules=rules)[1] == [0, 2]


def test_other_architectures() -> None:
    """SEC-3: architectures are added to the native one, twice is fine."""
    words = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86"]
    numbers = [table.ARCHITECTURES[word] for word in words]
    rules = [(NAME, ERRNO | 77, [])]
    program, _ = native.seccomp_compile(ALLOW, 0, architectures=numbers, rules=rules)
    assert len(program) > len(native.seccomp_compile(ALLOW, 0, architectures=[], rules=rules)[0])


def compile_failure(**how: object) -> tuple[int, int]:
    return failure(
        native.seccomp_compile, **{"default": ALLOW, "newer": 0, "architectures": [], **how}
    )


def test_unknown_numbers() -> None:
    """SEC-1, SEC-3: an action, an architecture or a comparison that libseccomp does not know."""
    seccomp = step("SECCOMP")
    assert compile_failure(default=0x1234_5678, rules=[]) == (seccomp, errno.EINVAL)
    assert compile_failure(rules=[], architectures=[1]) == (seccomp, errno.EINVAL)
    assert compile_failure(rules=[(NAME, 0x1234_5678, [])])[0] == seccomp
    assert compile_failure(rules=[(NAME, ERRNO | 1, [(6, 4, 0, 0)])]) == (seccomp, errno.EINVAL)


def test_too_many_conditions() -> None:
    """SEC-6: a rule has six arguments to compare, no more: refused, and the rule is named."""
    rules = [(NAME, ERRNO | 1, []), (NAME, ERRNO | 2, [(0, 4, n, 0) for n in range(7)])]
    with pytest.raises(native.Failure) as caught:
        native.seccomp_compile(ALLOW, 0, architectures=[], rules=rules)
    found = caught.value
    assert (found.step, found.errno, found.detail) == (step("SECCOMP"), errno.EINVAL, NAME)
