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
    "priorities": ("name",),
}
# Maps whose keys are names of the kernel's, not members of the standard.
_MAPS = ("unified", "rdma")
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

    What has a key (devices of blockIO, page sizes, interfaces, files of `unified`) is replaced one
    by one, the device rules (`devices`, whose order matters) as a whole. An unlimited memory
    without a swap limit lifts the old swap limit; idle without shares drops the shares.
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
    devices = changes_devices(current, changes)
    with Still(manager, devices):
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


def changes_devices(current: Json, changes: Json) -> bool:
    """True when `changes` has other device rules than are in force.

    Engines send the rules of the config along with every update. Writing the same list again would
    take away what a hook has added to the cgroup since (GPUs are given so), so it is left alone.
    """
    if changes.get("devices") is None:
        return False
    from .devices import rules_of

    new, old = (
        [(rule.allow, rule.line()) for rule in rules_of(resources.get("devices") or [])]
        for resources in (changes, current)
    )
    return new != old


class Still:
    """A block in which a container on v1 stands still when its device rules are changed.

    v1 takes the rules one by one, and halfway everything is denied, /dev/null too (v2 has one
    program for the other). A container that was paused before stays so.
    """

    def __init__(self, manager: Manager, devices: bool) -> None:
        self.manager = manager
        self.frozen = (devices and manager.version == 1 and not manager.rootless
                       and "freezer" in manager.groups and not manager.frozen())

    def __enter__(self) -> None:
        """NativeError (ETIMEDOUT) when the processes cannot be stopped."""
        if self.frozen:
            self.manager.freeze(True)

    def __exit__(self, *_: object) -> None:
        if self.frozen:
            self.manager.freeze(False)


def select(wanted: Sequence[Write], changes: Json) -> list[Write]:
    """The writes that a member of `changes` asks for, or is bound to by a chain."""
    fields = set(_leaves(changes, R))
    chains = {_CHAINS[field.rpartition(".")[2]] for field in fields
              if field.rpartition(".")[2] in _CHAINS
              and field.split(".")[2] in ("memory", "cpu")}
    return [write for write in wanted if write.chain in chains or write.field in fields
            or write.field.partition("[")[0] in fields]


def _leaves(value: Json, prefix: str) -> list[str]:
    """The members that are no objects as the writes name them: dotted, map[key] in a map."""
    found: list[str] = []
    for name, member in value.items():
        if name in _MAPS:
            found += [f"{prefix}.{name}[{key!r}]" for key in member or ()]
        elif isinstance(member, dict):
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
