# SPDX-License-Identifier: Apache-2.0
"""linux.resources as writes to the files of cgroup v1; pure functions."""

from __future__ import annotations

from pyrunc.errors import ConfigError

from . import convert
from .writes import GONE, Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

R = "linux.resources"

# member: (file, chain, errno values that are no failure)
_MEMORY_LIMITS = (
    # The kernel dropped kernel memory limits (5.16): such memory counts towards memory.limit.
    ("kernel",      "memory.kmem.limit_in_bytes",     "",       GONE),
    ("kernelTCP",   "memory.kmem.tcp.limit_in_bytes", "",       GONE),
    ("limit",       "memory.limit_in_bytes",          "memory", ()),
    ("swap",        "memory.memsw.limit_in_bytes",    "memory", ()),
    ("reservation", "memory.soft_limit_in_bytes",     "",       ()),
)
_CFS = (
    ("burst",  "cpu.cfs_burst_us"),
    ("period", "cpu.cfs_period_us"),
    ("quota",  "cpu.cfs_quota_us"),
)
_REALTIME = (("realtimePeriod", "cpu.rt_period_us"), ("realtimeRuntime", "cpu.rt_runtime_us"))
_THROTTLE = (
    ("throttleReadBpsDevice",   "blkio.throttle.read_bps_device"),
    ("throttleWriteBpsDevice",  "blkio.throttle.write_bps_device"),
    ("throttleReadIOPSDevice",  "blkio.throttle.read_iops_device"),
    ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device"),
)
# member of a weight, file of the default scheduler, file of bfq or ""
_WEIGHTS = (
    ("weight",     "blkio.weight",      "blkio.bfq.weight"),
    ("leafWeight", "blkio.leaf_weight", ""),
)


def writes(resources: Json) -> list[Write]:
    """Everything but devices, in the order in which the kernel takes it.

    0 means "not set" but for burst, idle and pids.limit (CPU-8, BIO-5, PID-3). ConfigError for what
    v1 cannot do.
    """
    if resources.get("unified"):
        raise ConfigError(f"{R}.unified: this host has cgroup v1, which has no such files")
    return [
        *_cpuset(resources.get("cpu") or {}),
        *_memory(resources.get("memory") or {}),
        *_cpu(resources.get("cpu") or {}),
        *pids(resources.get("pids") or {}),
        *_block_io(resources.get("blockIO") or {}),
        *hugepages(resources.get("hugepageLimits") or [], "limit_in_bytes"),
        *_network(resources.get("network") or {}),
        *rdma(resources.get("rdma") or {}),
    ]


def _cpuset(cpu: Json) -> list[Write]:
    return [Write(f"{R}.cpu.{name}", "cpuset", f"cpuset.{name}", cpu[name])
            for name in ("cpus", "mems") if cpu.get(name)]


def _memory(memory: Json) -> list[Write]:
    field = f"{R}.memory"
    found = [Write(f"{field}.{name}", "memory", file, str(memory[name]), chain=chain, skip=skip)
             for name, file, chain, skip in _MEMORY_LIMITS if memory.get(name)]
    if memory.get("limit") == -1 and not memory.get("swap"):
        # Without it the old limit of memory+swap would refuse the new one of memory.
        found.append(Write(f"{field}.limit", "memory", "memory.memsw.limit_in_bytes", "-1",
                           chain="memory", skip=GONE))
    swappiness = memory.get("swappiness")
    if swappiness is not None and swappiness != convert.UNSET_SWAPPINESS:
        found.append(Write(f"{field}.swappiness", "memory", "memory.swappiness", str(swappiness)))
    for name, file in (("disableOOMKiller", "memory.oom_control"),
                       ("useHierarchy", "memory.use_hierarchy")):
        if memory.get(name):
            found.append(Write(f"{field}.{name}", "memory", file, "1"))
    return found


def _cpu(cpu: Json) -> list[Write]:
    field = f"{R}.cpu"
    found = []
    for name, file in _REALTIME:  # before any process is in the cgroup (CPU-9)
        if cpu.get(name):
            found.append(Write(f"{field}.{name}", "cpu", file, str(cpu[name]), chain="realtime"))
    shares = cpu.get("shares")
    if shares:
        convert.check_shares(shares, f"{field}.shares")
        found.append(Write(f"{field}.shares", "cpu", "cpu.shares", str(shares), chain="weight"))
    if cpu.get("idle") is not None:
        found.append(Write(f"{field}.idle", "cpu", "cpu.idle", str(cpu["idle"]), chain="weight"))
    for name, file in _CFS:
        value = cpu.get(name)
        if value or (name == "burst" and value == 0):
            found.append(Write(f"{field}.{name}", "cpu", file, str(value), chain="cfs"))
    return found


def pids(limit: Json) -> list[Write]:
    """pids.max, the same on v1 and v2."""
    value = limit.get("limit")
    if value is None:
        return []
    return [Write(f"{R}.pids.limit", "pids", "pids.max", convert.max_or(value))]


def _block_io(block: Json) -> list[Write]:
    field = f"{R}.blockIO"
    found = []
    for name, file, bfq in _WEIGHTS:
        if block.get(name):
            found.append(_weight(f"{field}.{name}", file, bfq, str(block[name])))
    for i, entry in enumerate(block.get("weightDevice") or []):
        for name, file, bfq in _WEIGHTS:
            if entry.get(name):
                value = f"{convert.device_number(entry)} {entry[name]}"
                found.append(_weight(f"{field}.weightDevice[{i}].{name}", f"{file}_device",
                                     bfq and f"{bfq}_device", value))
    for name, file in _THROTTLE:
        for i, entry in enumerate(block.get(name) or []):
            value = f"{convert.device_number(entry)} {entry['rate']}"
            found.append(Write(f"{field}.{name}[{i}]", "blkio", file, value))
    return found


def _weight(field: str, file: str, bfq: str, value: str) -> Write:
    otherwise = Write(field, "blkio", bfq, value) if bfq else None
    return Write(field, "blkio", file, value, otherwise=otherwise)


def hugepages(limits: list[Json], suffix: str) -> list[Write]:
    """hugetlb.SIZE.<suffix> and, where the kernel has it, the reservation limit (HUG-2)."""
    found = []
    for i, entry in enumerate(limits):
        field, size, value = f"{R}.hugepageLimits[{i}]", entry["pageSize"], str(entry["limit"])
        found.append(Write(field, "hugetlb", f"hugetlb.{size}.{suffix}", value))
        found.append(Write(field, "hugetlb", f"hugetlb.{size}.rsvd.{suffix}", value, skip=GONE))
    return found


def _network(network: Json) -> list[Write]:
    field = f"{R}.network"
    found = []
    class_id = network.get("classID")
    if class_id:
        found.append(Write(f"{field}.classID", "net_cls", "net_cls.classid", str(class_id)))
    for i, entry in enumerate(network.get("priorities") or []):
        found.append(Write(f"{field}.priorities[{i}]", "net_prio", "net_prio.ifpriomap",
                           f"{entry['name']} {entry['priority']}"))
    return found


def rdma(devices: Json) -> list[Write]:
    """rdma.max, one line a device, the same on v1 and v2 (RDM-1)."""
    found = []
    for device, limits in devices.items():
        words = [device]
        for name, key in (("hcaHandles", "hca_handle"), ("hcaObjects", "hca_object")):
            if limits.get(name) is not None:
                words.append(f"{key}={limits[name]}")
        if len(words) > 1:
            found.append(Write(f"{R}.rdma[{device!r}]", "rdma", "rdma.max", " ".join(words)))
    return found
