# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp compiled: every word of the tables, and what does not go together."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

from pyrunc.errors import NativeError
from pyrunc.runtime import seccomp
from pyrunc.runtime.context import Context
from pyrunc.tables import seccomp as table

RETURN = 0x06  # BPF_RET | BPF_K


def results(program: bytes) -> set[int]:
    """The actions that a program can return."""
    steps = [program[at : at + 8] for at in range(0, len(program), 8)]
    return {int.from_bytes(step[4:], "little") for step in steps if step[0] == RETURN}


def compiled(tmp_path: Path, **profile: Any) -> bytes:
    return seccomp.compile_filter(Context(str(tmp_path)), profile)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", sorted(set(table.ACTIONS) - {table.NOTIFY, "SCMP_ACT_ALLOW"}))
def test_action(tmp_path: Path, word: str) -> None:
    """SEC-1, SEC-2: each action is what the program returns, with the errno where it has one."""
    rule: dict[str, Any] = {"names": ["mkdirat"], "action": word}
    errno = 0
    if word in table.ERRNO_ACTIONS:
        rule["errnoRet"] = errno = 77
    program = compiled(tmp_path, defaultAction="SCMP_ACT_ALLOW", syscalls=[rule])
    assert table.ACTIONS[word] | errno in results(program)


@pytest.mark.parametrize("word", sorted(table.OPERATORS))
def test_operator(tmp_path: Path, word: str) -> None:
    """SEC-6: every operator compiles, each to a program of its own."""
    arg = {"index": 0, "value": 0xFFFF_0000_0001, "valueTwo": 1, "op": word}
    rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "args": [arg]}
    other = {**rule, "args": [{**arg, "index": 1}]}
    programs = {
        compiled(tmp_path, defaultAction="SCMP_ACT_ALLOW", syscalls=[each])
        for each in (rule, other)
    }
    assert len(programs) == 2


@pytest.mark.parametrize("word", sorted(table.ARCHITECTURES))
def test_architecture(tmp_path: Path, word: str) -> None:
    """SEC-3: each architecture is in the program, or its name is in the refusal."""
    token = table.ARCHITECTURES[word]
    rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO"}
    try:
        program = compiled(
            tmp_path, defaultAction="SCMP_ACT_ALLOW", architectures=[word], syscalls=[rule]
        )
    except NativeError as error:
        assert str(error).startswith(f"linux.seccomp.architectures: {word}: libseccomp cannot")
        assert word not in ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32")
    else:
        audit = table.ARCHITECTURES["SCMP_ARCH_X86_64"] if word == "SCMP_ARCH_X32" else token
        assert audit.to_bytes(4, "little") in program


def test_every_usual_architecture_is_known() -> None:
    """SEC-3: the words of 1.3 are all in the table."""
    assert len(table.ARCHITECTURES) == 23


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
def test_newer_on_each_architecture(tmp_path: Path) -> None:
    """SEC-7: the highest number is looked for on each architecture, x32's marked ones too."""
    words = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    rule = {"names": ["mkdir", "no_such_call"], "action": "SCMP_ACT_ALLOW"}
    program = compiled(
        tmp_path, defaultAction="SCMP_ACT_ERRNO", architectures=words, syscalls=[rule]
    )
    first = [program[at : at + 8] for at in range(0, 18 * 8, 8)]
    compared = [int.from_bytes(step[4:], "little") for step in first if step[0] == 0x25]
    assert compared == [83, 39, 0x40000000 + 83]


@pytest.mark.parametrize(
    "default", ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"]
)
def test_no_enosys(tmp_path: Path, default: str) -> None:
    """SEC-7: only a default that returns an errno is softened."""
    rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2}
    program = compiled(tmp_path, defaultAction=default, syscalls=[rule])
    assert table.ACTIONS["SCMP_ACT_ERRNO"] | 38 not in results(program)


def test_unknown_call_is_logged(tmp_path: Path) -> None:
    """SEC-7: an unknown system call is left out with a line, from memory too."""
    lines: list[str] = []
    ctx = Context(str(tmp_path), debug=lines.append)
    rule: Any = {"names": ["mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO"}
    profile: Any = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    first = seccomp.compile_filter(ctx, profile)
    assert seccomp.compile_filter(ctx, profile) == first
    text = "linux.seccomp: system call no_such_call is not known here and is left out"
    assert lines == [text, text]


@pytest.mark.parametrize(
    "change",
    [
        {"defaultAction": "SCMP_ACT_LOG"},
        {"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]},
        {"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]},
        {"syscalls": [{"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 6}]},
        {"syscalls": [{"names": ["mkdirat"], "action": "SCMP_ACT_TRAP"}]},
    ],
)
def test_other_profile_other_place(tmp_path: Path, change: dict[str, Any]) -> None:
    """SEC-9: whatever reaches the compiler is part of the key of what is remembered."""
    rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}
    profile: dict[str, Any] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    compiled(tmp_path, **profile)
    compiled(tmp_path, **{**profile, **change})
    assert len(list((tmp_path / ",seccomp").iterdir())) == 2


def test_bounded(tmp_path: Path) -> None:
    """SEC-9: the oldest programs make room for new ones."""
    from pyrunc.runtime.seccomp_cache import ENTRIES_MAX

    for errno in range(1, ENTRIES_MAX + 6):
        rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno}
        compiled(tmp_path, defaultAction="SCMP_ACT_ALLOW", syscalls=[rule])
    assert len(list((tmp_path / ",seccomp").iterdir())) == ENTRIES_MAX
