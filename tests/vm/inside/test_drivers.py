# SPDX-License-Identifier: Apache-2.0
"""Limits through the cgroup driver of this run, as root and as a user with a delegated cgroup."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .bundle import Bundle, driver, rootless

MEBI = 1024 * 1024
undelegated = os.getenv("USER") == "plain"
systemd_only = pytest.mark.skipif(driver() != "systemd", reason="about the systemd driver")
needs_cgroup = pytest.mark.skipif(undelegated, reason="plain has no cgroup of its own")


def container_cgroup(bundle: Bundle) -> Path:
    """Return the directory of the running container's cgroup."""
    state = bundle.runtime("state", bundle.name).stdout
    pid = state.split('"pid":')[1].split(",")[0].strip()
    path = Path(f"/proc/{pid}/cgroup").read_text().split("::/")[1].strip()
    return Path("/sys/fs/cgroup") / path


def unit(bundle: Bundle, *properties: str) -> dict[str, str]:
    """Return properties of the container's transient scope."""
    manager = ["--user"] if rootless() else []
    shown = subprocess.run(
        ["systemctl", *manager, "show", f"pyrunc-{bundle.name}.scope",
         *[f"--property={name}" for name in properties]],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return dict(line.split("=", 1) for line in shown.splitlines())


@needs_cgroup
def test_limits_are_in_the_files(bundle: Bundle, own_cgroup: Path) -> None:
    """CGP-1, CGP-3, UNI-2: memory, pids and cpu limits reach the v2 files of the cgroup."""
    if driver() == "cgroupfs":
        bundle.cgroup("/" + str((own_cgroup / bundle.name).relative_to("/sys/fs/cgroup")))
    bundle.limit(
        memory={"limit": 64 * MEBI, "reservation": 32 * MEBI},
        pids={"limit": 20},
        cpu={"quota": 50000, "period": 100000},
    )
    bundle.start("/bin/sleep", "300")
    where = container_cgroup(bundle)
    names = ("memory.max", "memory.low", "pids.max", "cpu.max")
    found = [(where / name).read_text().strip() for name in names]
    assert found == [str(64 * MEBI), str(32 * MEBI), "20", "50000 100000"]
    bundle.runtime("delete", "--force", bundle.name)
    assert not where.exists()


@needs_cgroup
@systemd_only
def test_scope_has_the_limits(bundle: Bundle) -> None:
    """CGP-3: the transient scope is in the slice, delegated, and shows the limits."""
    bundle.limit(
        memory={"limit": 64 * MEBI}, pids={"limit": 20}, cpu={"quota": 50000, "period": 100000}
    )
    bundle.start("/bin/sleep", "300")
    assert unit(
        bundle, "ActiveState", "Slice", "Delegate", "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec"
    ) == {
        "ActiveState": "active",
        "Slice": "user.slice" if rootless() else "system.slice",
        "Delegate": "yes",
        "MemoryMax": str(64 * MEBI),
        "TasksMax": "20",
        "CPUQuotaPerSecUSec": "500ms",
    }
    bundle.runtime("delete", "--force", bundle.name)
    assert unit(bundle, "LoadState") == {"LoadState": "not-found"}


@needs_cgroup
@systemd_only
def test_property_annotation(bundle: Bundle) -> None:
    """An org.systemd.property annotation sets that property of the scope."""
    bundle.config["annotations"] = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000"}
    bundle.start("/bin/sleep", "300")
    assert unit(bundle, "TimeoutStopUSec") == {"TimeoutStopUSec": "7s"}


@needs_cgroup
@systemd_only
def test_update_reaches_the_scope(bundle: Bundle) -> None:
    """update changes the unit's property as well as the cgroup's file."""
    bundle.limit(memory={"limit": 64 * MEBI}, pids={"limit": 20})
    bundle.start("/bin/sleep", "300")
    bundle.runtime("update", "--memory", str(96 * MEBI), "--pids-limit", "30", bundle.name)
    assert unit(bundle, "MemoryMax", "TasksMax") == {
        "MemoryMax": str(96 * MEBI),
        "TasksMax": "30",
    }
    assert (container_cgroup(bundle) / "memory.max").read_text() == f"{96 * MEBI}\n"


@systemd_only
def test_a_path_is_not_a_scope(bundle: Bundle) -> None:
    """CGP-2: the systemd driver refuses a cgroupsPath that is not slice:prefix:name."""
    bundle.cgroup("/some/path")
    bundle.args("/bin/true")
    done = bundle.runtime("run", "--bundle", str(bundle.path), bundle.name, check=False)
    assert done.returncode == 1
    assert "slice:prefix:name" in done.stderr
    assert not bundle.has_state()


@pytest.mark.skipif(not undelegated, reason="about a user without a cgroup")
def test_limit_without_a_cgroup_is_an_error(bundle: Bundle) -> None:
    """A limit that cannot be set is an error, and nothing is left behind."""
    bundle.limit(pids={"limit": 20})
    bundle.args("/bin/true")
    done = bundle.runtime("run", "--bundle", str(bundle.path), bundle.name, check=False)
    assert done.returncode == 1
    assert "cgroup" in done.stderr
    assert not bundle.has_state()
