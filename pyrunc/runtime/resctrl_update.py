# SPDX-License-Identifier: Apache-2.0
"""update's --l3-cache-schema and --mem-bw-schema: other schemata for a container that lives."""

from __future__ import annotations

import os

from pyrunc.errors import ConfigError, NativeError, PyruncError
from pyrunc.runtime import resctrl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyrunc.config.types import IntelRdt
    from pyrunc.runtime.state import State

_PASSES = 16  # over the processes, until one finds no new thread
_ESRCH = 3


class Change:
    """The schemata of `wanted`, for the container's group or for one that is made for it.

    make() does all or nothing; undo() goes back to before make(). pids: tells the container's
    processes, which are moved into a group that is new.
    """

    def __init__(self, record: State, wanted: IntelRdt, pids: Callable[[], list[int]]) -> None:
        check(wanted)
        self.record = record
        self.pids = pids
        self.mount = resctrl.find_mount()
        self.lines = resctrl.schema_lines(wanted)
        self.group = None
        self.before: list[str] = []
        if not record.intel_rdt:
            self.group = resctrl.Group(wanted, record.id, self.mount)

    def make(self) -> None:
        """Writes the schemata; PyruncError when the kernel refuses them."""
        if self.group:
            self._new_group(self.group)
            return
        path = f"{self.record.intel_rdt['path']}/schemata"
        try:
            there = resctrl.read(path).splitlines()
        except OSError as error:
            raise NativeError(f"linux.intelRdt: read {path}", error.errno or 0) from None
        names = {line.partition(":")[0].strip() for line in self.lines}
        self.before = [line.strip() for line in there if line.partition(":")[0].strip() in names]
        resctrl.write_schemata(self.record.intel_rdt["path"], self.lines, self.mount)

    def _new_group(self, group: resctrl.Group) -> None:
        """Recorded before it is made, so that delete undoes it whenever we are killed."""
        record = self.record
        record.intel_rdt = group.record()
        record.save()
        try:
            try:
                group.create()
            finally:
                record.intel_rdt = group.record()
            self._move()
        except BaseException:
            self.undo()
            raise
        record.save()

    def _move(self) -> None:
        """Every thread, one by one: the kernel moves a task, and what that one starts later."""
        moved: set[int] = set()
        for _ in range(_PASSES):
            new = [tid for pid in self.pids() for tid in _threads(pid) if tid not in moved]
            if not new:
                return
            for tid in new:
                try:
                    resctrl.join(self.record.intel_rdt, tid)
                except NativeError as error:
                    if error.errno != _ESRCH:  # it has ended
                        raise
            moved.update(new)
        raise PyruncError(f"linux.intelRdt: the container makes threads faster than they can be "
                          f"moved to {self.record.intel_rdt['path']}")  # fmt: skip

    def undo(self) -> None:
        """The schemata, or the absence of a group, from before; best effort."""
        record = self.record
        try:
            if self.group:
                resctrl.remove(record.intel_rdt)  # its tasks fall back to the root's group
                record.intel_rdt = {}
                record.save()
            elif self.before:
                resctrl.write_schemata(record.intel_rdt["path"], self.before, self.mount)
        except PyruncError:
            pass  # the error that is being raised is the one to tell; delete knows the group


def check(wanted: IntelRdt) -> None:
    """RDT-3: one line each; the bandwidth's says MB. ConfigError."""
    for member, text in (("l3CacheSchema", wanted.get("l3CacheSchema", "")),
                         ("memBwSchema", wanted.get("memBwSchema", ""))):
        if "\n" in text:
            raise ConfigError(f"linux.intelRdt.{member}: there is a newline in it")
        if member == "memBwSchema" and text and not text.startswith("MB:"):
            raise ConfigError(f'linux.intelRdt.{member}: "{text}" does not begin with MB:')


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except (FileNotFoundError, ProcessLookupError):
        return []
