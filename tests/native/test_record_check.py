# SPDX-License-Identifier: Apache-2.0
"""pr_record_check and hostile bytes: it reads none beyond, takes nothing that leads out."""

from __future__ import annotations

import random

from pyrunc.native import ffi, lib
from pyrunc.runtime import record

ROUNDS = 4000
OFFSETS = ("before_pid", "before_status", "after_status", "groups", "made")
NUMBERS = (*OFFSETS, "group_count", "freezer", "pid")


def a_record() -> bytes:
    groups = [("/sys/fs/cgroup/freezer", "a/b", 2), ("/sys/fs/cgroup/pids", "", 0)]
    pieces = [b'{"pid": ', b',\n "status": "', b'"}']
    return record.pack({"pid": 1, "freezer": 0}, pieces, groups)


def check(data: bytes) -> int:
    """What C says; the bytes stand in memory of just their size, so that a sanitizer sees more."""
    exact = ffi.new("char[]", len(data)) if data else ffi.NULL
    ffi.memmove(exact, data, len(data))
    error = ffi.new("struct pr_error *")
    done = int(lib.pr_record_check(exact, len(data), error))
    assert done == 0 or error.step == lib.PR_STEP_CHECKSUM
    return done


def inside(data: bytes) -> bool:
    """What a reader of an accepted record relies on."""
    found = ffi.from_buffer("struct pr_record *", data)
    strings = data[found.groups:].count(b"\0") >= 2 * found.group_count
    made = found.made % 4 == 0 and found.made + 4 * found.group_count <= len(data)
    freezer = found.freezer < found.group_count or found.freezer == lib.PR_RECORD_NO_GROUP
    return (strings and made and freezer and data[-1] == 0 and found.pid > 0
            and all(getattr(found, name) < len(data) for name in OFFSETS))


def test_any_numbers_behind_a_right_checksum() -> None:
    """ARCH: whatever the offsets and counts are, an accepted record stays within its bytes."""
    dice = random.Random(1)
    taken = 0
    for _ in range(ROUNDS):
        data = bytearray(a_record())
        found = ffi.from_buffer("struct pr_record *", data)
        for name in dice.sample(NUMBERS, dice.randint(1, 3)):
            wide = dice.choice((4, 200, len(data) + 8, 2**31 - 1))
            setattr(found, name, dice.randint(0, wide))
        if dice.random() < 0.2:
            data[-1] = 120
        lib.pr_record_seal(ffi.from_buffer(data), len(data))
        if check(bytes(data)) == 0:
            taken += 1
            assert inside(bytes(data))
    assert 0 < taken < ROUNDS


def test_any_bytes() -> None:
    """ARCH: noise, and a record cut anywhere, is refused."""
    dice = random.Random(2)
    good = a_record()
    assert check(good) == 0
    assert all(check(good[:size]) == -1 for size in range(len(good)))
    assert all(check(dice.randbytes(dice.randint(0, 300))) == -1 for _ in range(500))
