# SPDX-License-Identifier: Apache-2.0
"""Lists of writes: the order that constraints want, what is skipped, and what ends the trying."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls, v1_values, v2_values
from pyrunc.cgroups.hierarchies import Layout
from pyrunc.cgroups.writes import Write, perform
from pyrunc.errors import ConfigError, NativeError

from .conftest import MIB, MakeManager, v1, value

GROUP = calls.Group("/none", "c", 1)


class Kernel:
    """A cgroup's files in memory, of which some values refuse others with EINVAL."""

    def __init__(self, values: dict[str, int], fits: Callable[[dict[str, int]], bool]) -> None:
        self.values = values
        self.fits = fits
        self.count = 0

    def write(self, writes: list[tuple[calls.Group, str, str]]) -> tuple[int, int] | None:
        for i, (_, file, text) in enumerate(writes):
            self.count += 1
            after = {**self.values, file: int(text)}
            if not self.fits(after):
                return i, errno.EINVAL
            self.values = after
        return None


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    """Puts such a kernel in the place of the real one."""

    def make(values: dict[str, int], fits: Callable[[dict[str, int]], bool]) -> Kernel:
        made = Kernel(values, fits)
        monkeypatch.setattr(calls, "write", made.write)
        return made

    return make


LEVELS = (10, 20, 30)
PAIRS = [pair for pair in itertools.product(LEVELS, repeat=2) if pair[0] <= pair[1]]


@pytest.mark.parametrize("before", PAIRS)
@pytest.mark.parametrize("after", PAIRS)
def test_memory_and_swap(
    before: tuple[int, int], after: tuple[int, int], kernel: Callable[..., Kernel]
) -> None:
    """MEM-11: from any limits to any others, with memory never above memory and swap."""
    limit, both = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
    machine = kernel(dict(zip((limit, both), before, strict=True)), lambda v: v[limit] <= v[both])
    perform(v1_values.writes({"memory": {"limit": after[0], "swap": after[1]}}), lambda _: GROUP)
    assert machine.values == {limit: after[0], both: after[1]}


@pytest.mark.parametrize("before", PAIRS)
@pytest.mark.parametrize("after", PAIRS)
def test_burst_and_quota(
    before: tuple[int, int], after: tuple[int, int], kernel: Callable[..., Kernel]
) -> None:
    """CPU-4, CPU-9: from any burst and quota to any others, the burst never above the quota."""
    burst, quota, period = "cpu.cfs_burst_us", "cpu.cfs_quota_us", "cpu.cfs_period_us"
    machine = kernel({burst: before[0], quota: before[1], period: 100},
                     lambda v: v[burst] <= v[quota])  # fmt: skip
    cpu = {"burst": after[0], "quota": after[1], "period": 50}
    perform(v1_values.writes({"cpu": cpu}), lambda _: GROUP)
    assert machine.values == {burst: after[0], quota: after[1], period: 50}


@pytest.mark.parametrize("before", PAIRS)
@pytest.mark.parametrize("after", PAIRS)
def test_realtime(
    before: tuple[int, int], after: tuple[int, int], kernel: Callable[..., Kernel]
) -> None:
    """CPU-5, CPU-9: the same for the realtime runtime, which is never above its period."""
    runtime, period = "cpu.rt_runtime_us", "cpu.rt_period_us"
    machine = kernel(dict(zip((runtime, period), before, strict=True)),
                     lambda v: v[runtime] <= v[period])  # fmt: skip
    cpu = {"realtimeRuntime": after[0], "realtimePeriod": after[1]}
    perform(v1_values.writes({"cpu": cpu}), lambda _: GROUP)
    assert machine.values == {runtime: after[0], period: after[1]}


