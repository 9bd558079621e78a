# SPDX-License-Identifier: Apache-2.0
"""Limits and cgroup paths that cannot be: named by their member of config.json, and no trace."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from .harness import Container, cgroupfs, departs, needs, probes
from .harness.limits import MIB, controllers, has_file, on_v1, resources

WORDS = departs("runc", "1.1 names the file only, or takes it")
NO_DEVICE = {"major": 8, "minor": 1048575}


def refused(container: Container, **members: Any) -> str:
    """What create says of these resources, without the runtime's prefix; nothing is left."""
    prefix = f"{container.runtime.name} create failed: "
    message = resources(container, **members).fails()
    assert message.startswith(prefix)
    return message.removeprefix(prefix)


# controller, resources, the member that is named; each is refused by the kernel itself
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("cpu", {"cpu": {"quota": 1}}, "cpu.quota"),
    ("cpu", {"cpu": {"period": 1}}, "cpu.period"),
    ("cpu", {"cpu": {"period": 10_000_000}}, "cpu.period"),
    ("cpu", {"cpu": {"quota": 2**62, "period": 100000}}, "cpu.quota"),
    ("cpuset", {"cpu": {"cpus": "4000"}}, "cpu.cpus"),
    ("cpuset", {"cpu": {"mems": "900"}}, "cpu.mems"),
    ("pids", {"pids": {"limit": 2**62}}, "pids.limit"),
    ("io", {"blockIO": {"throttleReadBpsDevice": [{**NO_DEVICE, "rate": 5}]}},
     "blockIO.throttleReadBpsDevice[0]"),
    ("io", {"blockIO": {"throttleWriteIOPSDevice": [{**NO_DEVICE, "rate": 5}]}},
     "blockIO.throttleWriteIOPSDevice[0]"),
    ("io", {"blockIO": {"weightDevice": [{**NO_DEVICE, "weight": 500}]}},
     "blockIO.weightDevice[0].weight"),
]  # fmt: skip


@WORDS
@pytest.mark.parametrize(
    ("controller", "members", "field"),
    REFUSED,
    ids=[f"{row[2]}-{i}" for i, row in enumerate(REFUSED)],
)
def test_refused_by_the_kernel(
    container: Container, controller: str, members: dict[str, Any], field: str
) -> None:
    """OPS-C5, ERR-1: a value that the kernel refuses is an error with the member, the value, the
    file and the kernel's reason; no cgroup, process or record stays."""
    if controller == "io" and on_v1("blkio"):
        controller = "blkio"
    lack = probes.controller(controller)
    if lack:
        pytest.skip(lack)
    message = refused(container, **members, memory={"limit": 64 * MIB})
    assert message.startswith(f"linux.resources.{field}: write ")
    assert " of cgroup /" in message
    assert "no such file or directory" not in message  # that is a missing program to engines


@WORDS
@controllers("cpu")
def test_refused_real_time(container: Container) -> None:
    """CPU-5, UNI-6: realtime that the parent cgroup has no time for (v1), or that there is
    nothing for (v2)."""
    if on_v1("cpu") and has_file("cpu", "cpu.rt_runtime_us", ""):
        pytest.skip("the kernel does not ration real-time processes by cgroup")
    message = refused(container, cpu={"realtimePeriod": 1000000, "realtimeRuntime": 500000})
    assert message.startswith("linux.resources.cpu.realtime")


@WORDS
@pytest.mark.parametrize(
    ("controller", "members", "field"),
    [
        ("net_cls", {"network": {"classID": 5}}, "network.classID"),
        ("net_prio", {"network": {"priorities": [{"name": "lo", "priority": 1}]}},
         "network.priorities"),
        ("hugetlb", {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}, "hugepageLimits[0]"),
        ("rdma", {"rdma": {"mlx5_1": {"hcaHandles": 3}}}, "rdma['mlx5_1']"),
    ],
    ids=["net_cls", "net_prio", "hugetlb", "rdma"],
)  # fmt: skip
def test_controller_that_is_not_there(
    container: Container, controller: str, members: dict[str, Any], field: str
) -> None:
    """UNI-4, OPS-C5: a limit of a controller that this host lacks is an error that names both."""
    if not probes.controller(controller):
        pytest.skip(f"this host has the controller {controller}")
    message = refused(container, **members)
    assert message.startswith(f"linux.resources.{field}")
    assert controller in message or "cgroup v2 has nothing" in message


@WORDS
@controllers("hugetlb")
def test_page_size_that_is_not_there(container: Container) -> None:
    """HUG-1: a page size that the kernel does not know."""
    message = refused(container, hugepageLimits=[{"pageSize": "3MB", "limit": 1}])
    assert message.startswith("linux.resources.hugepageLimits[0]: the kernel has no hugetlb.3MB")


@WORDS
@needs(probes.v2_cgroups)
@controllers("memory")
@pytest.mark.parametrize(
    ("file", "text"), [("memory.max", "lots"), ("memory.nothing", "1"), ("nothing.max", "1")]
)
def test_refused_unified(container: Container, file: str, text: str) -> None:
    """UNI-3, UNI-5: a unified file that is not there, or a value that it does not take."""
    message = refused(container, unified={file: text})
    assert message.startswith(f"linux.resources.unified[{file!r}]: ")


