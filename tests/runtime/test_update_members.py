# SPDX-License-Identifier: Apache-2.0
"""update --resources: the members that have no flag, and what the host cannot do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, needs, probes
from .harness.limits import (
    MIB,
    controllers,
    everything,
    huge_page_limits,
    io_throttles,
    limited,
    on_v1,
    resources,
    sent,
    update,
    value,
)
from .harness.loop import Loop

V1 = needs(probes.v1_cgroups)


@pytest.fixture
def up(container: Container) -> Container:
    """A running container with limits on memory, cpu and pids."""
    return limited(container).up()


@pytest.fixture
def loop(home: Path) -> Iterator[str]:
    """MAJOR:MINOR of a loop device on a file of the test's own."""
    with Loop(home / "disk", MIB) as device:
        yield device.number


def throttle(container: Container, v1: str, v2: str) -> dict[str, str]:
    """{device: limit} of a throttle, by its file on v1 and its key in io.max."""
    io = "blkio" if on_v1("blkio") else "io"
    lines = value(container, io, v1, "io.max").splitlines()
    if on_v1("blkio"):
        return dict(line.split() for line in lines)
    rows = [(line.split()[0], dict(pair.split("=") for pair in line.split()[1:])) for line in lines]
    return {device: pairs[v2] for device, pairs in rows if pairs[v2] != "max"}


@needs(io_throttles)
@departs("runc", "1.1 ignores throttles in update")
@pytest.mark.parametrize(
    ("member", "v1", "v2"),
    [
        ("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
        ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
        ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
        ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
    ],
)
def test_throttle(up: Container, loop: str, member: str, v1: str, v2: str) -> None:
    """BIO-3, BIO-4: a throttle is added, changed, and lifted by the rate 0."""
    major, minor = map(int, loop.split(":"))
    for rate in (4096, 8192, 0):
        sent(up, {"blockIO": {member: [{"major": major, "minor": minor, "rate": rate}]}})
        assert throttle(up, v1, v2) == ({loop: str(rate)} if rate else {})


def _huge() -> tuple[str, str]:
    """The size of a huge page of this kernel, as the config spells it and in bytes."""
    kib = int(sorted(os.listdir("/sys/kernel/mm/hugepages"))[0].split("-")[1].removesuffix("kB"))
    text = f"{kib >> 20}GB" if kib >> 20 else f"{kib >> 10}MB" if kib >> 10 else f"{kib}KB"
    return text, str(kib << 10)


@needs(huge_page_limits)
def test_huge_pages(up: Container) -> None:
    """HUG-1, HUG-2: a limit of huge pages, and of reserved ones where the kernel has it."""
    size, one = _huge()
    sent(up, {"hugepageLimits": [{"pageSize": size, "limit": int(one)}]})
    files = (f"hugetlb.{size}.limit_in_bytes", f"hugetlb.{size}.max")
    assert value(up, "hugetlb", *files) == one


@needs(probes.v2_cgroups)
@controllers("memory")
@departs("runc", "1.1 has no unified in update")
def test_unified(up: Container) -> None:
    """UNI-1, UNI-3: a file of the unified hierarchy, by its name."""
    sent(up, {"unified": {"memory.high": str(48 * MIB)}})
    assert value(up, "memory", "", "memory.high") == str(48 * MIB)


@needs(probes.v2_cgroups)
@controllers("memory")
@departs("runc", "1.1 has no unified in update")
def test_member_after_unified(container: Container) -> None:
    """UNI-5, CGP-5: a later update of a member counts, though unified named the file at create."""
    resources(container, unified={"memory.max": str(64 * MIB), "memory.high": str(32 * MIB)}).up()
    update(container, "--memory", "96m")
    sent(container, {"unified": {"memory.high": str(48 * MIB)}})
    assert value(container, "memory", "", "memory.max") == str(96 * MIB)


@V1
@departs("runc", "1.1 has no unified in update")
def test_unified_on_v1(up: Container) -> None:
    """UNI-5: unified on v1 is an error without effect."""
    before = everything(up)
    changes = {"unified": {"memory.max": "5"}, "pids": {"limit": 3}}
    message = up.runtime.fails("update", "-r", "-", up.id, stdin=json.dumps(changes))
    assert "linux.resources.unified" in message
    assert everything(up) == before


@departs("runc", "1.1 ignores it")
@pytest.mark.parametrize(
    ("controller", "changes", "field"),
    [
        ("net_cls", {"network": {"classID": 5}}, "network.classID"),
        ("net_prio", {"network": {"priorities": [{"name": "lo", "priority": 1}]}},
         "network.priorities"),
        ("", {"rdma": {"none": {"hcaHandles": 1}}}, "rdma"),
        ("", {"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}, "hugepageLimits[0]"),
    ],
    ids=["classID", "priorities", "rdma", "page size"],
)  # fmt: skip
def test_what_the_host_lacks(
    up: Container, controller: str, changes: dict[str, Any], field: str
) -> None:
    """UNI-4, HUG-1: what this host has no controller, device or page size for is named."""
    if controller and not probes.controller(controller):
        pytest.skip(f"this host has the controller {controller}")
    before = everything(up)
    message = up.runtime.fails("update", "-r", "-", up.id, stdin=json.dumps(changes))
    assert message.startswith(f"linux.resources.{field}")
    assert everything(up) == before


@controllers("memory")
def test_program_feels_it(container: Container) -> None:
    """MEM-1: a program that takes more than the new limit is ended."""
    resources(container, memory={"limit": 256 * MIB})
    container.bundle.sh("while [ ! -e /go ]; do sleep 0.01; done; exec inside alloc 128")
    container.up()
    update(container, "--memory", "32m", "--memory-swap", "32m")
    (container.bundle.rootfs / "go").touch()
    assert container.wait() == 137
