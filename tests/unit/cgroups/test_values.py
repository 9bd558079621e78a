# SPDX-License-Identifier: Apache-2.0
"""linux.resources as (file, value) pairs for v1 and for v2, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from pyrunc.cgroups import v1_values, v2_values
from pyrunc.errors import ConfigError

Pairs = list[tuple[str, str]]

THROTTLES = {
    f"throttle{what}Device": [{"major": 8, "minor": 0, "rate": i}]
    for i, what in enumerate(("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS"), 100)
}

# requirement, resources, v1 pairs, v2 pairs; None = an error on that version
TABLE: list[tuple[str, dict[str, Any], Pairs | None, Pairs | None]] = [
    (
        "MEM-1",
        {"memory": {"limit": 512}},
        [("memory.limit_in_bytes", "512")],
        [("memory.max", "512")],
    ),
    (
        "MEM-1",
        {"memory": {"limit": -1}},
        [("memory.limit_in_bytes", "-1"), ("memory.memsw.limit_in_bytes", "-1")],
        [("memory.swap.max", "max"), ("memory.max", "max")],
    ),
    (
        "MEM-2",
        {"memory": {"reservation": 512}},
        [("memory.soft_limit_in_bytes", "512")],
        [("memory.low", "512")],
    ),
    (
        "MEM-2",
        {"memory": {"reservation": -1}},
        [("memory.soft_limit_in_bytes", "-1")],
        [("memory.low", "max")],
    ),
    (
        "MEM-3",
        {"memory": {"limit": 512, "swap": 1024}},
        [("memory.limit_in_bytes", "512"), ("memory.memsw.limit_in_bytes", "1024")],
        [("memory.swap.max", "512"), ("memory.max", "512")],
    ),
    ("MEM-4", {"memory": {"kernel": 512}}, [("memory.kmem.limit_in_bytes", "512")], None),
    ("MEM-4", {"memory": {"kernelTCP": 512}}, [("memory.kmem.tcp.limit_in_bytes", "512")], None),
    ("MEM-4", {"memory": {"kernel": -1}}, [("memory.kmem.limit_in_bytes", "-1")], []),
    ("MEM-5", {"memory": {"swappiness": 10}}, [("memory.swappiness", "10")], None),
    ("MEM-5", {"memory": {"swappiness": 0}}, [("memory.swappiness", "0")], []),
    ("MEM-5", {"memory": {"swappiness": 2**64 - 1}}, [], []),
    ("MEM-6", {"memory": {"disableOOMKiller": True}}, [("memory.oom_control", "1")], None),
    ("MEM-6", {"memory": {"disableOOMKiller": False}}, [], []),
    ("MEM-7", {"memory": {"useHierarchy": True}}, [("memory.use_hierarchy", "1")], []),
    ("MEM-8", {"memory": {"checkBeforeUpdate": True}}, [], []),
    ("CPU-1", {"cpu": {"shares": 2048}}, [("cpu.shares", "2048")], [("cpu.weight", "174")]),
    ("CPU-8", {"cpu": {"shares": 0, "quota": 0, "period": 0}}, [], []),
    (
        "CPU-2",
        {"cpu": {"quota": 5000}},
        [("cpu.cfs_quota_us", "5000")],
        [("cpu.max", "5000 100000")],
    ),
    ("CPU-2", {"cpu": {"quota": -1}}, [("cpu.cfs_quota_us", "-1")], [("cpu.max", "max 100000")]),
    (
        "CPU-3",
        {"cpu": {"period": 5000}},
        [("cpu.cfs_period_us", "5000")],
        [("cpu.max", "max 5000")],
    ),
    (
        "CPU-4",
        {"cpu": {"quota": 5000, "period": 10000, "burst": 100}},
        [("cpu.cfs_burst_us", "100"), ("cpu.cfs_period_us", "10000"), ("cpu.cfs_quota_us", "5000")],
        [("cpu.max", "5000 10000"), ("cpu.max.burst", "100")],
    ),
    ("CPU-8", {"cpu": {"burst": 0}}, [("cpu.cfs_burst_us", "0")], [("cpu.max.burst", "0")]),
    ("CPU-5", {"cpu": {"realtimePeriod": 100}}, [("cpu.rt_period_us", "100")], None),
    ("CPU-5", {"cpu": {"realtimeRuntime": 100}}, [("cpu.rt_runtime_us", "100")], None),
    (
        "CPU-6",
        {"cpu": {"cpus": "0-1", "mems": "0"}},
        [("cpuset.cpus", "0-1"), ("cpuset.mems", "0")],
        [("cpuset.cpus", "0-1"), ("cpuset.mems", "0")],
    ),
    ("CPU-7", {"cpu": {"idle": 1}}, [("cpu.idle", "1")], [("cpu.idle", "1")]),
    (
        "CPU-7",
        {"cpu": {"idle": 1, "shares": 1024}},
        [("cpu.shares", "1024"), ("cpu.idle", "1")],
        [("cpu.weight", "100"), ("cpu.idle", "1")],
    ),
    (
        "CPU-7",
        {"cpu": {"idle": 0, "shares": 1024}},
        [("cpu.shares", "1024"), ("cpu.idle", "0")],
        [("cpu.idle", "0"), ("cpu.weight", "100")],
    ),
    ("PID-1", {"pids": {"limit": 7}}, [("pids.max", "7")], [("pids.max", "7")]),
    ("PID-2", {"pids": {"limit": -1}}, [("pids.max", "max")], [("pids.max", "max")]),
    ("PID-3", {"pids": {"limit": 0}}, [("pids.max", "0")], [("pids.max", "0")]),
    ("PID-4", {"pids": {}}, [], []),
    ("BIO-1", {"blockIO": {"weight": 100}}, [("blkio.weight", "100")], [("io.bfq.weight", "100")]),
    ("BIO-1", {"blockIO": {"leafWeight": 100}}, [("blkio.leaf_weight", "100")], None),
    ("BIO-5", {"blockIO": {"weight": 0, "leafWeight": 0}}, [], []),
    (
        "BIO-2",
        {"blockIO": {"weightDevice": [{"major": 8, "minor": 16, "weight": 300}]}},
        [("blkio.weight_device", "8:16 300")],
        [("io.bfq.weight", "8:16 300")],
    ),
    (
        "BIO-2",
        {"blockIO": {"weightDevice": [{"major": 8, "minor": 16, "leafWeight": 300}]}},
        [("blkio.leaf_weight_device", "8:16 300")],
        None,
    ),
    (
        "BIO-3",
        {"blockIO": THROTTLES},
        [
            ("blkio.throttle.read_bps_device", "8:0 100"),
            ("blkio.throttle.write_bps_device", "8:0 101"),
            ("blkio.throttle.read_iops_device", "8:0 102"),
            ("blkio.throttle.write_iops_device", "8:0 103"),
        ],
        [
            ("io.max", "8:0 rbps=100"),
            ("io.max", "8:0 wbps=101"),
            ("io.max", "8:0 riops=102"),
            ("io.max", "8:0 wiops=103"),
        ],
    ),
    (
        "HUG-2",
        {"hugepageLimits": [{"pageSize": "2MB", "limit": 4}]},
        [("hugetlb.2MB.limit_in_bytes", "4"), ("hugetlb.2MB.rsvd.limit_in_bytes", "4")],
        [("hugetlb.2MB.max", "4"), ("hugetlb.2MB.rsvd.max", "4")],
    ),
    ("CNW-1", {"network": {"classID": 1048577}}, [("net_cls.classid", "1048577")], None),
    (
        "CNW-2",
        {"network": {"priorities": [{"name": "eth0", "priority": 5}]}},
        [("net_prio.ifpriomap", "eth0 5")],
        None,
    ),
    (
        "RDM-1",
        {"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10}, "mlx4_0": {"hcaObjects": 0}}},
        [("rdma.max", "mlx5_1 hca_handle=3 hca_object=10"), ("rdma.max", "mlx4_0 hca_object=0")],
        [("rdma.max", "mlx5_1 hca_handle=3 hca_object=10"), ("rdma.max", "mlx4_0 hca_object=0")],
    ),
    (
        "UNI-3",
        {"unified": {"memory.high": "5", "some.thing": "x"}},
        None,
        [("memory.high", "5"), ("some.thing", "x")],
    ),
    (
        "UNI-5",
        {"unified": {"io.max": "8:0 rbps=1\n8:1 rbps=2\n"}},
        None,
        [("io.max", "8:0 rbps=1"), ("io.max", "8:1 rbps=2")],
    ),
    ("UNI-6", {"blockIO": {}, "network": {}, "memory": {}, "cpu": {}, "unified": {}}, [], []),
]
IDS = [f"{row[0]}-{i}" for i, row in enumerate(TABLE)]


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_v1_files_and_values(row: tuple[str, dict[str, Any], Pairs | None, Pairs | None]) -> None:
    """MEM-1..7, CPU-1..8, PID-1..4, BIO-1..5, HUG-2, CNW-1, CNW-2, RDM-1: v1's files, in order."""
    _, resources, wanted, _ = row
    if wanted is None:
        with pytest.raises(
            ConfigError, match=r"^linux\.resources\.unified: this host has cgroup v1"
        ):
            v1_values.writes(resources)
    else:
        assert [write.pair() for write in v1_values.writes(resources)] == wanted


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_v2_files_and_values(row: tuple[str, dict[str, Any], Pairs | None, Pairs | None]) -> None:
    """UNI-3, UNI-5, UNI-6: v2's files, in order; what cannot be converted is an error."""
    _, resources, _, wanted = row
    if wanted is None:
        with pytest.raises(
            ConfigError, match=r"^linux\.resources\.[\w.\[\]]+: cgroup v2 has nothing"
        ):
            v2_values.writes(resources)
    else:
        assert [write.pair() for write in v2_values.writes(resources)] == wanted


