# SPDX-License-Identifier: Apache-2.0
"""Ops for /dev: the default devices, those of linux.devices, the links that programs expect."""

from __future__ import annotations

from os import makedev

from pyrunc.plan import ops
from pyrunc.plan.mounts import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config, Device
    from pyrunc.plan.facts import Facts

S_IFCHR, S_IFBLK, S_IFIFO = 0o020000, 0o060000, 0o010000
TYPES = {"c": S_IFCHR, "u": S_IFCHR, "b": S_IFBLK, "p": S_IFIFO}

# DEV-8
_DEFAULTS = (
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
)

# (link, text, what must exist in the container): LNK-1
_LINKS = (
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/core", "/proc/kcore"),
)


def add_devices(plan: ops.Plan, config: Config, facts: Facts) -> None:
    """Nodes and links, unless /dev is a bind of the host's (DEV-10)."""
    own = [clean(device["path"]) for device in config.get("linux", {}).get("devices", ())]
    if not _dev_is_bound(config):
        for path, major, minor in _DEFAULTS:
            if path not in own:
                _add_node(plan, facts, path, S_IFCHR | 0o666, major, minor, 0, 0)
    for device in config.get("linux", {}).get("devices", ()):
        _add_device(plan, facts, device)
    if _dev_is_bound(config):
        return
    for link, text in _LINKS:
        plan.add("SYMLINK", f"link {link}", strings=(text, link, text))
    # Docker's images may hold a ptmx of their own: the container's must win.
    plan.add("UNLINK", "remove /dev/ptmx", strings=("/dev/ptmx",))
    plan.add("SYMLINK", "link /dev/ptmx", strings=("pts/ptmx", "/dev/ptmx"))


def _dev_is_bound(config: Config) -> bool:
    for mount in config.get("mounts", ()):
        if clean(mount["destination"]) == "/dev":
            words = mount.get("options", ())
            return "bind" in words or "rbind" in words
    return False


def _add_device(plan: ops.Plan, facts: Facts, device: Device) -> None:
    mode = TYPES[device["type"]] | device.get("fileMode", 0o666) & 0o7777
    _add_node(
        plan,
        facts,
        clean(device["path"]),
        mode,
        device.get("major", 0),
        device.get("minor", 0),
        device.get("uid", 0),
        device.get("gid", 0),
    )


def _add_node(
    plan: ops.Plan, facts: Facts, path: str, mode: int, major: int, minor: int, uid: int, gid: int
) -> None:
    is_fifo = mode & 0o170000 == S_IFIFO
    # mknod(2): devices cannot be made in a user namespace, the host's node of the same path is
    # bound.
    host = path if facts.user_namespace and not is_fifo else None
    rdev = 0 if is_fifo else makedev(major, minor)
    plan.add("DEVICE", f"device {path}", mode, rdev, uid, gid, strings=(path, host))
