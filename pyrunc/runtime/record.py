# SPDX-License-Identifier: Apache-2.0
"""ROOT/ID/record: what the front door needs to serve a container without Python."""

from __future__ import annotations

import os

from pyrunc import jsonio, native
from pyrunc.runtime import lists, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = "record"

# Where `state` prints pid and status: quotes inside of strings are escaped, so it stands once.
_BEFORE_PID, _BEFORE_STATUS = '"pid": ', ',\n  "status": "'
_PID, _STATUS = -1, "?"


def save(container: state.State) -> None:
    """Writes the record of a container whose state.json was just written.

    Without it (a full disk, a container it cannot describe) Python serves the container.
    """
    try:
        data = encode(container, os.lstat(f"{container.path}/{state.STATE}"))
        if data:
            state.replace_file(f"{container.path}/{RECORD}", data, 0o600)
    except OSError:
        pass


def encode(container: state.State, written: os.stat_result) -> bytes:
    """The record that counts together with the state.json of this stat; b"" when there is none."""
    groups = _groups(container)
    if groups is None or container.init_process_pid <= 0:
        return b""
    found, freezer = groups
    flags = {
        **{kind: kind in container.hooks for kind in ("poststart", "poststop")},
        "systemd": "unit" in container.cgroup,
        "private_pid": container.private_pid_namespace,
    }
    numbers = {
        "state_inode": written.st_ino,
        "state_size": written.st_size,
        "state_mtime_s": written.st_mtime_ns // 1_000_000_000,
        "state_mtime_ns": written.st_mtime_ns % 1_000_000_000,
        "start_time": container.init_process_start,
        "pid": container.init_process_pid,
        "flags": sum(native.RECORD_FLAGS[name] for name, given in flags.items() if given),
        "cgroup_version": container.cgroup.get("version", 0),
        "freezer": freezer,
    }
    return native.record(numbers, _pieces(container), found)


def _pieces(container: state.State) -> Sequence[bytes]:
    """What `state` prints before the pid, between pid and status, and after the status."""
    shown = jsonio.dumps(lists.describe(container, pid=_PID, status=_STATUS), "  ")
    before, _, after = shown.partition(f'{_BEFORE_PID}{_PID}{_BEFORE_STATUS}{_STATUS}"')
    pieces = (before + _BEFORE_PID, _BEFORE_STATUS, '"' + after)
    return [piece.encode("utf-8", "surrogateescape") for piece in pieces]


def _groups(container: state.State) -> tuple[list[tuple[str, str, int]], int] | None:
    """One group a hierarchy and which of them has the freezer; None for what is not ours."""
    entries = container.cgroup.get("groups", {})
    if container.cgroup_paths and not container.cgroup:
        return None
    unique = {mount: (mount, path, made) for mount, path, made in entries.values()}
    freezer = entries.get("" if container.cgroup["version"] == 2 else "freezer") if entries else None
    found = list(unique.values())
    return found, found.index(tuple(freezer)) if freezer else native.RECORD_NO_GROUP
