# SPDX-License-Identifier: Apache-2.0
"""A loop device on a file: a block device of the test's own."""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path

LOOP_CTL_GET_FREE = 0x4C82
LOOP_SET_FD = 0x4C00
LOOP_CLR_FD = 0x4C01
CONTROL = "/dev/loop-control"


class Loop:
    """A block in which `path`, a file of `size` bytes that is made for it, is a block device.

    number: MAJOR:MINOR; node: its path in /dev.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.fd = -1
        self.node = self.number = ""

    def __enter__(self) -> Loop:
        self.path.write_bytes(bytes(self.size))
        for _ in range(32):  # another may take the free one first
            self.node = free()
            self.fd = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)
            backing = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(self.fd, LOOP_SET_FD, backing)
                break
            except OSError:
                os.close(self.fd)
            finally:
                os.close(backing)
        else:
            raise AssertionError("no loop device stays free")
        device = os.stat(self.node).st_rdev
        self.number = f"{os.major(device)}:{os.minor(device)}"
        return self

    def __exit__(self, *_: object) -> None:
        fcntl.ioctl(self.fd, LOOP_CLR_FD)
        os.close(self.fd)


def free() -> str:
    """The path of a loop device that nobody uses; OSError."""
    control = os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        return f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
    finally:
        os.close(control)


@cache
def loop_devices() -> str | None:
    """A loop device can be had."""
    try:
        node = free()
        os.stat(node)
    except OSError as error:
        return f"ioctl(LOOP_CTL_GET_FREE) of {CONTROL}: {error}"
    return None
