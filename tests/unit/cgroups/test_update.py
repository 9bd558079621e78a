# SPDX-License-Identifier: Apache-2.0
"""update: what changes, what stays, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from pyrunc.cgroups import calls, update, v1_values, v2_values
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
        (
            {"network": {"priorities": [{"name": "a", "priority": 1}]}},
            {"network": {"priorities": [{"name": "b", "priority": 2}]}},
            {"network": {"priorities": [{"name": "a", "priority": 1},
                                        {"name": "b", "priority": 2}]}},
        ),
        (
            {"rdma": {"x": {"hcaHandles": 1}}},
            {"rdma": {"x": {"hcaObjects": 2}, "y": {"hcaObjects": 3}}},
            {"rdma": {"x": {"hcaHandles": 1, "hcaObjects": 2}, "y": {"hcaObjects": 3}}},
        ),
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


@pytest.mark.parametrize(
    ("current", "changes", "written"),
    [
        # The sum of memory and swap stays, so what is left for swap changes with the limit.
        ({"memory": {"limit": 64, "swap": 128}}, {"memory": {"limit": 96}},
         [("memory.swap.max", "32"), ("memory.max", "96")]),
        ({"memory": {"limit": 64}, "pids": {"limit": 5}}, {"pids": {"limit": 6}},
         [("pids.max", "6")]),
        # A file of `unified` that is not in the update must not undo a later change of the limit.
        ({"unified": {"memory.max": "64"}}, {"memory": {"limit": 96}}, [("memory.max", "96")]),
        ({"unified": {"memory.max": "64"}, "memory": {"limit": 96}},
         {"unified": {"memory.high": "80"}}, [("memory.high", "80")]),
        ({"rdma": {"x": {"hcaHandles": 1}}}, {"rdma": {"y": {"hcaObjects": 3}}},
         [("rdma.max", "y hca_object=3")]),
        ({"cpu": {"quota": 5000, "period": 9000}}, {"cpu": {"burst": 10}},
         [("cpu.max", "5000 9000"), ("cpu.max.burst", "10")]),
        ({"cpu": {"shares": 512}}, {"cpu": {"idle": 1}}, [("cpu.idle", "1")]),
    ],
)  # fmt: skip
def test_what_is_written_on_v2(
    current: dict[str, Any], changes: dict[str, Any], written: list[tuple[str, str]]
) -> None:
    """MEM-3, UNI-5, CPU-9: an update writes what it names and what depends on it, no more."""
    merged = update.merge(current, changes)
    found = update.select(v2_values.writes(merged), changes)
    assert [write.pair() for write in found] == written


@pytest.mark.parametrize(
    ("current", "changes", "written"),
    [
        ({"memory": {"limit": 64, "swap": 128}}, {"memory": {"limit": 96}},
         [("memory.limit_in_bytes", "96"), ("memory.memsw.limit_in_bytes", "128")]),
        ({"cpu": {"quota": 5000}, "memory": {"limit": 5}}, {"cpu": {"period": 9000}},
         [("cpu.cfs_period_us", "9000"), ("cpu.cfs_quota_us", "5000")]),
        ({"network": {"priorities": [{"name": "a", "priority": 1}]}}, {"network": {"classID": 7}},
         [("net_cls.classid", "7")]),
    ],
)  # fmt: skip
def test_what_is_written_on_v1(
    current: dict[str, Any], changes: dict[str, Any], written: list[tuple[str, str]]
) -> None:
    """MEM-11, CPU-9: an update writes what it names and what depends on it, no more."""
    merged = update.merge(current, changes)
    found = update.select(v1_values.writes(merged), changes)
    assert [write.pair() for write in found] == written


DENY = {"allow": False, "access": "rwm"}
FUSE = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}


@pytest.mark.parametrize(
    ("current", "new", "differ"),
    [
        (None, None, False),
        ([DENY, FUSE], None, False),
        ([DENY, FUSE], [DENY, FUSE], False),
        ([FUSE], [{**DENY, "type": "a", "major": -1}, FUSE], False),
        (None, [], False),
        (None, [DENY], False),
        ([DENY, FUSE], [], True),
        ([DENY, FUSE], [FUSE, DENY], True),
        ([DENY], [DENY, FUSE], True),
        ([FUSE], [{**FUSE, "access": "r"}], True),
        ([DENY], [{**DENY, "allow": True}], True),
    ],
)
def test_device_rules_that_differ(
    current: list[dict[str, Any]] | None, new: list[dict[str, Any]] | None, differ: bool
) -> None:
    """update: rules that come to the same as those in force are no change."""
    assert update.changes_devices({"devices": current}, {"devices": new}) == differ


def test_rules_in_force_are_left_alone(manager_of: MakeManager) -> None:
    """update: with the rules that the container has, what a hook allowed meanwhile stays."""
    manager = v1(manager_of, "devices")
    manager.apply({"devices": [DENY, FUSE]})
    calls.write([(manager.groups["devices"], "devices.allow", "c 195:* rw")])
    manager.update({"devices": [DENY, FUSE]}, {"devices": [DENY, FUSE]})
    assert "c 195:* rw" in value(manager, "devices", "devices.list").splitlines()


@pytest.mark.parametrize("paused", [False, True])
def test_frozen_meanwhile(
    paused: bool, manager_of: MakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """update: on v1 the container is frozen while its rules are written, and as before after."""
    manager = v1(manager_of, "devices", "freezer")
    manager.freeze(paused)
    seen: list[bool] = []
    apply = manager.apply_devices

    def look(resources: dict[str, Any] | None) -> None:
        seen.append(manager.frozen())
        apply(resources)

    monkeypatch.setattr(manager, "apply_devices", look)
    manager.update({}, {"devices": [FUSE]})
    assert seen == [True]
    assert manager.frozen() == paused
    manager.freeze(False)