@pytest.mark.parametrize(
    "cpu", [{"quota": 1, "period": 1, "burst": 1}, {"quota": 1, "period": 1}, {"quota": 1}], ids=str
)
def test_trying_ends(cpu: dict[str, int], kernel: Callable[..., Kernel]) -> None:
    """CPU-9: what is refused in every order is an error after a few tries."""
    machine = kernel({}, lambda _: False)
    with pytest.raises(NativeError, match=r"^linux\.resources\.cpu\.\w+: write 1 to cpu\.cfs_"):
        perform(v1_values.writes({"cpu": cpu}), lambda _: GROUP)
    assert machine.count <= 16


def test_the_rest_goes_on_behind_a_chain(kernel: Callable[..., Kernel]) -> None:
    """CPU-9: a write that goes again does not take others with it, and all are done once."""
    quota, period, pids = "cpu.cfs_quota_us", "cpu.cfs_period_us", "pids.max"
    machine = kernel({quota: 5, period: 10, pids: 0}, lambda v: v[quota] >= v[period] // 2)
    resources = {"cpu": {"quota": 50, "period": 100}, "pids": {"limit": 9}}
    perform(v1_values.writes(resources), lambda _: GROUP)
    assert machine.values == {quota: 50, period: 100, pids: 9}
    assert machine.count == 4  # the period twice


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EOPNOTSUPP, 524])
@pytest.mark.parametrize("member", ["kernel", "kernelTCP"])
def test_dropped_kernel_limits(
    number: int, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEM-4: where the kernel has dropped these limits (524 is its ENOTSUPP) they are passed over,
    and what comes after them is written."""
    written: list[str] = []

    def write(writes: list[tuple[calls.Group, str, str]]) -> tuple[int, int] | None:
        for i, (_, file, _) in enumerate(writes):
            if "kmem" in file:
                return i, number
            written.append(file)
        return None

    monkeypatch.setattr(calls, "write", write)
    perform(v1_values.writes({"memory": {member: 5, "limit": 7}}), lambda _: GROUP)
    assert written == ["memory.limit_in_bytes"]


def test_refused_kernel_limit(kernel: Callable[..., Kernel]) -> None:
    """MEM-4: another refusal of them is an error."""
    kernel({}, lambda _: False)
    with pytest.raises(NativeError, match=r"^linux\.resources\.memory\.kernel: write 5"):
        perform(v1_values.writes({"memory": {"kernel": 5}}), lambda _: GROUP)


def test_kernel_members_on_the_real_kernel(manager_of: MakeManager) -> None:
    """MEM-4, MEM-7: kernel memory limits (kept or dropped by this kernel) and useHierarchy are no
    obstacle for the others."""
    manager = v1(manager_of, "memory")
    memory = {"kernel": 64 * MIB, "kernelTCP": 64 * MIB, "useHierarchy": True, "limit": 64 * MIB}
    manager.apply({"memory": memory})
    assert value(manager, "memory", "memory.limit_in_bytes") == str(64 * MIB)
    assert value(manager, "memory", "memory.use_hierarchy") == "1"


@pytest.mark.parametrize("suffix", ["limit_in_bytes", "max"])
@pytest.mark.parametrize("reservations", [True, False])
def test_huge_pages_with_and_without_reservations(
    suffix: str, reservations: bool, tmp_path: Path
) -> None:
    """HUG-2: the reservation limit is set where the kernel has it; without it the fault limit is
    enough; without that it is an error that names the file."""
    fault, reserved = tmp_path / f"hugetlb.2MB.{suffix}", tmp_path / f"hugetlb.2MB.rsvd.{suffix}"
    group = calls.Group(str(tmp_path), "", 1)
    wanted = v1_values.hugepages([{"pageSize": "2MB", "limit": 4}], suffix)
    with pytest.raises(ConfigError, match=rf"hugepageLimits\[0\]: the kernel has no {fault.name}"):
        perform(wanted, lambda _: group)
    for file in [fault, reserved][: 1 + reservations]:
        file.write_text("")
    perform(wanted, lambda _: group)
    assert fault.read_text() == "4"
    assert reserved.exists() == reservations
    assert not reservations or reserved.read_text() == "4"


@pytest.mark.parametrize(
    ("block", "first", "other"),
    [
        ({"weight": 300}, ("blkio.weight", "300"), ("blkio.bfq.weight", "300")),
        ({"weightDevice": [{"major": 8, "minor": 16, "weight": 300}]},
         ("blkio.weight_device", "8:16 300"), ("blkio.bfq.weight_device", "8:16 300")),
        ({"leafWeight": 300}, ("blkio.leaf_weight", "300"), None),
    ],
)  # fmt: skip
def test_v1_weights_of_either_scheduler(
    block: dict[str, Any], first: tuple[str, str], other: tuple[str, str] | None
) -> None:
    """BIO-1, BIO-2: cfq's file is tried before bfq's, with the same number."""
    (write,) = v1_values.writes({"blockIO": block})
    assert write.pair() == first
    assert (write.otherwise and write.otherwise.pair()) == other


def test_weight_and_leaf_weight_of_a_device() -> None:
    """BIO-2: both may be given for one device."""
    device = {"major": 8, "minor": 16, "weight": 300, "leafWeight": 400}
    found = [write.pair() for write in v1_values.writes({"blockIO": {"weightDevice": [device]}})]
    assert found == [("blkio.weight_device", "8:16 300"), ("blkio.leaf_weight_device", "8:16 400")]


def test_rate_zero_lifts_a_throttle() -> None:
    """BIO-3, BIO-4: the rate 0 is no throttle, in the words of each version."""
    block = {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 0}]}
    (on_v1,) = v1_values.writes({"blockIO": block})
    (on_v2,) = v2_values.writes({"blockIO": block})
    assert on_v1.pair() == ("blkio.throttle.read_bps_device", "8:0 0")
    assert on_v2.pair() == ("io.max", "8:0 rbps=max")


@pytest.mark.parametrize(
    "resources",
    [
        {"memory": {"limit": 0, "swap": 0, "reservation": 0, "kernel": 0, "kernelTCP": 0,
                    "disableOOMKiller": False, "useHierarchy": False, "checkBeforeUpdate": False}},
        {"cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0,
                 "cpus": "", "mems": ""}},
        {"blockIO": {"weight": 0, "leafWeight": 0, "weightDevice": [],
                     "throttleReadBpsDevice": []}},
        {"network": {"classID": 0, "priorities": []}, "hugepageLimits": [], "rdma": {},
         "pids": {}, "unified": {}, "devices": []},
    ],
)  # fmt: skip
def test_what_asks_for_nothing(resources: dict[str, Any]) -> None:
    """UNI-6, CPU-8, BIO-5: zeros, empty texts and lists write nothing and are no error."""
    assert v1_values.writes(resources) == []
    assert v2_values.writes(resources) == []


@pytest.mark.parametrize(
    ("memory", "used", "refused"),
    [
        ({"limit": 4097}, "4096", ""),
        ({"limit": 4096}, "4096", "limit"),
        ({"limit": 4095}, "4096", "limit"),
        ({"limit": -1}, "4096", ""),
        ({"limit": 8192, "swap": 4096}, "4096", "swap"),
        ({"limit": 4095}, "", ""),
        ({"limit": 4095, "checkBeforeUpdate": False}, "4096", ""),
        ({"reservation": 4095}, "4096", ""),
    ],
)
def test_check_before_update(
    memory: dict[str, Any], used: str, refused: str, fake_v2: Layout, tmp_path: Path
) -> None:
    """MEM-8: a limit at or below what is used is refused when the check is asked for; where nobody
    can say what is used, and for other members, there is none."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/cgroup.controllers").write_text("memory\n")
    if used:
        (tmp_path / "a/memory.current").write_text(used)
    manager = cgroups.open_manager("/a", "c1", layout=fake_v2)
    changes = {"checkBeforeUpdate": True, **memory}
    wanted = [Write("linux.resources.memory.limit", "memory", "memory.max", "1")]
    if refused:
        with pytest.raises(ConfigError, match=rf"^linux\.resources\.memory\.{refused}: "):
            manager.check_before({"memory": changes}, wanted)
    else:
        manager.check_before({"memory": changes}, wanted)
