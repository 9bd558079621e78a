# SPDX-License-Identifier: Apache-2.0
"""update: what changes, what stays, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from pyrunc.cgroups import calls, update
from pyrunc.cgroups.writes import Write
from pyrunc.errors import NativeError

from .conftest import MIB, MakeManager, v1, value


def test_update_changes_only_what_is_asked(manager_of: MakeManager) -> None:
    """update: a limit that somebody else changed is not touched by an update of another."""
    manager = v1(manager_of, "memory", "pids")
    current = {"memory": {"limit": 64 * MIB}, "pids": {"limit": 5}}
    manager.apply(current)
    calls.write([(manager.groups["pids"], "pids.max", "77")])
    merged = manager.update(current, {"memory": {"limit": 128 * MIB}})
    assert merged == {"memory": {"limit": 128 * MIB}, "pids": {"limit": 5}}
    assert value(manager, "memory", "memory.limit_in_bytes") == str(128 * MIB)
    assert value(manager, "pids", "pids.max") == "77"


def test_update_is_all_or_nothing(manager_of: MakeManager) -> None:
    """update: when the kernel refuses one value the others are as they were."""
    manager = v1(manager_of, "memory", "cpu", "pids")
    current = {"memory": {"limit": 64 * MIB}, "cpu": {"quota": 20000, "period": 50000}}
    manager.apply(current)
    with pytest.raises(NativeError, match=r"^linux\.resources\.pids\.limit: write"):
        manager.update(
            current,
            {"memory": {"limit": 128 * MIB}, "cpu": {"period": 40000}, "pids": {"limit": 2**62}},
        )
    assert value(manager, "memory", "memory.limit_in_bytes") == str(64 * MIB)
    assert value(manager, "cpu", "cpu.cfs_period_us") == "50000"
    assert value(manager, "pids", "pids.max") == "max"


def test_update_of_device_rules_can_be_undone(manager_of: MakeManager) -> None:
    """update: device rules can be changed too; a refused rule leaves the old ones in force."""
    manager = v1(manager_of, "devices")
    tun = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}
    manager.update({}, {"devices": [tun]})
    assert "c 10:229 rw" in value(manager, "devices", "devices.list").splitlines()
    with pytest.raises(NativeError, match=r"^linux\.resources\.devices\[0\]: write"):
        manager.update({"devices": [tun]}, {"devices": [{**tun, "major": 2**40}]})
    assert "c 10:229 rw" in value(manager, "devices", "devices.list").splitlines()


@pytest.mark.parametrize(
    ("current", "changes", "merged"),
    [
        (
            {"cpu": {"quota": 5, "period": 9}},
            {"cpu": {"period": 7}},
            {"cpu": {"quota": 5, "period": 7}},
        ),
        ({"memory": {"limit": 5, "swap": 9}}, {"memory": {"limit": -1}}, {"memory": {"limit": -1}}),
        ({"cpu": {"shares": 5}}, {"cpu": {"idle": 1}}, {"cpu": {"idle": 1}}),
        (
            {"unified": {"a.b": "1"}},
            {"unified": {"c.d": "2"}},
            {"unified": {"a.b": "1", "c.d": "2"}},
        ),
        (
            {"hugepageLimits": [{"pageSize": "2MB", "limit": 1}]},
            {"hugepageLimits": [{"pageSize": "1GB", "limit": 2}, {"pageSize": "2MB", "limit": 3}]},
            {"hugepageLimits": [{"pageSize": "2MB", "limit": 3}, {"pageSize": "1GB", "limit": 2}]},
        ),
        ({"devices": [{"allow": True}]}, {"devices": []}, {"devices": []}),
    ],
)
def test_merge(current: dict[str, Any], changes: dict[str, Any], merged: dict[str, Any]) -> None:
    """update: members replace members, devices of blockIO and page sizes one by one."""
    assert update.merge(current, changes) == merged


@pytest.mark.parametrize(
    ("file", "content", "written", "back"),
    [
        ("memory.max", "max\n", "5", ["max"]),
        (
            "io.max",
            "8:0 rbps=5 wbps=max riops=max wiops=max\n",
            "8:0 rbps=7",
            ["8:0 rbps=5 wbps=max riops=max wiops=max"],
        ),
        ("io.max", "", "8:0 rbps=7", ["8:0 rbps=max wbps=max riops=max wiops=max"]),
        ("io.weight", "default 100\n", "8:0 50", ["8:0 default"]),
        ("blkio.throttle.read_bps_device", "8:16 3\n", "8:0 50", ["8:0 0"]),
    ],
)
def test_the_way_back(file: str, content: str, written: str, back: list[str]) -> None:
    """update: what a file held before is what undoes a write, device by device."""
    assert update.old_lines(content, Write("f", file.split(".")[0], file, written)) == back
