# SPDX-License-Identifier: Apache-2.0
"""The eBPF device program, interpreted and compared with the rules' plain meaning."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrunc.cgroups import device_program
from pyrunc.cgroups.devices import ANY, Rule, rules_of, v1_writes

MASK = (1 << 64) - 1


def interpret(program: bytes, kind: int, access: int, major: int, minor: int) -> int:
    """Runs the program for one access; a jump or register the verifier would refuse is an error."""
    assert len(program) % 8 == 0
    code = [struct.unpack_from("<BBhi", program, i) for i in range(0, len(program), 8)]
    context = {0: access << 16 | kind, 4: major, 8: minor}
    registers: dict[int, Any] = {1: context}
    at = 0
    while True:
        op, regs, offset, imm = code[at]
        dst, src = regs & 15, regs >> 4
        at += 1
        if op == 0x95:
            return int(registers[0])
        if op == 0x61:
            registers[dst] = registers[src][offset]
        elif op == 0xB7:
            registers[dst] = imm & MASK
        elif op == 0xBF:
            registers[dst] = registers[src]
        elif op == 0x57:
            registers[dst] &= imm & MASK
        elif op == 0x77:
            registers[dst] >>= imm
        elif op in (0x55, 0x15):
            assert offset >= 0, "a loop"
            if (registers[dst] == imm & MASK) == (op == 0x15):
                at += offset
        else:
            raise AssertionError(f"unknown instruction {op:#x}")


def allowed(rules: list[Rule], kind: str, access: str, major: int, minor: int) -> bool:
    """Each wanted bit is decided by the last rule that covers it; nothing covers it: denied."""
    for bit in access:
        verdict = False
        for rule in rules:
            covers = rule.kind == "a" or (
                rule.kind == kind
                and bit in rule.access
                and rule.major in (ANY, major)
                and rule.minor in (ANY, minor)
            )
            if covers:
                verdict = rule.allow
        if not verdict:
            return False
    return True


def run(rules: list[Rule], kind: str, access: str, major: int, minor: int) -> bool:
    bits = sum(device_program.DEVCG_ACC[letter] for letter in access)
    return (
        interpret(device_program.program(rules), device_program.DEVCG_DEV[kind], bits, major, minor)
        == 1
    )


ACCESS = st.sampled_from(["r", "w", "m", "rw", "rm", "wm", "rwm"])
NUMBER = st.sampled_from([ANY, 0, 1, 2, 5])
RULE = st.builds(Rule, st.booleans(), st.sampled_from("abc"), NUMBER, NUMBER, ACCESS)


@given(
    st.lists(RULE, max_size=12), st.sampled_from("bc"), ACCESS, st.integers(0, 5), st.integers(0, 5)
)
def test_the_program_means_what_the_rules_mean(
    rules: list[Rule], kind: str, access: str, major: int, minor: int
) -> None:
    """CGD-1: for every list of rules and every access the last rule for each bit decides."""
    assert run(rules, kind, access, major, minor) == allowed(rules, kind, access, major, minor)


def test_more_rules_than_one_jump_can_pass() -> None:
    """CGD-1: a jump has 16 bits; ten thousand rules of one type are still all looked at."""
    many = [Rule(True, "c", 1, minor, "rwm") for minor in range(10_000)]
    rules = [Rule(True, "b", 8, 0, "r"), *many]
    assert run(rules, "c", "rw", 1, 0)
    assert run(rules, "c", "rw", 1, 9_999)
    assert not run(rules, "c", "rw", 2, 0)
    assert run(rules, "b", "r", 8, 0)


def test_without_rules_everything_is_denied() -> None:
    """CGD-1: the program of no rules returns 0."""
    assert not run([], "c", "r", 1, 3)


@pytest.mark.parametrize(
    ("kind", "access", "major", "minor", "verdict"),
    [
        ("c", "rwm", 1, 3, True),
        ("c", "rw", 136, 77, True),
        ("c", "rw", 5, 2, True),
        ("c", "rw", 10, 200, True),
        ("c", "m", 250, 1, True),
        ("b", "m", 8, 0, True),
        ("b", "r", 8, 0, False),
        ("c", "r", 1, 1, False),
        ("c", "rw", 10, 229, False),
    ],
)
def test_the_default_rules(kind: str, access: str, major: int, minor: int, verdict: bool) -> None:
    """CGD-7, DEV-8: by default nodes can be made, and only the default devices be opened."""
    assert run(rules_of([]), kind, access, major, minor) is verdict


def test_allow_all_leaves_one_decision() -> None:
    """CGD-1: what stands before a rule for all devices has no effect and costs nothing."""
    rules = rules_of(
        [
            {"allow": True, "type": "c", "major": 9, "minor": 9, "access": "r"},
            {"allow": True, "access": "rwm"},
        ]
    )
    assert rules[0].kind == "a"
    assert rules[0].allow
    assert run(rules, "b", "rw", 8, 0)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"}, "c 1:3 rw"),
        ({"allow": True, "type": "b", "major": 8, "access": "r"}, "b 8:* r"),
        ({"allow": True, "type": "c", "major": -1, "minor": -1, "access": "m"}, "c *:* m"),
        ({"allow": True, "access": "rwm"}, "a"),
    ],
)
def test_v1_lines(entry: dict[str, Any], line: str) -> None:
    """CGD-3, CGD-4, CGD-6, CGD-8: no type is a, absent or -1 numbers are *, a stands alone."""
    written = v1_writes(rules_of([entry]))
    assert line in [write.value for write in written if write.file == "devices.allow"]


def test_v1_denies_first_and_keeps_the_order() -> None:
    """CGD-1, CGD-8: deny all, then the config's rules in order, each to its file."""
    entries = [
        {"allow": True, "type": "c", "major": 7, "minor": 7, "access": "rw"},
        {"allow": False, "type": "c", "major": 7, "minor": 7, "access": "w"},
    ]
    written = [write.pair() for write in v1_writes(rules_of(entries))]
    assert written[:3] == [
        ("devices.deny", "a"),
        ("devices.allow", "c 7:7 rw"),
        ("devices.deny", "c 7:7 w"),
    ]
