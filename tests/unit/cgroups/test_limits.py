# SPDX-License-Identifier: Apache-2.0
"""Limits that the kernel really takes or refuses, and updates with their way back."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls
from pyrunc.cgroups.hierarchies import Layout
from pyrunc.cgroups.writes import Write, perform
from pyrunc.errors import ConfigError, NativeError

from .conftest import MIB, MakeManager, Spawn, v1, value


def test_v1_limits_arrive(manager_of: MakeManager) -> None:
    """MEM-1..3, CPU-1..3, PID-1: what the config asks is what the kernel says afterwards."""
    manager = v1(manager_of, "memory", "cpu", "pids")
    manager.apply(
        {
            "memory": {"limit": 64 * MIB, "swap": 128 * MIB, "reservation": 32 * MIB},
            "cpu": {"shares": 512, "quota": 20000, "period": 50000},
            "pids": {"limit": 9},
        }
    )
    wanted = {
        ("memory", "memory.limit_in_bytes"): str(64 * MIB),
        ("memory", "memory.memsw.limit_in_bytes"): str(128 * MIB),
        ("memory", "memory.soft_limit_in_bytes"): str(32 * MIB),
        ("cpu", "cpu.shares"): "512",
        ("cpu", "cpu.cfs_quota_us"): "20000",
        ("cpu", "cpu.cfs_period_us"): "50000",
        ("pids", "pids.max"): "9",
    }
    assert {key: value(manager, *key) for key in wanted} == wanted


@pytest.mark.parametrize("steps", [(64, 128, 256, 512), (256, 512, 64, 128)])
def test_v1_memory_and_swap_move_in_any_direction(
    steps: tuple[int, int, int, int], manager_of: MakeManager
) -> None:
    """MEM-11: raising needs memory+swap first, lowering needs memory first; both work."""
    manager = v1(manager_of, "memory")
    for limit, swap in (steps[:2], steps[2:]):
        manager.apply({"memory": {"limit": limit * MIB, "swap": swap * MIB}})
    assert value(manager, "memory", "memory.limit_in_bytes") == str(steps[2] * MIB)
    assert value(manager, "memory", "memory.memsw.limit_in_bytes") == str(steps[3] * MIB)


def test_v1_quota_and_period_depend_on_the_parent(manager_of: MakeManager) -> None:
    """CPU-9: a period that the parent's bandwidth refuses goes in after the quota."""
    parent = v1(manager_of, "cpu")
    parent.apply({"cpu": {"quota": 50000, "period": 100000}})
    child = manager_of(1, f"/{parent.groups['cpu'].path}/child")
    child.create()
    child.apply({"cpu": {"quota": 50000, "period": 100000}})
    child.apply({"cpu": {"quota": 5000, "period": 10000}})
    assert value(child, "cpu", "cpu.cfs_quota_us") == "5000"
    assert value(child, "cpu", "cpu.cfs_period_us") == "10000"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"cpu": {"cpus": "4095"}},
            "linux.resources.cpu.cpus: write 4095 to cpuset.cpus of cgroup {cpuset}: ",
        ),
        (
            {"pids": {"limit": 2**62}},
            f"linux.resources.pids.limit: write {2**62} to pids.max of cgroup {{pids}}: invalid",
        ),
        (
            {"devices": [{"allow": True, "type": "c", "major": 2**40, "minor": 0, "access": "r"}]},
            f"linux.resources.devices[0]: write c {2**40}:0 r to devices.allow of cgroup ",
        ),
    ],
)
def test_what_the_kernel_refuses_is_told_with_its_field(
    resources: dict[str, Any], message: str, manager_of: MakeManager
) -> None:
    """A refused limit: one line with the field, the value, the file and the cgroup."""
    manager = v1(manager_of, "cpuset", "pids", "devices")
    with pytest.raises(NativeError) as caught:
        manager.apply(resources)
    assert str(caught.value).startswith(message.format(**manager.paths))


def test_a_missing_controller_is_named(manager_of: MakeManager) -> None:
    """UNI-4: the error names field and controller."""
    manager = v1(manager_of, "memory")
    whole = dict(manager.groups)
    manager.groups.pop("pids", None)
    with pytest.raises(ConfigError) as caught:
        manager.apply({"pids": {"limit": 5}})
    manager.groups.update(whole)
    assert str(caught.value) == (
        "linux.resources.pids.limit: the pids cgroup controller is not available on this host"
    )


def test_v1_devices_are_denied_and_allowed(manager_of: MakeManager) -> None:
    """CGD-1, CGD-8: the kernel's list is deny all, then what was allowed."""
    manager = v1(manager_of, "devices")
    manager.apply(
        {
            "devices": [
                {"allow": False, "access": "rwm"},
                {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
            ]
        }
    )
    lines = value(manager, "devices", "devices.list").splitlines()
    assert "c 10:229 rw" in lines
    assert "c 1:3 rwm" in lines
    assert "a *:* rwm" not in lines


def test_no_resources_leave_a_foreign_cgroup_alone(manager_of: MakeManager) -> None:
    """CGP-5: without resources an existing cgroup keeps its limits and its device list."""
    first = v1(manager_of, "devices")
    second = manager_of(1, f"/{first.groups['devices'].path}")
    second.create()
    second.apply(None)
    assert value(first, "devices", "devices.list") == "a *:* rwm"


def test_no_resources_close_a_new_cgroup(manager_of: MakeManager) -> None:
    """CGD-7: a cgroup of our own has the default device list also without resources."""
    manager = v1(manager_of, "devices")
    manager.apply(None)
    assert "a *:* rwm" not in value(manager, "devices", "devices.list").splitlines()


def device_program_refused(manager: cgroups.Manager) -> str:
    try:
        manager.apply_devices({})
    except NativeError as error:
        return str(error)
    return ""


def test_v2_device_program_works_and_is_replaced(manager_of: MakeManager, tmp_path: Path) -> None:
    """CGD-8: one program is attached, an update takes its place, and it decides about open(2)."""
    manager = manager_of(2)
    manager.create()
    refused = device_program_refused(manager)
    if refused:
        pytest.skip(refused)
    node = tmp_path / "kmsg"
    os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 11))
    first = calls.device_programs(manager.groups[""])
    assert _readable(manager, "/dev/null")
    assert not _readable(manager, str(node))
    rule = {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}
    manager.apply({"devices": [rule]})
    second = calls.device_programs(manager.groups[""])
    assert (len(first), len(second)) == (1, 1)
    assert first != second
    assert _readable(manager, str(node))


