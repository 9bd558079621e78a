# SPDX-License-Identifier: Apache-2.0
"""The counters of cgroup v1."""

from __future__ import annotations

import os

from .stats import Reader, filled, hugepage_sizes, pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import calls

    Json = dict[str, Any]

_SECOND = 1_000_000_000

# member: prefix of the four files
_MEMORY = (
    ("usage",     "memory"),
    ("swap",      "memory.memsw"),
    ("kernel",    "memory.kmem"),
    ("kernelTCP", "memory.kmem.tcp"),
)
_CPUSET = ("cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
           "memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
           "sched_relax_domain_level")
# member: files, of which the first with an entry counts
_BLKIO = (
    ("ioServiceBytesRecursive", ("blkio.bfq.io_service_bytes_recursive",
                                 "blkio.io_service_bytes_recursive",
                                 "blkio.throttle.io_service_bytes_recursive",
                                 "blkio.throttle.io_service_bytes")),
    ("ioServicedRecursive",     ("blkio.bfq.io_serviced_recursive",
                                 "blkio.io_serviced_recursive",
                                 "blkio.throttle.io_serviced_recursive",
                                 "blkio.throttle.io_serviced")),
    ("ioQueueRecursive",        ("blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive")),
    ("ioServiceTimeRecursive",  ("blkio.bfq.io_service_time_recursive",
                                 "blkio.io_service_time_recursive")),
    ("ioWaitTimeRecursive",     ("blkio.bfq.io_wait_time_recursive",
                                 "blkio.io_wait_time_recursive")),
    ("ioMergedRecursive",       ("blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive")),
    ("ioTimeRecursive",         ("blkio.bfq.time_recursive", "blkio.time_recursive")),
    ("sectorsRecursive",        ("blkio.bfq.sectors_recursive", "blkio.sectors_recursive")),
)


def collect(groups: dict[str, calls.Group]) -> Json:
    """See stats.collect; a controller that the host does not have counts nothing."""
    readers = {name: Reader(group) for name, group in groups.items()}
    none = Reader(None)
    return {
        "cpu": _cpu(readers.get("cpuacct", none), readers.get("cpu", none)),
        "cpuset": cpuset(readers.get("cpuset", none)),
        "memory": _memory(readers.get("memory", none)),
        "pids": pids(readers.get("pids", none)),
        "blkio": {member: entries for member, files in _BLKIO
                  if (entries := _blkio(readers.get("blkio", none), files))},
        "hugetlb": _hugetlb(readers.get("hugetlb", none)),
    }


def _cpu(usage: Reader, throttling: Reader) -> Json:
    tick = _SECOND // os.sysconf("SC_CLK_TCK")
    times = usage.table("cpuacct.stat")
    # cpuacct.usage_all: "cpu user system", one line a processor, times in ns.
    rows = [line.split() for line in usage.text("cpuacct.usage_all").splitlines()[1:]]
    stat = throttling.table("cpu.stat")
    return {
        "usage": {
            **filled(
                total=usage.number("cpuacct.usage"),
                percpu=[int(word) for word in usage.text("cpuacct.usage_percpu").split()],
                percpu_kernel=[int(row[2]) for row in rows],
                percpu_user=[int(row[1]) for row in rows],
            ),
            "kernel": times.get("system", 0) * tick,
            "user": times.get("user", 0) * tick,
        },
        "throttling": filled(
            periods=stat.get("nr_periods"),
            throttledPeriods=stat.get("nr_throttled"),
            throttledTime=stat.get("throttled_time"),
        ),
    }


def cpuset(reader: Reader) -> Json:
    """The cpuset members; lists of numbers for cpus and mems."""
    return {
        **filled(cpus=expand(reader.text("cpuset.cpus")), mems=expand(reader.text("cpuset.mems"))),
        **{name: reader.number(f"cpuset.{name}") for name in _CPUSET},
    }


def expand(text: str) -> list[int]:
    """A list such as "0-2,7" as numbers."""
    found: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            found.extend(range(int(first), int(last or first) + 1))
    return found


def _memory(reader: Reader) -> Json:
    raw = reader.table("memory.stat")
    found = filled(cache=raw.get("cache"), raw=raw)
    for member, prefix in _MEMORY:
        found[member] = {
            "limit": reader.number(f"{prefix}.limit_in_bytes"),
            **filled(usage=reader.number(f"{prefix}.usage_in_bytes"),
                     max=reader.number(f"{prefix}.max_usage_in_bytes")),
            "failcnt": reader.number(f"{prefix}.failcnt"),
        }
    return found


def _blkio(reader: Reader, files: tuple[str, ...]) -> list[Json]:
    for file in files:
        entries = [entry for line in reader.text(file).splitlines()
                   if (entry := blkio_entry(line)) is not None]
        if entries:
            return entries
    return []


def blkio_entry(line: str) -> Json | None:
    """ "8:0 Read 4096" or "8:0 17" as an entry; None for the sum in the last line."""
    words = line.split()
    major, colon, minor = words[0].partition(":")
    if not colon:
        return None
    operation = words[1] if len(words) == 3 else ""
    return filled(major=int(major), minor=int(minor), op=operation, value=int(words[-1]))


def _hugetlb(reader: Reader) -> Json:
    return {size: {**filled(usage=reader.number(f"hugetlb.{size}.usage_in_bytes"),
                            max=reader.number(f"hugetlb.{size}.max_usage_in_bytes")),
                   "failcnt": reader.number(f"hugetlb.{size}.failcnt")}
            for size in hugepage_sizes(reader.names(), "limit_in_bytes")}
