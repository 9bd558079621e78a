# SPDX-License-Identifier: Apache-2.0
"""Id maps of a new user namespace, written by us or, unprivileged, by newuidmap and newgidmap."""

from __future__ import annotations

import os

from pyrunc.errors import NativeError, PyruncError

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
        fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, map_text(mappings).encode())
        finally:
            os.close(fd)
    except OSError as error:
        field = "uidMappings" if name == "uid_map" else "gidMappings"
        raise NativeError(f"linux.{field}: write {name}", error.errno or 0) from None


def _unprivileged(pid: int, uids: Sequence[IdMapping], gids: Sequence[IdMapping]) -> None:
    if _is_own_id(uids, os.geteuid()) and _is_own_id(gids, os.getegid()):
        # One's own single id needs no helper, but groups must not be droppable (CVE-2014-8989).
        with open(f"/proc/{pid}/setgroups", "w", encoding="ascii") as file:
            file.write("deny")
        _write(pid, "uid_map", uids)
        _write(pid, "gid_map", gids)
        return
    _helper("newuidmap", pid, uids)
    _helper("newgidmap", pid, gids)


def is_own_map(linux: Linux) -> bool:
    """True for the maps that an unprivileged caller writes itself, at the price of setgroups(2)."""
    uids, gids = linux.get("uidMappings", ()), linux.get("gidMappings", ())
    return _is_own_id(uids, os.geteuid()) and _is_own_id(gids, os.getegid())


def _is_own_id(mappings: Sequence[IdMapping], own: int) -> bool:
    return len(mappings) == 1 and mappings[0]["size"] == 1 and mappings[0]["hostID"] == own


def _helper(name: str, pid: int, mappings: Sequence[IdMapping]) -> None:
    """newuidmap(1), newgidmap(1): set-uid helpers that check /etc/subuid and /etc/subgid."""
    from shutil import which
    from subprocess import run

    path = which(name)
    if path is None:
        raise PyruncError(
            f"{name} is needed for these id mappings and is not installed (Debian: uidmap)"
        )
    args = [path, str(pid)]
    for mapping in mappings:
        args += [str(mapping["containerID"]), str(mapping["hostID"]), str(mapping["size"])]
    done = run(args, capture_output=True, check=False, text=True, errors="replace")
    if done.returncode != 0:
        raise PyruncError(f"{name} failed: {done.stderr.strip() or done.returncode}")
