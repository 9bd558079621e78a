# SPDX-License-Identifier: Apache-2.0
"""The half of a hybrid host's cgroups that all runtimes see while they are compared."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CGROUPS = "/sys/fs/cgroup"
_UNIFIED = "unified"  # the v2 half of a hybrid host

_CLONE_NEWNS = 0x0002_0000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_MNT_DETACH = 2
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *args: Any) -> None:
    if getattr(_libc, function)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def host_cgroups() -> str:
    """What is mounted at /sys/fs/cgroup: "v1", "v2" or "hybrid"."""
    if os.path.exists(f"{CGROUPS}/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.exists(f"{CGROUPS}/{_UNIFIED}/cgroup.controllers") else "v1"


@contextmanager
def view(cgroups: str) -> Iterator[str]:
    """A private mount namespace for this process, where all runtimes see "v1" or "v2" cgroups.

    crun refuses a hybrid host, so one of the two halves is shown to all: "v1" by default. Gives
    the name of the view. setns(2), unshare(2): this thread's only, and undone at the end.
    """
    host = host_cgroups()
    before = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    cwd = os.open(".", os.O_RDONLY)
    _call("unshare", _CLONE_NEWNS)
    _call("mount", b"none", b"/", None, _MS_REC_PRIVATE, None)
    if host == "hybrid" and cgroups != "v2":
        # Something else takes its place, since crun makes its directories there all the same.
        _call("mount", b"none", f"{CGROUPS}/{_UNIFIED}".encode(), b"tmpfs", 0, None)
    elif host != "v2" and cgroups == "v2":
        _call("umount2", CGROUPS.encode(), _MNT_DETACH)
        _call("mount", b"none", CGROUPS.encode(), b"cgroup2", 0, None)
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield host_cgroups()
    finally:
        _call("prctl", _PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        _call("setns", before, _CLONE_NEWNS)
        os.fchdir(cwd)
        os.close(before)
        os.close(cwd)


def in_memory(directory: str) -> None:
    """Mounts a tmpfs on the directory, until the mount namespace ends."""
    _call("mount", b"none", os.fsencode(directory), b"tmpfs", 0, None)


def sweep(prefix: str) -> None:
    """Removes the empty cgroups of that name: crun leaves one when it refuses a config."""
    v2 = host_cgroups() == "v2"
    for top in [CGROUPS] if v2 else [entry.path for entry in os.scandir(CGROUPS)]:
        if v2 or os.path.basename(top) != _UNIFIED:
            for name in os.listdir(top):
                if name.startswith(prefix):
                    os.rmdir(os.path.join(top, name))
