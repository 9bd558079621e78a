# SPDX-License-Identifier: Apache-2.0
"""User namespaces that id-map the mounts of a container."""

from __future__ import annotations

import os

from pyrunc import native
from pyrunc.errors import NativeError
from pyrunc.plan.mounts import is_mapped
from pyrunc.runtime.idmaps import map_text
from pyrunc.tables.namespaces import CLONE_NEWUSER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import Config
    from pyrunc.plan.facts import Join


def open_namespaces(config: Config, joins: Sequence[Join]) -> dict[int, int]:
    """A user namespace fd for each id-mapped entry of mounts[], by index; the caller's.

    Its own mappings (IDM-5), else those of the container's user namespace (IDM-6), which is there
    when it is joined and does not exist yet when it is new: one like it serves.
    """
    fds: dict[int, int] = {}
    try:
        for index, mount in enumerate(config.get("mounts", ())):
            if is_mapped(mount):
                fds[index] = _open_namespace(config, index, joins)
    except BaseException:
        close_namespaces(fds)
        raise
    return fds


def _open_namespace(config: Config, index: int, joins: Sequence[Join]) -> int:
    mount, linux = config.get("mounts", [])[index], config.get("linux", {})
    uids, gids = mount.get("uidMappings"), mount.get("gidMappings")
    if not uids:
        for join in joins:
            if join.flag == CLONE_NEWUSER:
                return os.dup(join.fd)
        uids, gids = linux.get("uidMappings"), linux.get("gidMappings")
    try:
        return native.userns_fd(map_text(uids or ()), map_text(gids or ()))
    except native.Failure as failure:
        what = f"mounts[{index}]: make a user namespace with its id mappings"
        raise NativeError(what, failure.errno or 0) from None


def close_namespaces(fds: dict[int, int]) -> None:
    """Closes what open_namespaces opened."""
    for fd in fds.values():
        os.close(fd)
    fds.clear()
