# SPDX-License-Identifier: Apache-2.0
"""The cgroup calls of the C core as typed functions: blocks of strings in, NativeError out."""

from __future__ import annotations

import os

from pyrunc._native import ffi, lib
from pyrunc.errors import ConfigError, NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SIGKILL = 9
REMOVE_MS = 3000  # killed processes with much memory need a while to end
FREEZE_MS = 10000  # a busy machine may need seconds to let each process run up to where it stops
_READ_SIZE = 16384
_PIDS_SIZE = 1024


class Group:
    """One directory of one hierarchy.

    mountpoint: the hierarchy's; path: below it, without a leading slash. made: how many of the
    path's last components are ours to remove. version: 1 or 2.
    """

    __slots__ = ("made", "mountpoint", "path", "version")

    def __init__(self, mountpoint: str, path: str, version: int, made: int = 0) -> None:
        self.mountpoint = mountpoint
        self.path = path
        self.version = version
        self.made = made

    @property
    def full(self) -> str:
        """The absolute host path."""
        return f"{self.mountpoint}/{self.path}" if self.path else self.mountpoint

    def below(self, name: str) -> Group:
        """The sub-cgroup `name` of this one, not ours to remove."""
        return Group(self.mountpoint, f"{self.path}/{name}".strip("/"), self.version)


def _block(strings: Sequence[str]) -> bytes:
    block = os.fsencode("\0".join(strings)) + b"\0"
    if block.count(b"\0") != max(len(strings), 1):
        raise ConfigError("a cgroup path or value contains a NUL byte")
    return block


def _groups(groups: Sequence[Group]) -> bytes:
    return _block([text for group in groups for text in (group.mountpoint, group.path)])


def _fail(error: Any, tried: str) -> NativeError:
    return NativeError(tried, int(error.errnum))


def _error() -> Any:
    return ffi.new("struct pr_error *")


def version(mountpoint: str) -> int:
    """1 or 2 for a cgroup file system, 0 for another one or none at all. statfs(2)."""
    found = lib.pr_cgroup_version(os.fsencode(mountpoint), ffi.NULL)
    return max(int(found), 0)


def find_missing(groups: Sequence[Group]) -> None:
    """Sets each group's `made` to the number of its last directories that do not exist yet."""
    missing, failed, error = ffi.new("uint32_t[]", len(groups)), ffi.new("uint32_t *"), _error()
    if lib.pr_cgroup_missing(_groups(groups), len(groups), missing, failed, error) < 0:
        raise _fail(error, f"look for cgroup {groups[failed[0]].full}")
    for group, count in zip(groups, missing, strict=True):
        group.made = int(count)


def create(groups: Sequence[Group]) -> None:
    """Makes the directories of all groups; `errno` of the error is mkdir(2)'s."""
    failed, error = ffi.new("uint32_t *"), _error()
    if lib.pr_cgroup_create(_groups(groups), len(groups), failed, error) < 0:
        raise _fail(error, f"create cgroup {groups[failed[0]].full}")


def fill_cpuset(group: Group) -> None:
    """v1: copies cpuset.cpus and cpuset.mems down the path where they are empty. cpuset(7)."""
    error = _error()
    path = os.fsencode(group.path)
    if lib.pr_cgroup_fill_cpuset(os.fsencode(group.mountpoint), path, error) < 0:
        file = ffi.string(error.detail).decode() or "cpuset"
        raise _fail(error, f"copy the parent's {file} to cgroup {group.full}")


def write(writes: Sequence[tuple[Group, str, str]]) -> tuple[int, int] | None:
    """Writes (group, file, value) one after another; (index, errno) of the first that fails."""
    strings = [text for group, file, value in writes
               for text in (group.mountpoint, group.path, file, value)]
    failed, error = ffi.new("uint32_t *"), _error()
    if lib.pr_cgroup_write(_block(strings), len(writes), failed, error) < 0:
        return int(failed[0]), int(error.errnum)
    return None


def read(group: Group, file: str) -> str:
    """The content of a file of the group."""
    size = _READ_SIZE
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path), os.fsencode(file))
    while True:
        data, error = ffi.new("char[]", size), _error()
        length = int(lib.pr_cgroup_read(*where, data, size, error))
        if length < 0:
            raise _fail(error, f"read {file} of cgroup {group.full}")
        if length < size:
            return bytes(ffi.buffer(data, length)).decode(errors="surrogateescape")
        size *= 4


def open_at(group: Group, file: str, flags: int) -> int:
    """Opens a file of the group, or its directory when `file` is ""; the fd is the caller's."""
    error = _error()
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path), os.fsencode(file))
    fd = int(lib.pr_cgroup_open(*where, flags, error))
    if fd < 0:
        raise _fail(error, f"open {file or 'the directory'} of cgroup {group.full}")
    return fd


