# SPDX-License-Identifier: Apache-2.0
"""Which cgroup hierarchies the host has, where they are, and where the caller is in them."""

from __future__ import annotations

import os

from pyrunc.errors import ConfigError

from . import calls

CGROUP_ROOT = "/sys/fs/cgroup"
PROC_SELF = "/proc/self"
UNIFIED = ""  # the name of the v2 hierarchy in state.json and in /proc/PID/cgroup

# Options of a v1 mount that are no controllers. "name=..." names a hierarchy without any.
_NOT_CONTROLLERS = {"rw", "ro", "noprefix", "clone_children", "xattr", "none", "all",
                    "favordynmods", "cpuset_v2_mode"}


class Mount:
    """One mounted hierarchy: the mount point and the cgroup that is seen there ("/" = its root)."""

    __slots__ = ("mountpoint", "root")

    def __init__(self, mountpoint: str, root: str) -> None:
        self.mountpoint = mountpoint
        self.root = root


class Layout:
    """version 2: `mounts` has the one key "". version 1: one a controller or named hierarchy.

    Controllers mounted together have the same mount point. On a hybrid host the v2 hierarchy
    without controllers is not listed.
    """

    __slots__ = ("_own", "mounts", "proc_self", "version")

    def __init__(self, version: int, mounts: dict[str, Mount], proc_self: str = PROC_SELF) -> None:
        self.version = version
        self.mounts = mounts
        self.proc_self = proc_self
        self._own: dict[str, str] = {}

    def own_path(self, controller: str) -> str:
        """The caller's cgroup in a hierarchy, as seen from its mount point ("/" = that itself)."""
        if not self._own:
            self._own = dict(parse_proc_cgroup(_read(f"{self.proc_self}/cgroup")))
        return _below(self._own.get(controller, "/"), self.mounts[controller].root)


def detect(cgroup_root: str = CGROUP_ROOT, proc_self: str = PROC_SELF) -> Layout:
    """The host's hierarchies: pure v2 by the file system's magic, else as mountinfo has them.

    ConfigError when there is none. proc_pid_mountinfo(5).
    """
    if calls.version(cgroup_root) == 2:
        return Layout(2, {UNIFIED: Mount(cgroup_root, _root_of(cgroup_root, proc_self))}, proc_self)
    return layout_of(_read(f"{proc_self}/mountinfo"), cgroup_root, proc_self)


def _root_of(mountpoint: str, proc_self: str) -> str:
    wanted, root = mountpoint.encode(), "/"
    for _, found, at, _ in parse_mountinfo(_read(f"{proc_self}/mountinfo")):
        if at == wanted:
            root = found.decode(errors="surrogateescape")
    return root


def layout_of(mountinfo: bytes, cgroup_root: str, proc_self: str = PROC_SELF) -> Layout:
    """The layout that a mountinfo file shows; v1 controllers go before a v2 hierarchy elsewhere."""
    controllers: dict[str, Mount] = {}
    unified: Mount | None = None
    below = cgroup_root + "/"
    for kind, root, at, options in parse_mountinfo(mountinfo):
        mountpoint = at.decode(errors="surrogateescape")
        mount = Mount(mountpoint, root.decode(errors="surrogateescape"))
        if kind == b"cgroup2":
            if unified is None or unified.mountpoint == mountpoint:
                unified = mount
            continue
        for option in options.decode().split(","):
            if option in _NOT_CONTROLLERS or option.startswith(("release_agent=", "cpuset=")):
                continue
            # A container's copy of the tree may be listed too: what is below /sys/fs/cgroup counts,
            # and of that the last, which lies over those before it.
            if option not in controllers or mountpoint.startswith(below):
                controllers[option] = mount
    if controllers:
        return Layout(1, controllers, proc_self)
    if unified is None:
        raise ConfigError(f"no cgroup file system is mounted at {cgroup_root}")
    return Layout(2, {UNIFIED: unified}, proc_self)


def parse_mountinfo(data: bytes) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """(type, root, mount point, file system's options) of the cgroup mounts in a mountinfo file."""
    found = []
    for line in data.splitlines():
        left, _, right = line.partition(b" - ")
        kind, _, rest = right.partition(b" ")
        if kind in (b"cgroup", b"cgroup2"):
            fields = left.split(b" ")
            options = rest.rpartition(b" ")[2]
            found.append((kind, _unescape(fields[3]), _unescape(fields[4]), options))
    return found


def parse_proc_cgroup(data: bytes) -> list[tuple[str, str]]:
    """(controller or "name=...", path) pairs of a /proc/PID/cgroup file; "" is the v2 hierarchy."""
    pairs: list[tuple[str, str]] = []
    for line in data.decode(errors="surrogateescape").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        pairs.extend((name, path) for name in names.split(","))
    return pairs


def _below(path: str, root: str) -> str:
    """`path` as seen from a mount of `root`; for one outside of it, the mount itself."""
    if root == "/":
        return path
    if path == root or path.startswith(root + "/"):
        return path[len(root):] or "/"
    return "/"


def _unescape(text: bytes) -> bytes:
    """mountinfo writes blank, tab, newline and backslash as three octal digits."""
    if b"\\" not in text:
        return text
    head, *parts = text.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in parts)


def _read(path: str) -> bytes:
    chunks = []
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while chunk := os.read(fd, 16384):
            chunks.append(chunk)
    finally:
        os.close(fd)
    return b"".join(chunks)