@pytest.mark.parametrize(
    ("resources", "field"),
    [
        ({"memory": {"swappiness": 1}}, "linux.resources.memory.swappiness"),
        ({"network": {"classID": 1}}, "linux.resources.network.classID"),
        (
            {"blockIO": {"weightDevice": [{"major": 1, "minor": 1, "leafWeight": 20}]}},
            "linux.resources.blockIO.weightDevice[0].leafWeight",
        ),
    ],
)
def test_a_v1_value_on_v2_is_named(resources: dict[str, Any], field: str) -> None:
    """UNI-6: the error names the member that v2 has nothing for."""
    with pytest.raises(ConfigError) as caught:
        v2_values.writes(resources)
    assert str(caught.value).startswith(f"{field}: ")


def test_unified_overrides_converted_fields() -> None:
    """UNI-5: unified is written last."""
    resources = {
        "unified": {"memory.max": "9"},
        "memory": {"limit": 5},
        "pids": {"limit": 1},
        "rdma": {"x": {"hcaHandles": 1}},
    }
    assert v2_values.writes(resources)[-1].pair() == ("memory.max", "9")


@pytest.mark.parametrize("key", ["memory", "memory/../x.y", "/cgroup.procs", ".x"])
def test_a_unified_key_that_is_no_file_name_is_refused(key: str) -> None:
    """UNI-5: a key with a slash, or that is not controller.file, is an error that names it."""
    with pytest.raises(ConfigError) as caught:
        v2_values.writes({"unified": {key: "1"}})
    assert str(caught.value).startswith(f"linux.resources.unified[{key!r}]: not the name of a file")


def test_bfq_is_tried_before_the_converted_weight() -> None:
    """BIO-1, CONV-2: where io.bfq.weight does not exist io.weight gets the converted number."""
    (write,) = v2_values.writes({"blockIO": {"weight": 500}})
    assert write.otherwise is not None
    assert write.otherwise.pair() == ("io.weight", "4950")


@pytest.mark.parametrize("shares", [1, 262145])
def test_v1_shares_that_the_kernel_would_change_are_refused(shares: int) -> None:
    """CPU-1: v1 clamps shares without a word, so the bounds are checked."""
    with pytest.raises(
        ConfigError, match=rf"^linux\.resources\.cpu\.shares: {shares} is not between"
    ):
        v1_values.writes({"cpu": {"shares": shares}})
