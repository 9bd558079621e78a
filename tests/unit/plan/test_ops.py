# SPDX-License-Identifier: Apache-2.0
"""The plan's numbers are the header's, its buffer is what C reads, its description for people."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrunc.plan import explain, ops

from .conftest import read_enum

HEADER = struct.Struct("=8s6I")
OP = struct.Struct("=6I5Q")
FLAGS = ("JOIN_", "MOUNT_", "CONSOLE_", "USER_", "SECCOMP_")


def decode(plan: ops.Plan) -> tuple[tuple, list[tuple], bytes]:
    """The header, the ops and the string area of the encoded plan."""
    data = bytes(plan.encode())
    header = HEADER.unpack_from(data)
    count, start = header[3], header[4]
    return (
        header,
        [OP.unpack_from(data, HEADER.size + OP.size * i) for i in range(count)],
        data[start:],
    )


def test_codes_are_the_headers() -> None:
    """PLAN: CODES has every PR_OP_ constant of the header, in its order."""
    expected = {f"PR_OP_{name}": number for name, number in ops.CODE.items()}
    assert {**expected, "PR_OP_COUNT": len(ops.CODES)} == read_enum("pr_op_code")


def test_steps_are_the_headers() -> None:
    """PLAN: explain.STEPS has every PR_STEP_ constant of the header, in its order."""
    expected = {f"PR_STEP_{name}": number for name, number in explain.STEP.items()}
    assert {**expected, "PR_STEP_COUNT": len(explain.STEPS)} == read_enum("pr_step")


def test_syncs_are_the_headers() -> None:
    """PLAN: the SYNC_ constants are the header's PR_SYNC_ ones, none missing."""
    ours = {f"PR_{name}": getattr(ops, name) for name in dir(ops) if name.startswith("SYNC_")}
    assert ours == read_enum("pr_sync")


def test_propagations_are_the_headers() -> None:
    """PLAN: the propagation words have the header's numbers."""
    ours = {f"PR_PROP_{word.upper()}": number for word, number in ops.PROPAGATIONS.items()}
    assert {"PR_PROP_NONE": 0, **ours} == read_enum("pr_propagation")


def test_flags_are_the_headers() -> None:
    """PLAN: the flags of single ops have the header's numbers, none missing."""
    ours = {f"PR_{name}": getattr(ops, name) for name in dir(ops) if name.startswith(FLAGS)}
    prefixes = tuple(f"PR_{prefix}" for prefix in FLAGS)
    header = {name: n for name, n in read_enum("").items() if name.startswith(prefixes)}
    assert ours == header


def test_hook_kinds_are_the_headers() -> None:
    """PLAN: the hook kinds have the header's numbers."""
    assert read_enum("pr_hook_kind") == {
        "PR_HOOK_CREATE_CONTAINER": ops.HOOK_CREATE_CONTAINER,
        "PR_HOOK_START_CONTAINER": ops.HOOK_START_CONTAINER,
    }


def test_header_of_the_buffer() -> None:
    """PLAN: magic, version, sizes and offsets stand where struct pr_plan has them."""
    plan = ops.Plan()
    plan.add("PIVOT")
    header, _, strings = decode(plan)
    start = HEADER.size + OP.size
    assert header == (b"PYRUNCP\0", 1, start + len(strings), 1, start, len(strings), 0)


def test_op_of_the_buffer() -> None:
    """PLAN: code, flags, strings, numbers stand where struct pr_op has them; absent ones are 0."""
    plan = ops.Plan()
    plan.add("BIND", "words", 1, ops.NONE, strings=(None, "src", "dst"), flags=5)
    (op,), strings = decode(plan)[1:]
    assert op[:2] == (ops.CODE["BIND"], 5) and op[2] == op[5] == 0
    assert strings[op[3] :].startswith(b"src\0") and strings[op[4] :].startswith(b"dst\0")
    assert op[6:] == (1, 0xFFFF_FFFF_FFFF_FFFF, 0, 0, 0)


