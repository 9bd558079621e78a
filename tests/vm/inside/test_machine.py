# SPDX-License-Identifier: Apache-2.0
"""The machine is what the suite counts on; when it is not, the other results mean nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .bundle import rootless

CGROUP = Path("/sys/fs/cgroup")
DELEGATED = {"cpu", "cpuset", "io", "memory", "pids"}


def test_only_cgroup2() -> None:
    """The only cgroup file system is cgroup2, and it has all controllers that it knows."""
    rows = [line.split()[:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    assert [row[1:] for row in rows if row[2].startswith("cgroup")] == [[str(CGROUP), "cgroup2"]]
    found = set((CGROUP / "cgroup.controllers").read_text().split())
    assert found >= DELEGATED | {"hugetlb", "rdma"}


def test_systemd_and_dbus() -> None:
    """systemd is process 1 and answers on the bus of the person who runs this."""
    assert Path("/proc/1/comm").read_text() == "systemd\n"
    bus = "--user" if os.getenv("XDG_RUNTIME_DIR") else "--system"
    systemd = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1"]
    subprocess.run(
        ["busctl", bus, "call", *systemd, "org.freedesktop.DBus.Peer", "Ping"], check=True
    )


def test_apparmor() -> None:
    """The kernel enforces AppArmor."""
    assert Path("/sys/module/apparmor/parameters/enabled").read_text() == "Y\n"


def test_no_network() -> None:
    """There is no way out: the only interface is lo."""
    assert os.listdir("/sys/class/net") == ["lo"]


@pytest.mark.skipif(not rootless(), reason="about unprivileged users")
def test_session_is_delegated() -> None:
    """tester's systemd owns a cgroup with all useful controllers; plain has neither."""
    top = CGROUP / f"user.slice/user-{os.getuid()}.slice/user@{os.getuid()}.service"
    if os.getenv("USER") == "plain":
        assert not top.exists()
        return
    assert set((top / "cgroup.controllers").read_text().split()) == DELEGATED
    assert top.stat().st_uid == os.getuid()


@pytest.mark.skipif(rootless(), reason="criu check needs root")
def test_criu_works() -> None:
    """criu finds all that it needs in this kernel."""
    done = subprocess.run(["criu", "check"], check=False, capture_output=True, text=True)
    assert (done.returncode, "Looks good." in done.stdout + done.stderr) == (0, True), done.stderr
