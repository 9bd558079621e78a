# SPDX-License-Identifier: Apache-2.0
"""Counters in the shape that `events` prints, OOM kills, and the end of a container."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import stats, stats_v1, stats_v2, watch
from pyrunc.cgroups.hierarchies import Layout

from .conftest import MakeManager, Spawn

MIB = 1 << 20
FILES = {
    "cpu.stat": "usage_usec 7\nuser_usec 4\nsystem_usec 3\n"
                "nr_periods 2\nnr_throttled 1\nthrottled_usec 5\n",
    "cpu.pressure": "some avg10=1.50 avg60=0.00 avg300=0.00 total=12\n",
    "cpuset.cpus": "0-1,4\n",
    "memory.stat": "anon 10\nfile 20\nkernel 5\nsock 0\n",
    "memory.current": "100\n", "memory.max": "200\n", "memory.peak": "150\n",
    "memory.events": "low 0\nmax 3\noom_kill 1\n",
    "memory.swap.current": "11\n", "memory.swap.max": "max\n",
    "pids.current": "3\n", "pids.max": "max\n",
    "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
    "hugetlb.2MB.current": "4\n", "hugetlb.2MB.max": "8\n", "hugetlb.2MB.events": "max 6\n",
    "hugetlb.2MB.rsvd.max": "8\n",
}  # fmt: skip
DATA = {
    "cpu": {
        "usage": {"total": 7000, "kernel": 3000, "user": 4000},
        "throttling": {"periods": 2, "throttledPeriods": 1, "throttledTime": 5000},
        "psi": {"some": {"avg10": 1.5, "avg60": 0.0, "avg300": 0.0, "total": 12}},
    },
    "cpuset": {
        "cpus": [0, 1, 4], "cpu_exclusive": 0, "mem_hardwall": 0, "mem_exclusive": 0,
        "memory_migrate": 0, "memory_spread_page": 0, "memory_spread_slab": 0,
        "memory_pressure": 0, "sched_load_balance": 0, "sched_relax_domain_level": 0,
    },
    "memory": {
        "cache": 20, "raw": {"anon": 10, "file": 20, "kernel": 5, "sock": 0},
        "usage": {"limit": 200, "usage": 100, "max": 150, "failcnt": 3},
        "swap": {"limit": 2**64 - 1, "usage": 111, "failcnt": 0},
        "kernel": {"limit": 0, "usage": 5, "failcnt": 0},
        "kernelTCP": {"limit": 0, "failcnt": 0},
    },
    "pids": {"current": 3},
    "blkio": {
        "ioServiceBytesRecursive": [{"major": 8, "op": "Read", "value": 1},
                                    {"major": 8, "op": "Write", "value": 2},
                                    {"major": 8, "op": "Discard"}],
        "ioServicedRecursive": [{"major": 8, "op": "Read", "value": 3},
                                {"major": 8, "op": "Write", "value": 4},
                                {"major": 8, "op": "Discard"}],
    },
    "hugetlb": {"2MB": {"usage": 4, "failcnt": 6}},
    "intel_rdt": {},
    "network_interfaces": None,
}  # fmt: skip


def test_v2_counters_have_the_shape_of_events(fake_v2: Layout, tmp_path: Path) -> None:
    """events: v2's files become the data object of a stats event, times in ns."""
    (tmp_path / "c").mkdir()
    for name, text in FILES.items():
        (tmp_path / "c" / name).write_text(text)
    assert cgroups.open_manager("/c", "c", layout=fake_v2).stats() == DATA


