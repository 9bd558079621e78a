# SPDX-License-Identifier: Apache-2.0
"""Waiting for what happens to a container's cgroup: out of memory, and nobody left in it."""

from __future__ import annotations

import os
import select
import stat
from errno import ENODEV, ENOENT

from pyrunc.errors import ConfigError, NativeError

from . import calls
from .hierarchies import UNIFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .manager import Manager

OOM = "oom"
EMPTY = "empty"
GONE = -1
KERNEL_LOG = "/dev/kmsg"
LONGEST_RECORD = 8192
LOOK_MS = 200  # how often to look whether a cgroup is empty when nothing tells


class Watch:
    """Owns descriptors until close().

    v1: an eventfd registered with memory.oom_control (cgroups v1, memory.txt, 10). v2: polls
    memory.events and cgroup.events, which the kernel marks with POLLPRI at each change (cgroup-v2,
    "Notifications"). pidfd (the caller's): the container's first process; v1 tells of an empty
    cgroup only when it is removed, so that process' end is what to look at there. Without a pidfd
    (-1, or a descriptor of /proc/PID where the kernel has none), or when others outlive that
    process, wait() looks itself, now and then.

    systemd removes a scope's cgroup, and the counters with it, as soon as the last process has
    ended, maybe before they are read. Then the kernel's log tells whether process `pid`, the
    container's first, was ended for want of memory; whoever may not read it is not told.
    """

    def __init__(self, manager: Manager, pidfd: int = -1, pid: int = 0) -> None:
        self.manager = manager
        self.pidfd = pidfd
        self.pid = pid
        self.kills = 0
        self._log = -1
        self._fds: list[int] = []
        self._memory = self._events = -1
        self._poll = select.poll()
        try:
            if manager.version == 2:
                self._open_v2()
            else:
                self._open_v1()
        except BaseException:
            self.close()
            raise
        polled = pidfd >= 0 and not stat.S_ISDIR(os.fstat(pidfd).st_mode)
        self._looks = manager.version == 1 and not polled
        if polled:
            self._poll.register(pidfd, select.POLLIN)

    def _own(self, fd: int) -> int:
        self._fds.append(fd)
        return fd

    def _open_v1(self) -> None:
        group = self.manager.groups.get("memory")
        if group is None:
            raise ConfigError("events: the memory cgroup controller is not available on this host")
        control = self._own(calls.open_at(group, "memory.oom_control", os.O_RDONLY))
        self._memory = self._own(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
        failed = calls.write([(group, "cgroup.event_control", f"{self._memory} {control}")])
        if failed:
            raise NativeError(f"watch memory.oom_control of cgroup {group.full}", failed[1])
        self._poll.register(self._memory, select.POLLIN)

    def _open_v2(self) -> None:
        group = self.manager.groups[UNIFIED]
        self._events = self._own(calls.open_at(group, "cgroup.events", os.O_RDONLY))
        self._poll.register(self._events, select.POLLPRI)
        try:
            self._memory = self._own(calls.open_at(group, "memory.events", os.O_RDONLY))
        except NativeError as error:
            if error.errno != ENOENT:  # without the memory controller nothing runs out of it
                raise
        else:
            self.kills = max(_value(self._memory, "oom_kill"), 0)
            self._poll.register(self._memory, select.POLLPRI)
            self._open_log()

    def _open_log(self) -> None:
        """The kernel's log from now on (/dev/kmsg: Documentation/ABI/testing/dev-kmsg)."""
        try:
            self._log = self._own(os.open(KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
            os.lseek(self._log, 0, os.SEEK_END)
        except OSError:  # dmesg_restrict, a container's /dev
            self._log = -1

    def wait(self, timeout_ms: int = -1) -> list[str]:
        """What happened in time or sooner: OOM, EMPTY (the last that will come), or nothing."""
        if self._looks and not 0 <= timeout_ms <= LOOK_MS:
            timeout_ms = LOOK_MS
        ready = {fd for fd, _ in self._poll.poll(timeout_ms)}
        found = []
        empty = bool(ready or self._looks) and self._is_empty()
        # The kernel may hold back what changes right after another change; empty is the end.
        last = empty and self._memory >= 0 and self.manager.version == 2
        if (self._memory in ready or last) and self._out_of_memory():
            found.append(OOM)
        if empty:
            found.append(EMPTY)
        elif self.pidfd in ready:
            # Others outlived the first process; its descriptor would be ready for ever.
            self._poll.unregister(self.pidfd)
            self._looks = self.manager.version == 1
        return found

    def _out_of_memory(self) -> bool:
        if self.manager.version == 1:
            os.eventfd_read(self._memory)
            # The removal of the cgroup fires it too.
            return os.path.isdir(self.manager.groups["memory"].full)
        kills = _value(self._memory, "oom_kill")
        more = kills > self.kills or (kills == GONE and self._logged())
        self.kills = max(kills, self.kills)
        if more:
            self._logged()  # what has been told is read
        return more

    def _logged(self) -> bool:
        """Reads the rest of the kernel's log; whether it has the end of the first process."""
        text = f"out of memory: Killed process {self.pid} (".encode()
        found = False
        while self._log >= 0:
            try:
                found |= text in os.read(self._log, LONGEST_RECORD)
            except BrokenPipeError:  # records were overwritten before they were read
                continue
            except OSError:  # EAGAIN: that was all
                break
        return found

    def _is_empty(self) -> bool:
        if self._events >= 0:
            return _value(self._events, "populated") in (0, GONE)
        return not self.manager.pids(recursive=True)

    def close(self) -> None:
        """Closes what was opened; the pidfd stays the caller's."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()


def _value(fd: int, key: str) -> int:
    """A number of a file of "key number" lines; GONE when the cgroup is."""
    try:
        text = os.pread(fd, 4096, 0).decode()
    except OSError as error:
        if error.errno == ENODEV:
            return GONE
        raise
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    return 0
