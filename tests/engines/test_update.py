# SPDX-License-Identifier: Apache-2.0
"""`update` of a running container, which needs the runtime's own `update` command."""

from __future__ import annotations

import subprocess

import pytest

from .engine import Engine
from .test_resources import MIB, limit

# option, the file on v1, the file on v2, the values it may then hold
UPDATES = [
    ("--memory=96m", "memory/memory.limit_in_bytes", "memory.max", (str(96 * MIB),)),
    ("--cpu-shares=300", "cpu/cpu.shares", "cpu.weight", ("300", "12", "38")),
    ("--cpus=0.25", "cpu/cpu.cfs_quota_us", "cpu.max", ("25000", "25000 100000")),
    ("--cpuset-cpus=0", "cpuset/cpuset.cpus", "cpuset.cpus", ("0",)),
    ("--pids-limit=44", "pids/pids.max", "pids.max", ("44",)),
]


@pytest.fixture(autouse=True)
def needs_update(runtime: str) -> None:
    """Skip while the runtime under test has no update command (asked: `RUNTIME update --help`)."""
    done = subprocess.run([runtime, "update", "--help"], capture_output=True, text=True,
                          check=False)
    if done.returncode or "--memory" not in done.stdout:
        pytest.skip(f"{runtime} has no update command")


@pytest.mark.parametrize(("option", "v1", "v2", "values"), UPDATES)
def test_update(engine: Engine, option: str, v1: str, v2: str, values: tuple[str, ...]) -> None:
    """MEM-1, CPU-1, PID-1: the new limit is in the running container's cgroup."""
    if engine.name == "podman" and option.startswith("--pids"):
        pytest.skip("this podman's update has no --pids-limit")
    with engine.start("--memory=64m", "--memory-swap=128m", "busybox:test", "sleep",
                      "1000") as made:
        engine("update", option, made.name)
        assert limit(made, v1=v1, v2=v2) in values
