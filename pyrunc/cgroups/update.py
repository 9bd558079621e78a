# SPDX-License-Identifier: Apache-2.0
"""New limits for a running container: what changes, and the way back when one is refused."""

from __future__ import annotations

from pyrunc.errors import NativeError, PyruncError

from . import calls, writes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .manager import Manager
    from .writes import Write

    Json = dict[str, Any]

R = "linux.resources"

# Lists that are merged entry by entry: what tells two entries apart.
_KEYED = {
    "weightDevice": ("major", "minor"),
    "throttleReadBpsDevice": ("major", "minor"),
    "throttleWriteBpsDevice": ("major", "minor"),
    "throttleReadIOPSDevice": ("major", "minor"),
    "throttleWriteIOPSDevice": ("major", "minor"),
    "hugepageLimits": ("pageSize",),
}
# What constrains each other is written together.
_CHAINS = {
    "limit": "memory", "swap": "memory",
    "quota": "cfs", "period": "cfs", "burst": "cfs",
    "shares": "weight", "idle": "weight",
    "realtimeRuntime": "realtime", "realtimePeriod": "realtime",
}
_IO_MAX = "rbps=max wbps=max riops=max wiops=max"


def merge(current: Json, changes: Json) -> Json:
    """The resources after the update: members of `changes` replace those of `current`.

    Devices of blockIO and page sizes are replaced one by one, `devices` as a whole. An unlimited
    memory without a swap limit lifts the old swap limit; idle without shares drops the shares.
    """
    merged = _merge(current, changes)
    memory, cpu = changes.get("memory") or {}, changes.get("cpu") or {}
    if memory.get("limit") == -1 and memory.get("swap") is None:
        merged["memory"].pop("swap", None)
    if cpu.get("idle") is not None and cpu.get("shares") is None:
        merged["cpu"].pop("shares", None)
    return merged


def _merge(current: Json, changes: Json) -> Json:
    merged = dict(current)
    for name, value in changes.items():
        if isinstance(value, dict):
            merged[name] = _merge(current.get(name) or {}, value)
        elif name in _KEYED:
            merged[name] = _upsert(current.get(name) or [], value, _KEYED[name])
        elif value is not None:
            merged[name] = value
    return merged


def _upsert(old: Sequence[Json], new: Sequence[Json], key: tuple[str, ...]) -> list[Json]:
    entries = {tuple(entry[name] for name in key): entry for entry in old}
    entries.update({tuple(entry[name] for name in key): entry for entry in new})
    return list(entries.values())


def update(manager: Manager, current: Json, changes: Json) -> Json:
    """Makes `changes` true for a running container and returns the merged resources.

    When one value is refused the old ones are put back, and the error names the refused one.
    """
    merged = merge(current, changes)
    wanted = select(manager.writes(merged), changes)
    manager.check_before(changes, wanted)
    before = [old for write in wanted for old in _snapshot(manager, write)]
    devices = changes.get("devices") is not None
    try:
        writes.perform(wanted, manager.group_of)
        if devices:
            manager.apply_devices(merged)
    except PyruncError:
        _restore(manager, before)
        if devices:
            manager.apply_devices(current)
        raise
    return merged


def select(wanted: Sequence[Write], changes: Json) -> list[Write]:
    """The writes that a member of `changes` asks for, or is bound to by a chain."""
    fields = set(_leaves(changes, R))
    chains = {_CHAINS[field.rpartition(".")[2]] for field in fields
              if field.rpartition(".")[2] in _CHAINS
              and field.split(".")[2] in ("memory", "cpu")}
    return [write for write in wanted if write.chain in chains or write.field in fields
            or write.field.partition("[")[0] in fields]


def _leaves(value: Json, prefix: str) -> list[str]:
    """The dotted names of the members that are no objects; maps of names count as one."""
    found: list[str] = []
    for name, member in value.items():
        if isinstance(member, dict) and name not in ("unified", "rdma"):
            found += _leaves(member, f"{prefix}.{name}")
        elif member is not None:
            found.append(f"{prefix}.{name}")
    return found


def _snapshot(manager: Manager, write: Write) -> list[tuple[Write, list[str]]]:
    """The lines to write to put the file back as it is now; none for a missing file."""
    group, found = manager.group_of(write), []
    for one in (write, write.otherwise):
        if one is None:
            continue
        try:
            found.append((one, old_lines(calls.read(group, one.file), one)))
        except NativeError:
            continue
    return found


def old_lines(content: str, write: Write) -> list[str]:
    """What to write to undo `write`, from the file's content before it.

    Files with a line for each device are put back for the written device only; one without a line
    gets the value that removes it.
    """
    device, blank, _ = write.value.partition(" ")
    if not blank or ":" not in device:
        return content.splitlines()
    for line in content.splitlines():
        if line.startswith(device + " "):
            return [line]
    if write.file == "io.max":
        return [f"{device} {_IO_MAX}"]
    return [f"{device} {'default' if write.file.startswith('io.') else '0'}"]


def _restore(manager: Manager, before: Sequence[tuple[Write, list[str]]]) -> None:
    """Best effort: each old value that the kernel takes; the error being raised is what to tell."""
    old = [writes.Write(write.field, write.controller, write.file, line, chain=write.chain)
           for write, lines in before for line in lines if line]
    batches = [[write] for write in old if not write.chain]
    for chain in {write.chain for write in old if write.chain}:
        batches.append([write for write in old if write.chain == chain])
    for batch in batches:
        try:
            writes.perform(batch, manager.group_of)
        except PyruncError:
            continue
