# SPDX-License-Identifier: Apache-2.0
"""Device rules as an eBPF program of type CGROUP_DEVICE: pure, rules in, instructions out."""

from __future__ import annotations

import struct
from itertools import groupby

from .devices import ANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .devices import Rule

# linux/bpf.h
LDX_W, JNE_IMM, JEQ_IMM = 0x61, 0x55, 0x15
MOV_IMM, MOV_REG, AND_IMM, RSH_IMM, EXIT = 0xB7, 0xBF, 0x57, 0x77, 0x95
DEVCG_DEV = {"b": 1, "c": 2}
DEVCG_ACC = {"m": 1, "r": 2, "w": 4}
ALL_ACCESS = 7

_AT_ONCE = 4000  # rules: a jump over their instructions, at most 7 each, has 16 bits

# At entry r1 holds struct bpf_cgroup_dev_ctx {access_type (access << 16 | type), major, minor}.
_RESULT, _CONTEXT, _TYPE, _LEFT, _MAJOR, _MINOR, _TEST = 0, 1, 2, 3, 4, 5, 6


def _op(code: int, dst: int = 0, src: int = 0, offset: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", code, dst | src << 4, offset, imm)


def _return(allow: bool) -> list[bytes]:
    return [_op(MOV_IMM, _RESULT, imm=int(allow)), _op(EXIT)]


def _signed(number: int) -> int:
    """The 32-bit number as the signed immediate that has the same bits."""
    return number - (1 << 32) if number >= 1 << 31 else number


def program(rules: Sequence[Rule]) -> bytes:
    """The program that allows what the rules allow; without any rule it denies.

    The rules are looked at from the last to the first. The bits of the wanted access that are not
    yet granted are kept: a matching deny rule that has one of them denies, an allow rule grants its
    own, and when none is left the access is allowed. So for each bit the last rule wins (CGD-1).
    """
    code = [
        _op(LDX_W, _TYPE, _CONTEXT, 0),
        _op(MOV_REG, _LEFT, _TYPE),
        _op(AND_IMM, _TYPE, imm=0xFFFF),
        _op(RSH_IMM, _LEFT, imm=16),
        _op(LDX_W, _MAJOR, _CONTEXT, 4),
        _op(LDX_W, _MINOR, _CONTEXT, 8),
    ]
    for kind, group in groupby(reversed(rules), lambda rule: rule.kind):
        same = list(group)
        if kind == "a":
            return b"".join(code + _return(same[0].allow))
        # The type once for all of them: the kernel follows both ways of each jump when it checks.
        for first in range(0, len(same), _AT_ONCE):
            body = [op for rule in same[first : first + _AT_ONCE] for op in _block(rule)]
            code += [_op(JNE_IMM, _TYPE, offset=len(body), imm=DEVCG_DEV[kind]), *body]
    return b"".join(code + _return(False))


def _block(rule: Rule) -> list[bytes]:
    """What a rule does with a device of its type."""
    bits = 0
    for letter in rule.access:
        bits |= DEVCG_ACC[letter]
    body = _allow(bits) if rule.allow else _deny(bits)
    numbers = ((_MAJOR, rule.major), (_MINOR, rule.minor))
    tests = [(register, number) for register, number in numbers if number != ANY]
    # A 64-bit compare sign-extends its immediate, so numbers from 2**31 on cannot match: they are
    # no device numbers (20 bits at most) either.
    return [
        *(_op(JNE_IMM, register, offset=len(tests) - 1 - i + len(body), imm=_signed(number))
          for i, (register, number) in enumerate(tests)),
        *body,
    ]


def _allow(bits: int) -> list[bytes]:
    done = _return(True)
    if bits == ALL_ACCESS:
        return done
    return [
        _op(AND_IMM, _LEFT, imm=ALL_ACCESS & ~bits),
        _op(JNE_IMM, _LEFT, offset=len(done), imm=0),
        *done,
    ]


def _deny(bits: int) -> list[bytes]:
    done = _return(False)
    return [
        _op(MOV_REG, _TEST, _LEFT),
        _op(AND_IMM, _TEST, imm=bits),
        _op(JEQ_IMM, _TEST, offset=len(done), imm=0),
        *done,
    ]