def _readable(manager: cgroups.Manager, device: str) -> bool:
    """Whether a process in the cgroup may open the device for reading."""
    child = os.fork()
    if child == 0:
        try:
            manager.attach(os.getpid())
            os.close(os.open(device, os.O_RDONLY))
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, errno.EPERM)
    return code == 0


def test_v2_enables_controllers_along_the_path(fake_v2: Layout, tmp_path: Path) -> None:
    """UNI-2: what a cgroup is offered and its children lack is enabled, from the top down."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "a/cgroup.subtree_control").write_text("cpu\n")
    (tmp_path / "a/b").mkdir()
    (tmp_path / "a/b/cgroup.type").write_text("domain\n")
    manager = cgroups.open_manager("/a/b", "c1", layout=fake_v2)
    manager._make()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (tmp_path / "a/cgroup.subtree_control").read_text() == "+memory"


def test_v2_threaded_cgroup_is_refused_for_memory(fake_v2: Layout, tmp_path: Path) -> None:
    """CONV-3: memory limits in a threaded cgroup are an error that names mode and controller."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/cgroup.controllers").write_text("pids\n")
    (tmp_path / "a/cgroup.type").write_text("threaded\n")
    manager = cgroups.open_manager("/a", "c1", layout=fake_v2)
    with pytest.raises(ConfigError) as caught:
        manager.apply({"memory": {"limit": MIB}})
    assert str(caught.value) == (
        f"linux.resources.memory.limit: cgroup {tmp_path}/a is in 'threaded' mode, in which the "
        "memory controller cannot be used"
    )


def test_v2_limit_below_usage_is_refused_when_asked(fake_v2: Layout, tmp_path: Path) -> None:
    """MEM-8: with checkBeforeUpdate a limit not above the usage is refused before it is written."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/cgroup.controllers").write_text("memory\n")
    (tmp_path / "a/memory.current").write_text("4096\n")
    (tmp_path / "a/memory.max").write_text("max\n")
    manager = cgroups.open_manager("/a", "c1", layout=fake_v2)
    with pytest.raises(
        ConfigError, match=r"^linux\.resources\.memory\.limit: 4096 is not above the 4096"
    ):
        manager.apply({"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    assert (tmp_path / "a/memory.max").read_text() == "max\n"


def test_falls_back_to_the_other_file(tmp_path: Path) -> None:
    """BIO-1: where the first file does not exist the second gets its own value."""
    (tmp_path / "io.weight").write_text("")
    group = calls.Group(str(tmp_path), "", 2)
    plain = Write("f", "io", "io.weight", "910")
    perform([Write("f", "io", "io.bfq.weight", "100", otherwise=plain)], lambda _: group)
    assert (tmp_path / "io.weight").read_text() == "910"


def test_a_file_the_kernel_lacks_is_no_missing_program(tmp_path: Path) -> None:
    """Engines take "no such file" for a missing program: this is told otherwise."""
    group = calls.Group(str(tmp_path), "", 2)
    with pytest.raises(ConfigError) as caught:
        perform([Write("linux.resources.cpu.idle", "cpu", "cpu.idle", "1")], lambda _: group)
    assert (
        str(caught.value)
        == f"linux.resources.cpu.idle: the kernel has no cpu.idle in cgroup {tmp_path}"
    )


def test_v2_controller_that_cannot_be_enabled_is_told(
    manager_of: MakeManager, spawn: Spawn
) -> None:
    """UNI-4: a parent with processes cannot give a controller on; the error names both and why."""
    parent = manager_of(2)
    parent.create()
    if "hugetlb" not in calls.read(parent.groups[""], "cgroup.controllers").split():
        pytest.skip("this cgroup2 hierarchy has no hugetlb controller")
    parent.attach(spawn().pid)
    child = manager_of(2, f"/{parent.groups[''].path}/child")
    child.create()
    with pytest.raises(ConfigError) as caught:
        child.apply({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]})
    assert str(caught.value) == (
        "linux.resources.hugepageLimits[0]: the hugetlb cgroup controller cannot be enabled in "
        f"{parent.paths['']}/cgroup.subtree_control: device or resource busy"
    )


def test_v2_hugepage_limits_arrive(manager_of: MakeManager) -> None:
    """HUG-2: both the fault limit and the reservation limit are set on the real kernel."""
    manager = manager_of(2)
    manager.create()
    group = manager.groups[""]
    if "hugetlb" not in calls.read(group, "cgroup.controllers").split():
        pytest.skip("this cgroup2 hierarchy has no hugetlb controller")
    manager.apply({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]})
    assert calls.read(group, "hugetlb.2MB.max") == f"{4 * MIB}\n"
    assert calls.read(group, "hugetlb.2MB.rsvd.max") == f"{4 * MIB}\n"
