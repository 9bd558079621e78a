# SPDX-License-Identifier: Apache-2.0
"""Where the host's cgroup hierarchies are, and which directories in them carry a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


def place(cgroups_path: str) -> str:
    """The cgroup that linux.cgroupsPath means, below each mount point: a path is meant as it is,
    "slice:prefix:name" of the systemd driver is a scope in a slice (systemd.slice(5)).
    """
    if cgroups_path.count(":") != 2:
        return cgroups_path
    parent, prefix, name = cgroups_path.split(":")
    words = (parent or "system.slice").removesuffix(".slice").split("-")
    slices = ["-".join(words[: depth + 1]) + ".slice" for depth in range(len(words))]
    return "/" + "/".join([*slices, f"{prefix}-{name}.scope"])


def directory(path: str, controller: str) -> Path:
    """The directory of cgroup `path` for a controller: its v1 hierarchy, or the only v2 one."""
    top = hierarchies().get(controller, hierarchies().get("", Path()))
    return top / place(path).strip("/")


def enable(controller: str, directory: Path) -> None:
    """On v2 have `controller` in a cgroup: the ones above it hand it down, from the top on."""
    top = hierarchies().get("")
    if layout() == "v2" and top:
        for parent in reversed(directory.parents):
            if parent.is_relative_to(top):
                (parent / "cgroup.subtree_control").write_text(f"+{controller}")


def below(top: str) -> Iterator[str]:
    """All cgroup directories below `top`, deepest first, without `top`.

    A directory's links tell how many others are in it, so most need not be read: they have
    dozens of files, and this is asked after each test.
    """
    try:
        subdirectories = os.stat(top).st_nlink - 2
        entries = [e.path for e in os.scandir(top) if e.is_dir()] if subdirectories else []
    except FileNotFoundError:
        return
    for path in entries:
        yield from below(path)
        yield path


def named(text: str) -> list[Path]:
    """All cgroup directories whose own name contains `text`, and what is in them, deepest
    first.
    """
    tops = {str(top) for top in hierarchies().values()}
    found = []
    for top in tops:
        for path in below(top):
            if text in path[len(top) :]:
                found.append(Path(path))
    return found


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
