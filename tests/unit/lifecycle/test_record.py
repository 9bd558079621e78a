# SPDX-License-Identifier: Apache-2.0
"""The front door's record: Python writes it, C checks it, and whatever is wrong with it shows."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrunc import jsonio, native
from pyrunc.native import ffi, lib
from pyrunc.runtime import lists, record, state

Make = Callable[..., state.State]
Sleeper = subprocess.Popen[bytes]

GROUPS = {
    "cpu": ["/sys/fs/cgroup/cpu,cpuacct", "a/b", 2],
    "cpuacct": ["/sys/fs/cgroup/cpu,cpuacct", "a/b", 2],
    "freezer": ["/sys/fs/cgroup/freezer", "a/b", 1],
    "pids": ["/sys/fs/cgroup/pids", "", 0],
}
V1 = {"version": 1, "rootless": False, "groups": GROUPS}


@pytest.fixture
def data(make: Make, sleeper: Sleeper) -> bytes:
    """The record of a container with the groups above."""
    container = make("c", sleeper.pid, cgroup=V1, cgroup_paths={"cpu": "/x"}, hooks=["poststop"])
    return Path(container.path, "record").read_bytes()


def members(data: bytes) -> Any:
    """The record as C sees it."""
    return ffi.from_buffer("struct pr_record *", data)


def text(data: bytes, offset: int) -> bytes:
    return data[offset:data.index(b"\0", offset)]


def refused(data: bytes) -> bool:
    """True when C does not take it."""
    return not record.is_good(data)


def sealed(data: bytes, **changed: int) -> bytes:
    """The record with other members and a checksum that is right."""
    changeable = bytearray(data)
    for name, value in changed.items():
        setattr(ffi.from_buffer("struct pr_record *", changeable), name, value)
    lib.pr_record_seal(ffi.from_buffer(changeable), len(changeable))
    return bytes(changeable)


def test_what_python_writes_c_takes(data: bytes, sleeper: Sleeper) -> None:
    """ARCH: pid, start time, flags and groups arrive; one group a hierarchy."""
    assert record.is_good(data)
    found = members(data)
    assert found.pid == sleeper.pid
    assert found.start_time == native.process_stat(sleeper.pid)[0]
    assert found.flags == lib.PR_RECORD_POSTSTOP | lib.PR_RECORD_PRIVATE_PID
    assert (found.cgroup_version, found.group_count, found.freezer) == (1, 3, 1)
    made = data[found.made:found.made + 12]
    assert list(ffi.from_buffer("uint32_t[]", made)) == [2, 1, 0]
    block = data[found.groups:].split(b"\0")
    assert block[:6] == [b"/sys/fs/cgroup/cpu,cpuacct", b"a/b", b"/sys/fs/cgroup/freezer", b"a/b",
                         b"/sys/fs/cgroup/pids", b""]


@pytest.mark.parametrize(("flag", "has"), [
    ("POSTSTART", {"hooks": ["poststart"]}), ("POSTSTOP", {"hooks": ["poststop"]}),
    ("SYSTEMD", {"cgroup": {**V1, "unit": "x.scope"}}), ("RESCTRL", {"intel_rdt": {"a": 1}}),
])  # fmt: skip
def test_what_python_is_needed_for(
    make: Make, sleeper: Sleeper, flag: str, has: dict[str, Any]
) -> None:
    """ARCH: each has its own flag, so that the door leaves the verb to Python."""
    container = make("c", sleeper.pid, private_pid_namespace=False, **has)
    written = Path(container.path, "record").read_bytes()
    assert members(written).flags == getattr(lib, f"PR_RECORD_{flag}")


@pytest.mark.parametrize("annotations", [{}, {"a": '"pid": -1,\n  "status": "?"', "ü": "\\"}])
def test_the_pieces_make_what_state_prints(
    make: Make, sleeper: Sleeper, annotations: dict[str, str]
) -> None:
    """OPS-S1: the three pieces around pid and status are Python's document, byte by byte."""
    container = make("c", sleeper.pid, annotations=annotations, oci_version="1.0.2")
    written = Path(container.path, "record").read_bytes()
    found = members(written)
    shown = b"%b%d%brunning%b" % (
        text(written, found.before_pid), found.pid, text(written, found.before_status),
        text(written, found.after_status))
    assert shown.decode() == jsonio.dumps(lists.describe(container), "  ")


def test_a_container_in_the_making_has_none(make: Make) -> None:
    """ARCH: before it is created only Python knows what to do with it."""
    container = make("c", 0, phase="creating")
    assert sorted(os.listdir(container.path)) == ["state.json"]


def test_mode_and_no_temporary_file(make: Make, sleeper: Sleeper) -> None:
    """STATE: 0600, written by rename."""
    container = make("c", sleeper.pid)
    assert sorted(os.listdir(container.path)) == ["record", "state.json"]
    assert stat.S_IMODE(os.stat(f"{container.path}/record").st_mode) == 0o600


def test_too_many_annotations_have_no_record(make: Make, sleeper: Sleeper) -> None:
    """ARCH: what does not fit is served by Python."""
    container = make("c", sleeper.pid, annotations={"a": "x" * 70_000})
    assert os.listdir(container.path) == ["state.json"]


def test_a_state_of_another_runtime_has_no_record(make: Make, sleeper: Sleeper) -> None:
    """ARCH: cgroup paths without our own members are Python's to understand."""
    container = make("c", sleeper.pid, cgroup_paths={"freezer": "/sys/fs/cgroup/freezer/x"})
    assert os.listdir(container.path) == ["state.json"]


def test_a_disk_that_is_full(
    make: Make, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ARCH: a record that cannot be written is no error."""
    container = make("c", sleeper.pid)
    os.unlink(f"{container.path}/record")
    write = state.write_aside

    def full(path: str, data: bytes, mode: int) -> str:
        if path.endswith("/record"):
            raise OSError(28, "No space left on device")
        return write(path, data, mode)

    monkeypatch.setattr(state, "write_aside", full)
    container.save()
    assert os.listdir(container.path) == ["state.json"]


def test_every_damaged_byte_shows(data: bytes) -> None:
    """ARCH: a record in which one bit is wrong is not used."""
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 1
        assert refused(bytes(broken)), position


def test_every_shorter_record_shows(data: bytes) -> None:
    """ARCH: a record that is cut off, empty or followed by something is not used."""
    assert all(refused(data[:size]) for size in range(len(data)))
    assert refused(data + b"\0")


@pytest.mark.parametrize(("member", "value"), [
    ("pid", 0), ("pid", -1), ("freezer", 3), ("group_count", 4), ("group_count", 65),
    ("group_count", 2**32 - 1), ("made", 0), ("made", 2**32 - 4), ("made", 2**16 - 4),
    ("groups", 0), ("groups", 2**32 - 1), ("before_pid", 1), ("before_status", 2**31),
    ("after_status", 2**32 - 1),
])  # fmt: skip
def test_offsets_that_lead_out_of_it(data: bytes, member: str, value: int) -> None:
    """ARCH: a right checksum does not excuse a wrong offset or count."""
    assert not refused(sealed(data))
    assert refused(sealed(data, **{member: value}))


def test_strings_that_do_not_end(data: bytes) -> None:
    """ARCH: the last byte is NUL, so that no string runs on."""
    open_ended = data[:-1] + b"x"
    assert refused(sealed(open_ended))


def test_another_version_is_not_for_us(data: bytes) -> None:
    """ARCH: a newer pyrunc's record goes to Python."""
    found = bytearray(data)
    ffi.from_buffer("struct pr_record *", found).version += 1
    assert refused(bytes(found))
