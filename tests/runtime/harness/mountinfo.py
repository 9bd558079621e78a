# SPDX-License-Identifier: Apache-2.0
"""Reads mountinfo as a container shows it, and makes mounts on the host for tests to bind."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MS_BIND, MS_REC = 0x1000, 0x4000
MS_PRIVATE, MS_SHARED = 0x40000, 0x100000
MNT_DETACH = 2
libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo: proc_pid_mountinfo(5)."""

    id: int
    root: str
    point: str
    options: frozenset[str]
    propagation: tuple[str, ...]
    type: str
    source: str
    superblock: frozenset[str]

    @property
    def peers(self) -> list[str]:
        """The propagation words without the numbers of the peer groups."""
        return [word.partition(":")[0] for word in self.propagation]


def parse(lines: Iterable[str]) -> list[Mount]:
    """All mounts, in the order of the lines."""
    found = []
    for line in lines:
        left, _, right = line.partition(" - ")
        number, _, _, root, point, options, *optional = left.split()
        kind, source, superblock = right.split(" ")
        found.append(
            Mount(
                int(number),
                root,
                point,
                frozenset(options.split(",")),
                tuple(optional),
                kind,
                source,
                frozenset(superblock.split(",")),
            )
        )
    return found


def at(lines: Iterable[str], point: str) -> Mount:
    """The topmost mount at `point`."""
    found = [mount for mount in parse(lines) if mount.point == point]
    assert found, f"nothing is mounted at {point}"
    return found[-1]


def mount(source: str | Path, target: Path, kind: str | None, flags: int, data: str = "") -> None:
    """mount(2) on the host; only ever below a test's own directory."""
    args = (os.fsencode(source), os.fsencode(target), kind and kind.encode())
    if libc.mount(*args, ctypes.c_ulong(flags), data.encode() or None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


def unmount(target: Path) -> None:
    """Detach what is mounted at `target`, and what is mounted below."""
    libc.umount2(os.fsencode(target), MNT_DETACH)
