# SPDX-License-Identifier: Apache-2.0
"""Looks for what a test left behind: processes, mounts, cgroups, files, descriptors of our own.

Everything is found by what is ours (our descendants, the test's unique name), so other programs on
the machine do not disturb the answer.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
from pathlib import Path

from . import cgroupfs
from .waiting import until

PR_SET_CHILD_SUBREAPER = 36
MNT_DETACH = 2
libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Make orphans among our descendants our children, so that none can be lost."""
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children() -> dict[int, str]:
    """Our live (not zombie) children with their command lines; zombies are reaped on the way."""
    reap()
    found: dict[int, str] = {}
    for entry in os.listdir("/proc") if have_children() else []:
        if not entry.isdigit():
            continue
        try:
            state, parent = (
                Path(f"/proc/{entry}/stat")
                .read_text(errors="replace")
                .rpartition(")")[2]
                .split()[:2]
            )
            if int(parent) == os.getpid() and state not in "ZX":
                found[int(entry)] = (
                    Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                )
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def have_children() -> bool:
    """Say whether this process has any child, dead or alive."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def reap() -> None:
    """Collect all zombies among our children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def mounts_naming(text: str) -> list[str]:
    """Mount points of this mount namespace whose line mentions `text`, newest first."""
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    return [line.split()[4] for line in reversed(lines) if text in line]


def descriptors() -> dict[int, str]:
    """Our open descriptors with what they refer to."""
    found: dict[int, str] = {}
    for entry in os.listdir("/proc/self/fd"):
        try:
            found[int(entry)] = os.readlink(f"/proc/self/fd/{entry}")
        except FileNotFoundError:
            continue
    return found


class Trace:
    """What there was before a test named `mark` with the directory `home`; afterwards says what
    is new.
    """

    def __init__(self, mark: str, home: Path) -> None:
        self.mark = mark
        self.home = home
        self.children = children()
        self.descriptors = descriptors()

    def new_children(self) -> dict[int, str]:
        return {pid: line for pid, line in children().items() if pid not in self.children}

    def left(self) -> list[str]:
        """Name everything left behind; processes and cgroups get a moment to finish dying."""
        problems = []
        try:
            until(lambda: not self.new_children(), "children to end", 2.0)
        except AssertionError:
            problems += [f"process {pid}: {line}" for pid, line in self.new_children().items()]
        try:
            until(lambda: not cgroupfs.named(self.mark), "cgroups to go", 1.0)
        except AssertionError:
            problems += [f"cgroup {path}" for path in cgroupfs.named(self.mark)]
        problems += [f"mount {path}" for path in mounts_naming(self.mark)]
        root = self.home / "root"
        problems += [
            f"state {root / entry}"
            for entry in (os.listdir(root) if root.is_dir() else [])
            if not entry.startswith(",")  # no container's id: what the runtime keeps for itself
        ]
        problems += [f"/run/{entry}" for entry in os.listdir("/run") if self.mark in entry]
        problems += [
            f"descriptor {fd} -> {target}"
            for fd, target in descriptors().items()
            if self.descriptors.get(fd) != target and "/proc/" not in target
        ]
        return problems

    def sweep(self) -> None:
        """Remove what is left, so that one test's failure does not become the next one's."""
        for pid in self.new_children():
            os.kill(pid, signal.SIGKILL)
        cgroupfs.thaw(self.mark)
        try:
            until(lambda: not self.new_children(), "killed children to end", 5.0)
        except AssertionError:
            pass
        for path in mounts_naming(str(self.home)):
            libc.umount2(os.fsencode(path), MNT_DETACH)
        cgroupfs.remove(self.mark)
        if not mounts_naming(str(self.home)):
            shutil.rmtree(self.home, ignore_errors=True)
