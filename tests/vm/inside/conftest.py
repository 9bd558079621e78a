# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that only mean something inside the virtual machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .bundle import Bundle, driver

if os.environ.get("PYRUNC_VM") != "1":
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> str:
    return f"in the machine: {os.environ['OCI_RUNTIME']} as uid {os.getuid()} ({driver()})"


@pytest.fixture
def bundle() -> Iterator[Bundle]:
    """A bundle with busybox as its root file system, and a private --root; removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="vm-bundle-"))
    made = Bundle(home)
    yield made
    made.runtime("delete", "--force", made.name, check=False)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def own_cgroup() -> Path:
    """This session's delegated cgroup, with our own processes moved to a leaf of it.

    A cgroup with processes of its own cannot hand controllers to its children (cgroups(7), "no
    internal processes").
    """
    path = Path("/sys/fs/cgroup") / Path("/proc/self/cgroup").read_text().split("::/")[1].strip()
    leaf = path / "tests"
    leaf.mkdir(exist_ok=True)
    for pid in (path / "cgroup.procs").read_text().split():
        (leaf / "cgroup.procs").write_text(pid)
    return path
