# SPDX-License-Identifier: Apache-2.0
"""pr_plan_check: what Python encodes is accepted, what is malformed is refused and never read."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrunc import native
from pyrunc.plan import ops

from .conftest import failure, step

HEADER = struct.Struct("=8s6I")
OP = struct.Struct("=6I5Q")
MALFORMED = (step("PLAN"), errno.EINVAL)
NUMBERS = (0, 1, 2, 7, 8, 255, 2**31, 2**32 - 1, 2**63, 2**64 - 1)


def sample() -> ops.Plan:
    """A plan with every kind of field: strings, blocks, blobs, none."""
    plan = ops.Plan()
    plan.add("HOSTNAME", "", strings=("host",))
    plan.add("MOUNT", "", 0, 0, 0, 0, 2, strings=("tmpfs", "tmpfs", "/t", ["size=1k", "mode=755"]))
    plan.add("BIND", "", 0, 0, 0, ops.NONE, ops.NONE, strings=(None, "/s", "/d"))
    plan.add("MEMPOLICY", "", 2, 64, strings=(b"\1" * 8,))
    plan.add("SCHED", "", 0, 0, 0, strings=(b"\0" * 24,))
    plan.add("AFFINITY", "", 8, strings=(b"\1" * 8,))
    plan.add("USER", "", 0, 0, 2, strings=(b"\1" * 8,))
    plan.add("HOOK", "", 1, 1, 0, 0, strings=("/h", ["/h", "A=1"], "{", "}"))
    plan.add("ENV_HOME", "", 1, 1, 0, strings=(["A=1"], ["sh"]))
    plan.add("LAST_WORD", "")
    plan.add("EXEC", "")
    return plan


def changed_header(**fields: object) -> bytearray:
    """The sample's buffer with other values in its header."""
    names = ("magic", "version", "size", "op_count", "str_off", "str_size", "reserved")
    data = sample().encode()
    values = dict(zip(names, HEADER.unpack_from(data), strict=True)) | fields
    HEADER.pack_into(data, 0, *values.values())
    return data


def changed_op(index: int, **fields: int) -> bytearray:
    """The sample's buffer with other values in one op: code, flags, s0 to s3, n0 to n4."""
    names = ("code", "flags", "s0", "s1", "s2", "s3", "n0", "n1", "n2", "n3", "n4")
    data = sample().encode()
    at = HEADER.size + OP.size * index
    values = dict(zip(names, OP.unpack_from(data, at), strict=True)) | fields
    OP.pack_into(data, at, *values.values())
    return data


@pytest.mark.parametrize("code", ops.CODES[1:])
def test_every_code_is_known(code: str) -> None:
    """PLAN: C accepts each code, with strings in all places and no blocks."""
    plan = ops.Plan()
    blob = {"SCHED": 24, "AFFINITY": 8}.get(code)
    strings = (b"\0" * blob, "b", "c", "d") if blob else ("a", "b", "c", "d")
    number = 8 if code == "AFFINITY" else 0
    if code in ("MEMPOLICY", "USER"):
        strings = (b"\0" * 8, "b", "c", "d")
    plan.add(code, "", number, strings=strings)
    native.plan_check(plan.encode())


def test_sample_is_accepted() -> None:
    """PLAN: strings, blocks and blobs as Python encodes them."""
    native.plan_check(sample().encode())


def test_empty_plan_is_accepted() -> None:
    """PLAN: a plan without ops is well-formed (the stage then finds no EXEC)."""
    native.plan_check(ops.Plan().encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"magic": b"PYRUNCX\0"}, {"version": 2}, {"version": 0}, {"size": 0}, {"size": 2**32 - 1},
        {"op_count": 12}, {"op_count": 2**32 - 1}, {"str_off": 0}, {"str_off": 40},
        {"str_off": 2**32 - 8}, {"str_size": 0}, {"str_size": 2**32 - 1},
    ],
    ids=str,
)  # fmt: skip
def test_malformed_header(fields: dict[str, object]) -> None:
    """PLAN: a header that does not describe its buffer is refused."""
    assert failure(native.plan_check, changed_header(**fields)) == MALFORMED


