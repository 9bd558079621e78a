# SPDX-License-Identifier: Apache-2.0
"""ROOT/ID/record: what the front door needs to serve a container without Python."""

from __future__ import annotations

import os
import sys

from pyrunc import jsonio
from pyrunc._native import ffi, lib
from pyrunc.runtime import lists, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECORD = "record"

# Where `state` prints pid and status: quotes inside of strings are escaped, so it stands once.
_BEFORE_PID, _BEFORE_STATUS = '"pid": ', ',\n  "status": "'
_PID, _STATUS = -1, "?"


def prepare(container: state.State) -> None:
    """Writes the record of a container whose state.json was just prepared, beside its place.

    Without it (a full disk, a container it cannot describe) Python serves the container.
    """
    [(written, _)] = container.written
    path = f"{container.path}/{RECORD}"
    try:
        data = encode(container, os.lstat(written))
        if data:
            container.written.append((state.write_aside(path, data, 0o600), path))
    except OSError:
        pass


def encode(container: state.State, written: os.stat_result) -> bytes:
    """The record that counts together with the state.json of this stat; b"" when there is none."""
    groups = container.cgroup.get("groups", {})
    if container.init_process_pid <= 0 or (container.cgroup_paths and not container.cgroup):
        return b""  # not ours: Python knows what to make of it
    unique = list({mount: (mount, path, made) for mount, path, made in groups.values()}.values())
    freezer = groups.get("" if container.cgroup.get("version") == 2 else "freezer")
    if freezer and tuple(freezer) not in unique:
        return b""
    flags = {
        lib.PR_RECORD_POSTSTART: "poststart" in container.hooks,
        lib.PR_RECORD_POSTSTOP: "poststop" in container.hooks,
        lib.PR_RECORD_SYSTEMD: "unit" in container.cgroup,
        lib.PR_RECORD_RESCTRL: bool(container.intel_rdt),
        lib.PR_RECORD_PRIVATE_PID: container.private_pid_namespace,
    }
    numbers = {
        "state_inode": written.st_ino,
        "state_size": written.st_size,
        "state_mtime_s": written.st_mtime_ns // 1_000_000_000,
        "state_mtime_ns": written.st_mtime_ns % 1_000_000_000,
        "start_time": container.init_process_start,
        "pid": container.init_process_pid,
        "flags": sum(flag for flag, given in flags.items() if given),
        "cgroup_version": container.cgroup.get("version", 0),
        "freezer": unique.index(tuple(freezer)) if freezer else lib.PR_RECORD_NO_GROUP,
    }
    return pack(numbers, _pieces(container), unique)


def _pieces(container: state.State) -> list[bytes]:
    """What `state` prints before the pid, between pid and status, and after the status."""
    shown = jsonio.dumps(lists.describe(container, pid=_PID, status=_STATUS), "  ")
    before, _, after = shown.partition(f'{_BEFORE_PID}{_PID}{_BEFORE_STATUS}{_STATUS}"')
    pieces = (before + _BEFORE_PID, _BEFORE_STATUS, '"' + after)
    return [piece.encode("utf-8", "surrogateescape") for piece in pieces]


def pack(
    numbers: Mapping[str, int], pieces: Sequence[bytes], groups: Sequence[tuple[str, str, int]]
) -> bytes:
    """A record (struct pr_record), b"" when it would be too big.

    numbers: the members that are no offsets. pieces: what `state` prints, around pid and status.
    groups: (mount point, path, how many of its last directories are ours).
    """
    made = b"".join(count.to_bytes(4, sys.byteorder) for _, _, count in groups)
    offset = ffi.sizeof("struct pr_record")
    offsets = {"made": offset}
    offset += len(made)
    for name, piece in zip(("before_pid", "before_status", "after_status"), pieces, strict=True):
        offsets[name] = offset
        offset += len(piece) + 1
    offsets["groups"] = offset
    block = b"".join(os.fsencode(f"{mount}\0{path}\0") for mount, path, _ in groups)
    head = ffi.new("struct pr_record *", {**numbers, **offsets, "group_count": len(groups)})
    text = b"\0".join(pieces) + b"\0" + (block or b"\0")
    data = bytearray(bytes(ffi.buffer(head)) + made + text)
    if len(data) > lib.PR_RECORD_MAX or len(groups) > lib.PR_RECORD_GROUPS_MAX:
        return b""
    lib.pr_record_seal(ffi.from_buffer(data), len(data))
    return bytes(data)


def is_good(data: bytes) -> bool:
    """True when the front door would take the record."""
    return bool(lib.pr_record_check(ffi.from_buffer(data), len(data), ffi.NULL) == 0)
