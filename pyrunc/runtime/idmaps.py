# SPDX-License-Identifier: Apache-2.0
"""Id maps of a new user namespace, written by us or, unprivileged, by newuidmap and newgidmap."""

from __future__ import annotations

import os

from pyrunc.errors import NativeError
from pyrunc.runtime import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import IdMapping, Linux

_EPERM = 1


def write_maps(pid: int, linux: Linux) -> None:
    """Writes uid_map and gid_map of a process in a new user namespace. user_namespaces(7).

    NativeError or PyruncError when the kernel or the helpers refuse (UMP-6).
    """
    uids, gids = linux.get("uidMappings", ()), linux.get("gidMappings", ())
    try:
        _write(pid, "gid_map", gids)
        _write(pid, "uid_map", uids)
    except NativeError as error:
        if error.errno != _EPERM or os.geteuid() == 0:
            raise
        _unprivileged(pid, uids, gids)


def map_text(mappings: Sequence[IdMapping]) -> str:
    """The lines of /proc/PID/uid_map."""
    return "".join(f"{m['containerID']} {m['hostID']} {m['size']}\n" for m in mappings)


def _write(pid: int, name: str, mappings: Sequence[IdMapping]) -> None:
    try:
        _put(pid, name, map_text(mappings))
    except OSError as error:
        field = "uidMappings" if name == "uid_map" else "gidMappings"
        raise NativeError(f"linux.{field}: write {name}", error.errno or 0) from None


def _put(pid: int, name: str, text: str) -> None:
    fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _unprivileged(pid: int, uids: Sequence[IdMapping], gids: Sequence[IdMapping]) -> None:
    """One's own single id needs no helper. A single gid costs setgroups(2): groups by which the
    caller is denied something must not be droppable (CVE-2014-8989)."""
    if host.is_own_id(uids, os.geteuid()):
        _write(pid, "uid_map", uids)
    else:
        _helper("newuidmap", pid, uids)
    if host.is_own_id(gids, os.getegid()):
        try:
            _put(pid, "setgroups", "deny")
        except OSError as error:
            raise NativeError("linux.gidMappings: deny setgroups", error.errno or 0) from None
        _write(pid, "gid_map", gids)
    else:
        _helper("newgidmap", pid, gids)


def _helper(name: str, pid: int, mappings: Sequence[IdMapping]) -> None:
    """newuidmap(1), newgidmap(1): set-uid helpers that check /etc/subuid and /etc/subgid."""
    from pyrunc.runtime import subids

    subids.call(name, pid, mappings)