@pytest.mark.parametrize("version", [1, 2])
def test_counters_of_a_live_cgroup(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """events: on the real kernel the sections are there, JSON, and count our process."""
    manager = manager_of(version)
    manager.create()
    manager.attach(spawn().pid)
    data = json.loads(json.dumps(manager.stats()))
    assert list(data) == [
        "cpu",
        "cpuset",
        "memory",
        "pids",
        "blkio",
        "hugetlb",
        "intel_rdt",
        "network_interfaces",
    ]
    if version == 1 and "pids" in manager.groups:
        assert data["pids"] == {"current": 1}
        assert data["memory"]["usage"]["limit"] > MIB


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("8:16 Read 4096", {"major": 8, "minor": 16, "op": "Read", "value": 4096}),
        ("8:0 17", {"major": 8, "value": 17}),
        ("Total 9", None),
    ],
)
def test_blkio_lines(line: str, entry: dict[str, object] | None) -> None:
    """events: a line of a v1 blkio file is an entry, its sum is not."""
    assert stats_v1.blkio_entry(line) == entry


@pytest.mark.parametrize(("text", "numbers"), [("0-2,7\n", [0, 1, 2, 7]), ("\n", []), ("3", [3])])
def test_cpu_lists(text: str, numbers: list[int]) -> None:
    """events: cpuset lists are arrays of numbers."""
    assert stats_v1.expand(text) == numbers


def test_a_cgroup_that_is_gone_counts_nothing() -> None:
    """events: a reader without a group has no values, so the shape stays."""
    assert stats_v2.collect({})["pids"] == {}
    assert stats.number("max") == stats.UNLIMITED


@pytest.mark.parametrize("version", [1, 2])
def test_a_removed_cgroup_counts_nothing(version: int, manager_of: MakeManager) -> None:
    """events: a cgroup that goes away between two looks is no error."""
    manager = manager_of(version)
    manager.create()
    assert isinstance(manager.stats(), dict)
    manager.remove()
    assert manager.stats()["hugetlb"] == {}


def test_v1_tells_of_an_oom_kill_and_of_the_end(manager_of: MakeManager, spawn: Spawn) -> None:
    """events: a process that exceeds memory.limit gives "oom", then the cgroup is empty."""
    manager = manager_of(1)
    if "memory" not in manager.groups:
        pytest.skip("no v1 memory hierarchy is mounted")
    manager.create()
    manager.apply({"memory": {"limit": 8 * MIB, "swap": 8 * MIB}})
    hungry = spawn(sys.executable, "-c", "import time; time.sleep(0.3); x = bytearray(64 << 20)")
    manager.attach(hungry.pid)
    pidfd = os.pidfd_open(hungry.pid)
    seen = watch.Watch(manager, pidfd)
    try:
        found: list[str] = []
        while watch.EMPTY not in found and len(found) < 5:
            happened = seen.wait(10000)
            assert happened, "neither OOM nor the end within 10 s"
            found += happened
    finally:
        seen.close()
        os.close(pidfd)
    assert found == [watch.OOM, watch.EMPTY]


def test_v2_tells_of_the_end(manager_of: MakeManager, spawn: Spawn) -> None:
    """events: cgroup.events says populated 0 when the last process is gone."""
    manager = manager_of(2)
    manager.create()
    process = spawn()
    manager.attach(process.pid)
    seen = watch.Watch(manager)
    try:
        assert seen.wait(20) == []
        process.kill()
        assert seen.wait(10000) == [watch.EMPTY]
    finally:
        seen.close()


def test_v2_oom_kills_are_counted(fake_v2: Layout, tmp_path: Path) -> None:
    """events: only an oom_kill above the one before is an event."""
    (tmp_path / "c").mkdir()
    (tmp_path / "c/cgroup.events").write_text("populated 1\nfrozen 0\n")
    events = tmp_path / "c/memory.events"
    events.write_text("oom_kill 2\n")
    seen = watch.Watch.__new__(watch.Watch)
    seen.manager, seen.kills = cgroups.open_manager("/c", "c", layout=fake_v2), 2
    seen._memory, seen._log, seen.pid = os.open(events, os.O_RDONLY), -1, 1
    try:
        assert not seen._out_of_memory()
        events.write_text("oom_kill 3\n")
        assert seen._out_of_memory()
        assert not seen._out_of_memory()
    finally:
        os.close(seen._memory)