def attach(groups: Sequence[Group], pid: int) -> None:
    """Moves process `pid` (all its threads) into every group. cgroups(7)."""
    failed, error = ffi.new("uint32_t *"), _error()
    if lib.pr_cgroup_attach(_groups(groups), len(groups), pid, failed, error) < 0:
        raise _fail(error, f"move process {pid} to cgroup {groups[failed[0]].full}")


def open_join(groups: Sequence[Group]) -> list[int]:
    """Descriptors for pr_cgroup_join, one a group; they are the caller's."""
    fds, failed, error = ffi.new("int[]", len(groups)), ffi.new("uint32_t *"), _error()
    if lib.pr_cgroup_open_join(_groups(groups), len(groups), fds, failed, error) < 0:
        raise _fail(error, f"open cgroup {groups[failed[0]].full} to join it")
    return [int(fd) for fd in fds]


def join(fds: Sequence[int]) -> None:
    """Moves the calling process, which must have one thread, into the groups of open_join()."""
    error = _error()
    if lib.pr_cgroup_join(ffi.new("int[]", list(fds)), len(fds), error) < 0:
        raise _fail(error, "join the container's cgroup")


def freeze(group: Group, frozen: bool, timeout_ms: int = FREEZE_MS) -> None:
    """Freezes the group and waits until it is, or thaws it; ETIMEDOUT leaves it thawed."""
    error = _error()
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path))
    if lib.pr_cgroup_freeze(*where, group.version, frozen, timeout_ms, error) < 0:
        import errno

        hint = "a process did not stop: one in an uninterruptible wait, state D of ps, cannot"
        raise NativeError(f"{'freeze' if frozen else 'thaw'} cgroup {group.full}", error.errnum,
                          hint if error.errnum == errno.ETIMEDOUT else "")


def frozen(group: Group) -> bool:
    """True when the group is frozen, by itself or by one above it."""
    error = _error()
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path))
    found = int(lib.pr_cgroup_frozen(*where, group.version, error))
    if found < 0:
        raise _fail(error, f"read the freezer of cgroup {group.full}")
    return found == 1


def pids(group: Group, *, recursive: bool) -> list[int]:
    """Host pids of the processes in the group."""
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path))
    size = _PIDS_SIZE
    while True:
        found, error = ffi.new("int32_t[]", size), _error()
        count = int(lib.pr_cgroup_pids(*where, recursive, found, size, error))
        if count < 0:
            raise _fail(error, f"list the processes of cgroup {group.full}")
        if count <= size:
            return [int(pid) for pid in found[0:count]]
        size = count * 2


def kill(group: Group, number: int = SIGKILL) -> None:
    """Signals all processes of the group and below it; none escapes by forking."""
    error = _error()
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path))
    if lib.pr_cgroup_kill(*where, group.version, number, error) < 0:
        raise _fail(error, f"signal the processes of cgroup {group.full}")


def remove(groups: Sequence[Group], timeout_ms: int = REMOVE_MS) -> None:
    """Removes of each group the last `made` directories, with everything below the group."""
    made = ffi.new("uint32_t[]", [group.made for group in groups])
    failed, error = ffi.new("uint32_t *"), _error()
    block = _groups(groups)
    if lib.pr_cgroup_remove(block, made, len(groups), timeout_ms, failed, error) < 0:
        raise _fail(error, f"remove cgroup {groups[failed[0]].full}")


def chown(group: Group, file: str, uid: int, gid: int) -> None:
    """Gives a file of the group, or its directory when `file` is "", to uid:gid."""
    error = _error()
    where = (os.fsencode(group.mountpoint), os.fsencode(group.path), os.fsencode(file))
    if lib.pr_cgroup_chown(*where, uid, gid, error) < 0:
        raise _fail(error, f"chown {file or 'the directory'} of cgroup {group.full}")


def load_device_program(program: bytes) -> int:
    """Loads a device program; returns its fd, which is the caller's. bpf(2)."""
    error = _error()
    fd = int(lib.pr_bpf_device_load(ffi.from_buffer(program), len(program) // 8, error))
    if fd < 0:
        raise _fail(error, "load the device program")
    return fd


def attach_device_program(group: Group, prog_fd: int) -> None:
    """Puts the program in the place of all device programs attached to the group itself."""
    error = _error()
    fd = open_at(group, "", os.O_RDONLY | os.O_DIRECTORY)
    try:
        if lib.pr_bpf_device_attach(fd, prog_fd, error) < 0:
            raise _fail(error, f"attach the device program to cgroup {group.full}")
    finally:
        os.close(fd)


def device_programs(group: Group) -> list[int]:
    """Ids of the device programs attached to the group itself."""
    ids, error = ffi.new("uint32_t[]", 64), _error()
    fd = open_at(group, "", os.O_RDONLY | os.O_DIRECTORY)
    try:
        count = int(lib.pr_bpf_device_query(fd, ids, 64, error))
    finally:
        os.close(fd)
    if count < 0:
        raise _fail(error, f"query the device programs of cgroup {group.full}")
    return [int(number) for number in ids[0:count]]
