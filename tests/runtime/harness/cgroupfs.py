# SPDX-License-Identifier: Apache-2.0
"""Where the host's cgroup hierarchies are, and which directories in them carry a name."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path


@cache
def hierarchies() -> dict[str, Path]:
    """Map each mounted v1 controller ("name=systemd" too) and "" (v2) to its mount point."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        where, (kind, _, options) = Path(left.split()[4]), right.split()[:3]
        if kind == "cgroup2":
            found.setdefault("", where)
        elif kind == "cgroup":
            for name in options.split(","):
                if name not in ("rw", "ro", "xattr", "clone_children"):
                    found.setdefault(name, where)
    return found


def layout() -> str:
    """The host's layout: "v2", "v1" or "hybrid" (v1 controllers and a cgroup2 beside them)."""
    names = set(hierarchies())
    if names == {""}:
        return "v2"
    return "hybrid" if "" in names else "v1"


def directory(path: str, controller: str) -> Path:
    """The directory of cgroup `path` for a controller: its v1 hierarchy, or the only v2 one."""
    return hierarchies().get(controller, hierarchies().get("", Path())) / path.strip("/")


def named(text: str) -> list[Path]:
    """All cgroup directories whose own name contains `text`, deepest first."""
    found = []
    for top in set(hierarchies().values()):
        for where, _, _ in os.walk(top, topdown=False):
            if text in os.path.basename(where):
                found.extend(Path(sub) for sub, _, _ in os.walk(where, topdown=False))
    return list(dict.fromkeys(found))


def thaw(text: str) -> None:
    """Thaw the cgroups that named() finds, so that killed processes in them can end."""
    for path in named(text):
        for file, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            if (path / file).exists():
                (path / file).write_text(word)


def remove(text: str) -> None:
    """Remove the empty cgroups that named() finds."""
    for path in named(text):
        try:
            path.rmdir()
        except OSError:
            pass
