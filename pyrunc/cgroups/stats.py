# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts for a container, in the shape that `events` prints; zeros are left out."""

from __future__ import annotations

import os
from errno import ENODEV

from pyrunc.errors import NativeError

from . import calls
from .writes import GONE as _NO_SUCH_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .manager import Manager

    Json = dict[str, Any]

UNLIMITED = 2**64 - 1
_GONE = (*_NO_SUCH_FILE, ENODEV)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


class Reader:
    """The files of a group; a file (or a group) that is not there reads as empty."""

    __slots__ = ("group",)

    def __init__(self, group: calls.Group | None) -> None:
        self.group = group

    def text(self, file: str) -> str:
        if self.group is None:
            return ""
        try:
            return calls.read(self.group, file)
        except NativeError as error:
            if error.errno in _GONE:
                return ""
            raise

    def number(self, file: str) -> int:
        """The number in the file; "max" is UNLIMITED, nothing is 0."""
        return number(self.text(file).strip())

    def table(self, file: str) -> dict[str, int]:
        """A file of "key number" lines."""
        pairs = (line.split() for line in self.text(file).splitlines())
        return {pair[0]: number(pair[1]) for pair in pairs if len(pair) == 2}

    def names(self) -> list[str]:
        """The files of the group."""
        if self.group is None:
            return []
        try:
            fd = calls.open_at(self.group, "", _DIRECTORY)
        except NativeError as error:
            if error.errno in _GONE:
                return []
            raise
        try:
            return os.listdir(fd)
        except FileNotFoundError:  # removed meanwhile
            return []
        finally:
            os.close(fd)


def number(text: str) -> int:
    """A number of a cgroup file: "max" is UNLIMITED, what is none is 0."""
    if text == "max":
        return UNLIMITED
    return int(text) if text.removeprefix("-").isdigit() else 0


def filled(**members: Any) -> Json:
    """The members that are not zero or empty."""
    return {name: value for name, value in members.items() if value}


def pressure(text: str) -> Json:
    """A PSI file ("some avg10=0.00 avg60=0.00 avg300=0.00 total=0") as numbers; {} without PSI."""
    found: Json = {}
    for line in text.splitlines():
        name, *pairs = line.split()
        values = dict(pair.split("=", 1) for pair in pairs)
        found[name] = {key: int(value) if key == "total" else float(value)
                       for key, value in values.items()}
    return found


def pids(reader: Reader) -> Json:
    """pids.current and pids.max, the same on v1 and v2; no limit is left out."""
    limit = reader.number("pids.max")
    return filled(current=reader.number("pids.current"), limit=0 if limit == UNLIMITED else limit)


def hugepage_sizes(names: list[str], suffix: str) -> list[str]:
    """The sizes ("2MB") of the files hugetlb.SIZE.<suffix>."""
    return sorted(name.split(".")[1] for name in names
                  if name.startswith("hugetlb.") and name.endswith(f".{suffix}")
                  and name.count(".") == suffix.count(".") + 2)


def collect(manager: Manager) -> Json:
    """The `data` of a stats event: cpu (ns), cpuset, memory (bytes), pids, blkio, hugetlb."""
    from . import stats_v1, stats_v2

    module = stats_v2 if manager.version == 2 else stats_v1
    data: Json = module.collect(manager.groups)
    data["intel_rdt"] = {}
    data["network_interfaces"] = None
    return data
