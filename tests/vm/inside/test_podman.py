# SPDX-License-Identifier: Apache-2.0
"""podman with $OCI_RUNTIME: as root, and as the user of a real session."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .bundle import command, driver, make_rootfs, rootless

pytestmark = pytest.mark.skipif(
    rootless() and not os.getenv("XDG_RUNTIME_DIR"), reason="podman needs the user's session"
)
MEBI = 1024 * 1024


def podman(*args: str) -> str:
    """Run podman with our runtime and this run's cgroup driver; return its stdout."""
    top = ["podman", "--runtime", command()[0], "--cgroup-manager", driver()]
    done = subprocess.run([*top, *args], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"podman {args}: {done.stderr}"
    return done.stdout


def test_run(tmp_path: Path) -> None:
    """`podman run` gives the program's output and leaves no container."""
    rootfs = make_rootfs(tmp_path / "rootfs")
    words = ["run", "--rm", "--network=none", "--rootfs", str(rootfs), "/bin/echo", "hello"]
    assert podman(*words) == "hello\n"
    assert podman("ps", "--all", "--quiet") == ""


@pytest.mark.skipif(rootless() and driver() == "cgroupfs", reason="podman sets no limits then")
def test_memory_limit_and_exec(tmp_path: Path) -> None:
    """A limit of podman's command line is in force, and `podman exec` runs in the container."""
    rootfs = make_rootfs(tmp_path / "rootfs")
    words = ["--network=none", "--memory=64m", "--rootfs", str(rootfs), "/bin/sleep", "300"]
    name = podman("run", "--detach", *words).strip()
    try:
        memory = podman("exec", name, "/bin/cat", "/sys/fs/cgroup/memory.max")
        assert memory == f"{64 * MEBI}\n"
    finally:
        podman("rm", "--force", "--time=0", name)