@pytest.mark.parametrize(
    ("index", "fields"),
    [
        (0, {"code": 0}), (0, {"code": len(ops.CODES)}), (0, {"code": 2**32 - 1}),
        (0, {"s0": 0}), (0, {"s0": 2**32 - 1}), (0, {"s3": 2**31}),
        (1, {"s3": 0}), (1, {"n4": 10_000}), (1, {"n4": 2**64 - 1}),
        (2, {"s1": 0}), (2, {"s2": 0}),
        (3, {"s0": 0}), (3, {"n1": 10_000}), (3, {"n1": 2**64 - 1}), (3, {"s0": 9}),
        (4, {"s0": 0}), (4, {"s0": 1}),
        (5, {"n0": 10_000}), (5, {"n0": 2**64 - 1}), (5, {"s0": 0}),
        (6, {"n2": 2**62}), (6, {"n2": 2**64 - 1}), (6, {"s0": 0}),
        (7, {"s2": 0}), (7, {"n0": 10_000}), (7, {"n0": 2**64 - 1, "n1": 1}),
        (7, {"n0": 1, "n1": 2**64 - 1}), (7, {"s1": 0}), (7, {"s1": 0, "n0": 0, "n1": 5}),
        (8, {"s1": 0}), (8, {"s0": 0}), (8, {"n1": 2**64 - 1}),
    ],
    ids=str,
)  # fmt: skip
def test_malformed_op(index: int, fields: dict[str, int]) -> None:
    """PLAN: an op that is unknown, lacks a string or reaches out of the buffer is refused."""
    assert failure(native.plan_check, changed_op(index, **fields)) == MALFORMED


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_cut_short(cut: int) -> None:
    """PLAN: a buffer without its last bytes is refused."""
    assert failure(native.plan_check, sample().encode()[:-cut]) == MALFORMED


def test_strings_must_end() -> None:
    """PLAN: a string area whose last byte is not NUL is refused."""
    data = sample().encode()
    data[-1] = 1
    assert failure(native.plan_check, data) == MALFORMED


def test_nothing() -> None:
    """PLAN: an empty buffer is refused."""
    assert failure(native.plan_check, b"") == MALFORMED


def reads_inside(data: bytes) -> bool:
    """Whether every string, block and blob of an accepted plan ends inside: C's rules once more."""
    _, _, _, count, start, size, _ = HEADER.unpack_from(data)
    strings = data[start : start + size]
    blocks = {"MOUNT": {3: (4,)}, "REMOUNT": {3: (4,)}, "HOOK": {1: (0, 1)},
              "ENV_HOME": {0: (0,), 1: (1,)}}  # fmt: skip
    blobs = {"SCHED": lambda n: 24, "MEMPOLICY": lambda n: (n[1] + 63) // 64 * 8,
             "AFFINITY": lambda n: n[0], "USER": lambda n: n[2] * 4}  # fmt: skip
    for index in range(count):
        code, _, *rest = OP.unpack_from(data, HEADER.size + OP.size * index)
        name, offsets, numbers = ops.CODES[code], rest[:4], rest[4:]
        for place, offset in enumerate(offsets):
            if place == 0 and name in blobs:
                size_of = blobs[name](numbers)
                fits = offset + size_of <= size if offset else name != "SCHED" and size_of == 0
            else:
                counted = blocks.get(name, {}).get(place)
                wanted = sum(numbers[n] for n in counted) if counted else int(offset > 0)
                fits = wanted == 0 or (offset > 0 and strings[offset:].count(b"\0") >= wanted)
            if not fits:
                return False
    return True


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutations_never_reach_outside(data: st.DataObject) -> None:
    """PLAN: whatever is changed in a plan, an accepted one has all it names inside its buffer."""
    buffer = sample().encode()
    fields = [*range(8, HEADER.size, 4), *range(HEADER.size, HEADER.size + OP.size * 10, 4)]
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at = data.draw(st.sampled_from(fields), label="at")
        value = data.draw(st.sampled_from(NUMBERS) | st.integers(0, 400), label="value")
        width = 8 if value > 0xFFFF_FFFF else 4
        buffer[at : at + width] = value.to_bytes(width, "little")
    try:
        native.plan_check(buffer)
    except native.Failure as caught:
        assert (caught.step, caught.errno) == MALFORMED
    else:
        assert reads_inside(bytes(buffer))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    """PLAN: bytes behind a right magic and version are refused or harmless."""
    data = b"PYRUNCP\0" + (1).to_bytes(4, "little") + noise
    try:
        native.plan_check(data)
    except native.Failure as caught:
        assert (caught.step, caught.errno) == MALFORMED
    else:
        assert reads_inside(data)
