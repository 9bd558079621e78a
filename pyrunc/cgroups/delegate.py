# SPDX-License-Identifier: Apache-2.0
"""Giving a container's cgroup to the user who is root in it."""

from __future__ import annotations

from errno import ENOENT

from pyrunc.errors import NativeError

from . import calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .manager import Manager

DELEGATE_LIST = "/sys/kernel/cgroup/delegate"
_DEFAULT = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads")
_CGROUP_MOUNT = "/sys/fs/cgroup"
KEEP = 2**32 - 1  # chown(2): leave the group as it is


def wanted(config: dict[str, Any]) -> bool:
    """CGO-1: only with a new cgroup namespace and the cgroup file system mounted for writing."""
    namespaces = (config.get("linux") or {}).get("namespaces") or []
    if not any(ns.get("type") == "cgroup" and not ns.get("path") for ns in namespaces):
        return False
    return any(mount.get("source") == "cgroup" and mount.get("destination") == _CGROUP_MOUNT
               and "ro" not in (mount.get("options") or [])
               for mount in config.get("mounts") or [])


def host_uid(config: dict[str, Any]) -> int | None:
    """The host's number for process.user.uid; None when a joined user namespace hides it."""
    linux = config.get("linux") or {}
    uid: int = config["process"]["user"]["uid"]
    users = [ns for ns in linux.get("namespaces") or [] if ns.get("type") == "user"]
    if not users:
        return uid
    for entry in linux.get("uidMappings") or []:
        if 0 <= uid - entry["containerID"] < entry["size"]:
            return int(entry["hostID"] + uid - entry["containerID"])
    return None


def delegate_to(manager: Manager, config: Any) -> None:
    """Gives the container's cgroup to the user who is root in it, if that is wanted."""
    if wanted(config):
        uid = host_uid(config)
        if uid is not None:
            manager.delegate(uid)


def files(delegate_list: str = DELEGATE_LIST) -> list[str]:
    """CGO-2: the files that the kernel wants delegated."""
    try:
        with open(delegate_list, encoding="utf-8") as file:
            return [name for name in file.read().split() if "/" not in name]
    except OSError:
        return list(_DEFAULT)


def delegate(group: calls.Group, uid: int, delegate_list: str = DELEGATE_LIST) -> None:
    """Gives the v2 group's directory and the named files that exist to host uid `uid`."""
    for name in ["", *files(delegate_list)]:
        try:
            calls.chown(group, name, uid, KEEP)
        except NativeError as error:
            if error.errno != ENOENT or not name:
                raise
