# SPDX-License-Identifier: Apache-2.0
"""What is there: the containers below a root, and the processes of one container."""

from __future__ import annotations

import os

from pyrunc.errors import PyruncError, errno_text
from pyrunc.runtime import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyrunc.runtime.context import Context


def describe(record: state.State, *, pid: int = 0, status: str = "") -> dict[str, Any]:
    """What the `state` verb shows: the standard's members and runc's rootfs, created, owner.

    Pid and status are those of now unless they are given.
    """
    document = record.document(status)
    document["pid"] = pid or document["pid"]
    annotations = document.pop("annotations", None)
    shown = {name: document[name] for name in ("ociVersion", "id", "pid", "status", "bundle")}
    shown["rootfs"] = record.rootfs
    shown["created"] = record.created
    if annotations:
        shown["annotations"] = annotations
    shown["owner"] = ""
    return shown


def containers(
    ctx: Context, *, must_exist: bool = False, warn: Callable[[str], None] | None = None
) -> list[dict[str, Any]]:
    """All containers below the root, by id, with the owner's name; `warn` is told of broken ones.

    A root that is missing has none; PyruncError when it `must_exist` (it was asked for by name).
    """
    try:
        entries = os.scandir(ctx.root)
        names = sorted(
            entry.name
            for entry in entries
            if not entry.name.startswith(",") and entry.is_dir(follow_symlinks=False)
        )
    except FileNotFoundError:
        if not must_exist:
            return []
        raise PyruncError(f"open {ctx.root}: no such file or directory") from None
    except OSError as error:
        raise PyruncError(f"open {ctx.root}: {errno_text(error.errno or 0)}") from None
    found = []
    for name in names:
        try:
            record = state.load(ctx, name)
            shown = describe(record)
        except PyruncError as error:
            (warn or ctx.warn)(f"load container {name}: {error}")
            continue
        shown["owner"] = owner_name(record.owner_uid)
        found.append(shown)
    return found


def owner_name(uid: int) -> str:
    """The user's name, or #uid for one without."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def pids(ctx: Context, container_id: str) -> list[int]:
    """The container's processes as the host numbers them, sub-cgroups included.

    Without a cgroup (rootless) those of its pid namespace, or where it shares the caller's, the
    first one alone.
    """
    from pyrunc import cgroups

    record = state.load(ctx, container_id)
    if not record.cgroup_paths:
        if record.status() == "stopped":
            return []
        first = record.init_process_pid
        return _in_pid_namespace(first) if record.private_pid_namespace else [first]
    return sorted(cgroups.from_state(record.members()).pids(recursive=True))


def _in_pid_namespace(first: int) -> list[int]:
    """All processes that are in the pid namespace of process `first`. pid_namespaces(7)."""
    found = {first}
    try:
        wanted, ours = os.stat(f"/proc/{first}/ns/pid"), os.stat("/proc/self/ns/pid")
    except OSError:
        return [first]
    if (wanted.st_dev, wanted.st_ino) == (ours.st_dev, ours.st_ino):
        return [first]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                namespace = os.stat(f"/proc/{name}/ns/pid")
            except OSError:
                continue  # it ended, or is somebody else's
            if (namespace.st_dev, namespace.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.add(int(name))
    return sorted(found)
