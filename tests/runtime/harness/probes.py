# SPDX-License-Identifier: Apache-2.0
"""Asks the host what it can do: each probe returns None for yes, or the call that failed and
how.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from . import cgroupfs, enosys
from . import runtime as runtime_module
from .cloning import clone_with_pid

CLONE_NEWUSER = 0x10000000
CLONE_NEWNS = 0x00020000
CLONE_NEWTIME = 0x00000080
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def in_child(call: Callable[[], None], what: str) -> str | None:
    """Try `call` in a forked child; return None, or `what` with the error's text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            call()
        except BaseException as error:
            os.write(writer, f"{what}: {error}".encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text or None


def checked(result: int) -> None:
    """OSError with errno when a system call returned less than 0."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@cache
def root() -> str | None:
    """The caller is root."""
    return None if os.geteuid() == 0 else f"geteuid() is {os.geteuid()}"


@cache
def raises_limits() -> str | None:
    """CAP_SYS_RESOURCE really works: a hard limit can be raised."""

    def call() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 8192))

    return in_child(call, "setrlimit(RLIMIT_CORE) above the hard limit")


@cache
def host_root() -> str | None:
    """The caller is root of the host, not of a user namespace: the whole range of ids is its."""
    ids = Path("/proc/self/uid_map").read_text().split()
    return root() or (None if ids[2:] == ["4294967295"] else f"/proc/self/uid_map is {ids}")


@cache
def many_ids() -> str | None:
    """The caller's user namespace has the ids that the suite maps: 100000 and on."""
    for name in ("uid_map", "gid_map"):
        lines = Path(f"/proc/self/{name}").read_text().splitlines()
        rows = [map(int, line.split()) for line in lines]
        if not any(first <= 100000 and first + size > 300000 for first, _, size in rows):
            return f"/proc/self/{name} has not the ids from 100000 to 300000"
    return None


@cache
def device_nodes() -> str | None:
    """Device nodes can be made; in a user namespace devices are bound from the host."""

    def call() -> None:
        with tempfile.TemporaryDirectory() as directory:
            os.mknod(f"{directory}/null", stat.S_IFCHR, os.makedev(1, 3))

    return in_child(call, "mknod of a character device")


def _mount(kind: str) -> str | None:
    def call() -> None:
        checked(libc.unshare(CLONE_NEWNS))
        checked(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
        checked(libc.mount(b"none", b"/proc", kind.encode(), 0, None))

    return in_child(call, f"mount of a new {kind}")


@cache
def new_proc() -> str | None:
    """A container that shares the caller's pid namespace can have a procfs of it."""
    return _mount("proc")


@cache
def new_mqueue() -> str | None:
    """A container that shares the caller's ipc namespace can have its message queues."""
    return _mount("mqueue")


@cache
def files_on_disk() -> str | None:
    """What the suite's containers write are caches that the kernel can take back."""
    directory = tempfile.gettempdir()
    command = ["stat", "-f", "-c", "%T", directory]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{directory} is a tmpfs" if done.stdout.strip() == "tmpfs" else None


@cache
def higher_priority() -> str | None:
    """CAP_SYS_NICE really works: a process can be given the lowest nice value."""
    return in_child(lambda: os.setpriority(os.PRIO_PROCESS, 0, -20), "setpriority(-20)")


@cache
def chosen_pids() -> str | None:
    """A process can be started under a chosen pid."""

    def call() -> None:
        with contextlib.suppress(FileExistsError):
            clone_with_pid(os.getpid())

    return in_child(call, "clone3 with set_tid")


def _system_call(name: str, number: int) -> str | None:
    """Whether the kernel knows the call: as the runtime sees it, behind the filter too."""
    program = (
        "import ctypes, sys; libc = ctypes.CDLL(None, use_errno=True);"
        f"libc.syscall({number}, -1, 0, 0, 0, 0); sys.exit(ctypes.get_errno() == 38)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(enosys.behind(enosys.groups(), command), timeout=30)
    return f"{name}: function not implemented" if done.returncode else None


@cache
def mount_api() -> str | None:
    """The runtime has the new mount API."""
    return _system_call("open_tree", 428)


@cache
def mount_setattr() -> str | None:
    """The runtime can change attributes of mounts that are not attached, and map their ids."""
    return _system_call("mount_setattr", 442)


@cache
def pidfds() -> str | None:
    """The runtime has pidfds."""
    return _system_call("pidfd_open", 434)


@cache
def pidfd_getfd() -> str | None:
    """The runtime can take a descriptor out of another process."""
    return _system_call("pidfd_getfd", 438)


@cache
def user_namespaces() -> str | None:
    """A user namespace can be made."""
    return in_child(lambda: checked(libc.unshare(CLONE_NEWUSER)), "unshare(CLONE_NEWUSER)")


@cache
def time_namespaces() -> str | None:
    """A time namespace can be made."""
    return in_child(lambda: checked(libc.unshare(CLONE_NEWTIME)), "unshare(CLONE_NEWTIME)")


@cache
def mount_namespaces() -> str | None:
    """A mount namespace can be made."""
    return in_child(lambda: checked(libc.unshare(CLONE_NEWNS)), "unshare(CLONE_NEWNS)")


@cache
def v1_cgroups() -> str | None:
    """The controllers are on cgroup v1 (hybrid or pure)."""
    return None if cgroupfs.layout() != "v2" else "no cgroup v1 hierarchy in /proc/self/mountinfo"


@cache
def v2_cgroups() -> str | None:
    """The host has cgroup v2 only."""
    return (
        None
        if cgroupfs.layout() == "v2"
        else f"the cgroup layout in /proc/self/mountinfo is {cgroupfs.layout()}"
    )


@cache
def cgroupfs_driver() -> str | None:
    """The runtime makes the cgroups itself, so a cgroupsPath is a path."""
    if runtime_module.driver() == "cgroupfs":
        return None
    return f"{' '.join(runtime_module.command())}: a cgroupsPath is slice:prefix:name"


@cache
def freezer() -> str | None:
    """Processes can be frozen: a v1 freezer or a v2 hierarchy."""
    if "freezer" in cgroupfs.hierarchies() or cgroupfs.layout() == "v2":
        return None
    return "no freezer hierarchy in /proc/self/mountinfo"


@cache
def real_time_groups() -> str | None:
    """A new cgroup may run real-time processes: the kernel does not ration them by v1 cpu group."""
    top = cgroupfs.hierarchies().get("cpu")
    if top and (top / "cpu.rt_runtime_us").exists():
        return "sched_setattr(SCHED_FIFO): not permitted while a new group's cpu.rt_runtime_us is 0"
    return None


@cache
def controller(name: str) -> str | None:
    """The cgroup controller `name` is there; use as needs(partial(controller, "pids"))."""
    if name in cgroupfs.hierarchies():
        return None
    top = cgroupfs.hierarchies().get("")
    if (
        top
        and cgroupfs.layout() == "v2"
        and name in (top / "cgroup.controllers").read_text().split()
    ):
        return None
    return f"no cgroup controller {name} in /proc/self/mountinfo"


@cache
def no_filter() -> str | None:
    """The runtime runs on the kernel as it is, with no filter of ours around it."""
    groups = enosys.groups()
    return f"PYRUNC_ENOSYS={groups}: the filter's own calls, and older ways" if groups else None


@cache
def strace() -> str | None:
    """System calls of a child can be seen."""
    try:
        done = subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "/bin/true"], capture_output=True, text=True
        )
    except FileNotFoundError:
        return "execve(strace): no such file (Debian's strace)"
    return None if done.returncode == 0 else f"ptrace(2): {done.stderr.strip()}"
