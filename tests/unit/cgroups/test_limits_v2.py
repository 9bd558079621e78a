# SPDX-License-Identifier: Apache-2.0
"""Limits on a v2 hierarchy with the usual controllers, where the host has one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls, watch
from pyrunc.errors import NativeError

from .conftest import MIB, MakeManager, Spawn


def made(manager_of: MakeManager, *controllers: str) -> cgroups.Manager:
    """A manager whose cgroup has these controllers; skips where they are elsewhere."""
    manager = manager_of(2)
    manager.create()
    offered = calls.read(manager.groups[""], "cgroup.controllers").split()
    missing = [name for name in controllers if name not in offered]
    if missing:
        pytest.skip(f"this cgroup2 hierarchy does not offer {missing} to sub-cgroups")
    return manager


def value(manager: cgroups.Manager, file: str) -> str:
    return calls.read(manager.groups[""], file).strip()


def test_limits_arrive(manager_of: MakeManager) -> None:
    """UNI-2, UNI-6: what the config asks in v1's words is what v2's files say afterwards."""
    manager = made(manager_of, "memory", "cpu", "pids")
    manager.apply(
        {
            "memory": {"limit": 64 * MIB, "swap": 96 * MIB, "reservation": 32 * MIB},
            "cpu": {"shares": 2048, "quota": 20000, "period": 50000},
            "pids": {"limit": 9},
            "unified": {"memory.high": str(48 * MIB)},
        }
    )
    wanted = {
        "memory.max": str(64 * MIB),
        "memory.low": str(32 * MIB),
        "memory.high": str(48 * MIB),
        "cpu.weight": "174",
        "cpu.max": "20000 50000",
        "pids.max": "9",
    }
    assert {file: value(manager, file) for file in wanted} == wanted


def test_burst_and_quota_depend_on_each_other(manager_of: MakeManager) -> None:
    """CPU-9: a burst above the old quota goes in after the new one, one below it before."""
    manager = made(manager_of, "cpu")
    manager.apply({"cpu": {"quota": 50000, "burst": 40000}})
    manager.apply({"cpu": {"quota": 10000, "burst": 5000}})
    assert value(manager, "cpu.max.burst") == "5000"
    assert value(manager, "cpu.max") == "10000 100000"


def test_update_is_all_or_nothing(manager_of: MakeManager) -> None:
    """update: when the kernel refuses one value the others are as they were."""
    manager = made(manager_of, "memory", "pids")
    current = {"memory": {"limit": 64 * MIB}}
    manager.apply(current)
    with pytest.raises(NativeError, match=r"^linux\.resources\.pids\.limit: write"):
        manager.update(current, {"memory": {"limit": 128 * MIB}, "pids": {"limit": 2**62}})
    assert value(manager, "memory.max") == str(64 * MIB)
    assert value(manager, "pids.max") == "max"


def test_processes_above_keep_the_tree_usable(manager_of: MakeManager, spawn: Spawn) -> None:
    """CONV-3: below a cgroup with processes the new one stays a domain that takes a process."""
    parent = made(manager_of, "pids")
    parent.attach(spawn().pid)
    child = manager_of(2, f"/{parent.groups[''].path}/child")
    child.create()
    assert value(child, "cgroup.type") == "domain"
    child.attach(spawn().pid)


def test_an_oom_kill_and_the_end_are_told(manager_of: MakeManager, spawn: Spawn) -> None:
    """events: a process that exceeds memory.max gives "oom", then the cgroup is empty."""
    manager = made(manager_of, "memory")
    manager.apply({"memory": {"limit": 8 * MIB, "swap": 8 * MIB}})
    hungry = spawn(sys.executable, "-c", "import time; time.sleep(2); x = bytearray(64 << 20)")
    manager.attach(hungry.pid)
    pidfd = os.pidfd_open(hungry.pid)
    seen = watch.Watch(manager, pidfd)
    found: list[str] = []
    try:
        for _ in range(20):
            found += seen.wait(5000)
            if watch.EMPTY in found:
                break
    finally:
        seen.close()
        os.close(pidfd)
    assert found == [watch.OOM, watch.EMPTY]


@pytest.mark.parametrize(("hungry", "expected"), [(True, ["oom", "empty"]), (False, ["empty"])])
def test_an_oom_kill_is_told_after_the_cgroup_is_gone(
    manager_of: MakeManager, spawn: Spawn, hungry: bool, expected: list[str]
) -> None:
    """events: systemd removes the cgroup, and its counters, before anybody reads them; the end of
    the first process for want of memory is in the kernel's log, any other end is not."""
    manager = made(manager_of, "memory")
    manager.apply({"memory": {"limit": 8 * MIB, "swap": 8 * MIB}})
    take = "x = bytearray(64 << 20)" if hungry else "import os; os.kill(os.getpid(), 9)"
    process = spawn(sys.executable, "-c", f"input(); {take}", stdin=subprocess.PIPE)
    manager.attach(process.pid)
    pidfd = os.pidfd_open(process.pid)
    seen = watch.Watch(manager, pidfd, process.pid)
    try:
        process.communicate(b"\n")
        assert process.returncode == -9
        os.rmdir(manager.groups[""].full)
        assert seen.wait(10000) == expected
    finally:
        seen.close()
        os.close(pidfd)
