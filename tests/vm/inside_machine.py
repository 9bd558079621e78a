# SPDX-License-Identifier: Apache-2.0
"""Run by pytest inside the virtual machine: it is the machine that the suite counts on."""

from __future__ import annotations

import os


def test_pure_cgroup2() -> None:
    """The only cgroup file system is cgroup2, at /sys/fs/cgroup."""
    with open("/proc/self/mounts") as mounts:
        rows = [line.split()[:3] for line in mounts if line.split()[2].startswith("cgroup")]
    assert [row[1:] for row in rows] == [["/sys/fs/cgroup", "cgroup2"]]


def test_who() -> None:
    print(os.getuid(), open("/proc/self/cgroup").read())