@WORDS
def test_refused_device(container: Container) -> None:
    """CGD-4: a rule with a number that no device can have."""
    rule = {"allow": True, "type": "c", "major": 2**40, "minor": 0, "access": "r"}
    assert "linux.resources.devices[0].major" in refused(container, devices=[rule])


@WORDS
def test_first_refusal_is_told(container: Container) -> None:
    """ERR-1: with several bad values one line tells the first."""
    lacks = [probes.controller(name) for name in ("cpu", "pids")]
    if any(lacks):
        pytest.skip(str(lacks))
    message = refused(container, cpu={"quota": 1}, pids={"limit": 2**62})
    assert message.startswith("linux.resources.cpu.quota: write ")


@WORDS
@controllers("pids")
def test_next_create_works(container: Container) -> None:
    """ERR-1: after a refusal the same id and cgroup are free."""
    refused(container, pids={"limit": 2**62})
    resources(container, pids={"limit": 5}).bundle.args("/bin/true")
    assert container.finish()[0] == 0


# -- paths -----------------------------------------------------------------------------------


def directories() -> set[str]:
    """The names at the top of every hierarchy, and in the caller's own cgroups' parents."""
    return {str(entry) for top in set(cgroupfs.hierarchies().values()) for entry in top.iterdir()
            if entry.is_dir()}  # fmt: skip


@departs("runc", "1.1 cleans such paths and goes on")
@pytest.mark.parametrize(
    "path",
    ["..", "../{}", "../../{}", "/..", "/../{}", "/{}/..", "/a/../{}", "/{}/../../..", "/{}\n",
     "/", "//", "/.", "."],
    ids=repr,
)  # fmt: skip
def test_path_that_escapes(container: Container, path: str, mark: str) -> None:
    """CGP-2: a path with .. or a newline in it, or that is the root cgroup itself, is refused by
    its name before anything is made."""
    before = directories()
    container.bundle.linux["cgroupsPath"] = path.format(mark)
    container.bundle.write()
    message = container.runtime.fails("create", "-b", container.bundle.path, container.id)
    assert "linux.cgroupsPath" in message
    assert not (container.runtime.root / container.id).exists()
    assert {name for name in directories() - before if mark in name} == set()


@departs("runc", "1.1 words some of them otherwise")
@pytest.mark.parametrize(
    "path",
    ["not-a-slice:x:y", "/some/path", "a/b.slice:x:y", "x.slice:y", "x.slice:y:z:w",
     "x.slice:a:../b", "../x.slice:a:b", "-x.slice:a:b"],
)  # fmt: skip
def test_path_that_is_no_unit(container: Container, path: str) -> None:
    """CGP-2: with the systemd driver a path that names no slice and unit is refused by its name,
    whether or not there is a systemd."""
    container.bundle.linux["cgroupsPath"] = path
    container.bundle.write()
    flags = ["create", "--bundle", container.bundle.path, container.id]
    message = container.runtime.fails(*flags, top=["--systemd-cgroup"])
    assert "linux.cgroupsPath" in message
    assert not (container.runtime.root / container.id).exists()


def no_systemd() -> str | None:
    """This host has no systemd to ask for units."""
    return "this host runs systemd" if os.path.isdir("/run/systemd/system") else None


@needs(probes.host_root, no_systemd)
@departs("runc", "1.1 words it otherwise")
def test_systemd_driver_without_systemd(container: Container, mark: str) -> None:
    """CGP-2, ERR-1: with the systemd driver on a host without systemd create says what could not
    be reached, not that a program is missing, and leaves nothing."""
    if no_systemd():
        pytest.skip(str(no_systemd()))
    container.bundle.linux["cgroupsPath"] = f"system.slice:t:{mark}"
    container.bundle.write()
    flags = ["create", "--bundle", container.bundle.path, container.id]
    message = container.runtime.fails(*flags, top=["--systemd-cgroup"])
    assert "systemd" in message and "bus" in message
    assert "no such file or directory" not in message
    assert not (container.runtime.root / container.id).exists()


def test_two_containers_in_one_cgroup(
    container: Container, make_container: Callable[[str], Container]
) -> None:
    """CGP-6: a second container for a cgroup in which another runs is refused; the first one and
    its cgroup are as before."""
    container.up()
    other = make_container("other")
    other.bundle.linux["cgroupsPath"] = container.bundle.linux["cgroupsPath"]
    other.bundle.write()
    result = other.runtime.run("create", "--bundle", other.bundle.path, other.id)
    if result.code == 0:  # allowed by the standard, and what runc 1.1 does with a warning
        other.runtime.run("delete", "--force", other.id)
        pytest.skip("this runtime lets containers share a cgroup")
    if ":" not in other.bundle.linux["cgroupsPath"]:  # systemd says in its words that it is taken
        assert "not empty" in result.err
    assert container.status == "running"
    assert container.exec("/bin/true").code == 0
