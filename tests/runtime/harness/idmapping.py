# SPDX-License-Identifier: Apache-2.0
"""Probes: which file systems the kernel can id-map (mount_setattr(2)). mount(8) is no help: before
2.39 it takes X-mount.idmap and does nothing.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import tempfile
from functools import cache

from .probes import CLONE_NEWNS, checked, in_child, libc

SYS_open_tree, SYS_mount_setattr = 428, 442  # the same on all architectures
OPEN_TREE_CLONE, AT_EMPTY_PATH, MOUNT_ATTR_IDMAP = 1, 0x1000, 0x100000


def _map(directory: str) -> None:
    """Id-map a copy of the mount by a new user namespace; OSError when it cannot be."""
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", "echo ready; read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        namespace = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY)
        attributes = struct.pack("=4Q", MOUNT_ATTR_IDMAP, 0, 0, namespace)
        size = ctypes.c_size_t(len(attributes))
        tree = libc.syscall(SYS_open_tree, -1, directory.encode(), OPEN_TREE_CLONE)
        checked(tree)
        checked(libc.syscall(SYS_mount_setattr, tree, b"", AT_EMPTY_PATH, attributes, size))


@cache
def of_tests() -> str | None:
    """The file system of the tests' directories can be id-mapped (5.12, not every one, and only
    by root of the user namespace that mounted it).
    """
    directory = tempfile.gettempdir()
    return in_child(lambda: _map(directory), f"mount_setattr(MOUNT_ATTR_IDMAP) of {directory}")


@cache
def of_tmpfs() -> str | None:
    """A tmpfs can be id-mapped (6.3)."""

    def call() -> None:
        checked(libc.unshare(CLONE_NEWNS))
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
        _map("/mnt")

    return in_child(call, "mount_setattr(MOUNT_ATTR_IDMAP) of a tmpfs")