def test_negative_numbers_are_twos_complement() -> None:
    """PLAN: a negative number becomes the 64 bits that C's int64_t has for it."""
    plan = ops.Plan()
    plan.add("UMASK", "", -2)
    assert decode(plan)[1][0][6] == 2**64 - 2


def test_blocks_are_strings_one_after_another() -> None:
    """PLAN: a list becomes NUL-terminated strings in a row, an empty one is absent."""
    plan = ops.Plan()
    plan.add("ENV_HOME", "", 0, 2, strings=([], ["a", ""]))
    (op,), strings = decode(plan)[1:]
    assert op[2] == 0 and strings[op[3] :].startswith(b"a\0\0")


def test_blobs_are_aligned() -> None:
    """PLAN: bytes begin at a multiple of 8, whatever stands before them."""
    plan = ops.Plan()
    plan.add("HOSTNAME", "", strings=("odd",))
    plan.add("AFFINITY", "", 8, strings=(b"\1\2\3\4\5\6\7\x08",))
    (_, op), strings = decode(plan)[1:]
    assert op[2] % 8 == 0 and strings[op[2] : op[2] + 8] == bytes(range(1, 9))


def test_equal_strings_are_stored_once() -> None:
    """PLAN: the string area does not grow with a string it has already."""
    plan = ops.Plan()
    first = plan.add("MKDIR", "", strings=("/same",))
    size = len(plan.encode())
    second = plan.add("MKDIR", "", strings=("/same",))
    assert first.strings == second.strings and len(plan.encode()) == size + OP.size


def test_strings_keep_undecodable_bytes() -> None:
    """PLAN: bytes of file names that are no UTF-8 reach C as they were (surrogateescape)."""
    plan = ops.Plan()
    op = plan.add("MKDIR", "", strings=("/\udcff",))
    assert decode(plan)[2][op.strings[0] :].startswith(b"/\xff\0")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ops.CODES[1:]),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
            st.integers(0, 2**64 - 1),
        )
    )
)
def test_any_plan_is_read_back(items: list[tuple[str, str, int]]) -> None:
    """PLAN: whatever is added, the buffer holds in order, and it ends in a NUL."""
    plan = ops.Plan()
    for code, text, number in items:
        plan.add(code, "", number, strings=(text,))
    _, found, strings = decode(plan)
    assert [(op[0], op[6]) for op in found] == [(ops.CODE[code], n) for code, _, n in items]
    for op, (_, text, _) in zip(found, items, strict=True):
        assert strings[op[2] : strings.index(0, op[2])].decode() == text
    assert strings[:8] == b"\0" * 8 and strings[-1] == 0


def test_describe() -> None:
    """PLAN: one op a line: its index, its name, what it is about."""
    plan = ops.Plan()
    plan.add("PIVOT", "pivot_root")
    plan.add("ROOT_READONLY", "make / read-only")
    assert plan.describe() == "  0 pivot          pivot_root\n  1 root_readonly  make / read-only"


def test_set_fifo() -> None:
    """PLAN: the fifo's descriptor goes into WAIT_START and is kept over the exec of the stage."""
    plan = ops.Plan()
    plan.add("READY", "")
    wait = plan.add("WAIT_START", "")
    plan.set_fifo(17)
    assert (tuple(wait.numbers), plan.keep_fds) == ((17,), [17])


def test_set_fifo_without_a_wait() -> None:
    """PLAN: a plan that does not wait keeps no descriptor for it."""
    plan = ops.Plan()
    plan.add("READY", "")
    plan.set_fifo(17)
    assert plan.keep_fds == []


@pytest.mark.parametrize(
    ("words", "packed"),
    [
        ([], 0),
        (["rprivate"], 2),
        (["shared", "rslave"], 3 | 6 << 8),
        (["private", "shared", "slave", "unbindable", "rprivate"], 3 | 5 << 8 | 7 << 16 | 2 << 24),
    ],
)
def test_pack_propagations(words: list[str], packed: int) -> None:
    """OPT-1: the words in their order, the first lowest; of more than four the last four count."""
    assert ops.pack_propagations(words) == packed
