# SPDX-License-Identifier: Apache-2.0
"""The counters of cgroup v2."""

from __future__ import annotations

from .hierarchies import UNIFIED
from .stats import UNLIMITED, Reader, filled, hugepage_sizes, pids, pressure
from .stats_v1 import cpuset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import calls

    Json = dict[str, Any]

# key of io.stat: (member, operation)
_IO = {
    "rbytes": ("ioServiceBytesRecursive", "Read"),
    "wbytes": ("ioServiceBytesRecursive", "Write"),
    "dbytes": ("ioServiceBytesRecursive", "Discard"),
    "rios":   ("ioServicedRecursive", "Read"),
    "wios":   ("ioServicedRecursive", "Write"),
    "dios":   ("ioServicedRecursive", "Discard"),
}
_MICRO = 1000  # ns


def collect(groups: dict[str, calls.Group]) -> Json:
    """See stats.collect; a controller that is not enabled counts nothing."""
    reader = Reader(groups.get(UNIFIED))
    return {
        "cpu": {**_cpu(reader), **filled(psi=pressure(reader.text("cpu.pressure")))},
        "cpuset": cpuset(reader),
        "memory": {**_memory(reader), **filled(psi=pressure(reader.text("memory.pressure")))},
        "pids": pids(reader),
        "blkio": {**io_entries(reader.text("io.stat")),
                  **filled(psi=pressure(reader.text("io.pressure")))},
        "hugetlb": _hugetlb(reader),
    }


def _cpu(reader: Reader) -> Json:
    stat = reader.table("cpu.stat")
    return {
        "usage": {
            **filled(total=stat.get("usage_usec", 0) * _MICRO),
            "kernel": stat.get("system_usec", 0) * _MICRO,
            "user": stat.get("user_usec", 0) * _MICRO,
        },
        "throttling": filled(
            periods=stat.get("nr_periods"),
            throttledPeriods=stat.get("nr_throttled"),
            throttledTime=stat.get("throttled_usec", 0) * _MICRO,
        ),
    }


def _memory(reader: Reader) -> Json:
    raw = reader.table("memory.stat")
    used, limit = reader.number("memory.current"), reader.number("memory.max")
    swapped, swap_limit = reader.number("memory.swap.current"), reader.number("memory.swap.max")
    both = UNLIMITED if UNLIMITED in (limit, swap_limit) else limit + swap_limit
    events, swap_events = reader.table("memory.events"), reader.table("memory.swap.events")
    return {
        **filled(cache=raw.get("file"), raw=raw),
        "usage": {"limit": limit, **filled(usage=used, max=reader.number("memory.peak")),
                  "failcnt": events.get("max", 0)},
        # As on v1 this counts memory and swap together.
        "swap": {"limit": both, **filled(usage=used + swapped),
                 "failcnt": swap_events.get("max", 0)},
        "kernel": {"limit": 0, **filled(usage=raw.get("kernel")), "failcnt": 0},
        "kernelTCP": {"limit": 0, **filled(usage=raw.get("sock")), "failcnt": 0},
    }


def io_entries(text: str) -> Json:
    """io.stat ("8:0 rbytes=1 wbytes=2 ...", one line a device) as lists of entries."""
    found: Json = {}
    for line in text.splitlines():
        device, *pairs = line.split()
        major, _, minor = device.partition(":")
        if not minor:
            continue
        for pair in pairs:
            key, _, value = pair.partition("=")
            if key in _IO:
                member, operation = _IO[key]
                entry = filled(major=int(major), minor=int(minor), op=operation, value=int(value))
                found.setdefault(member, []).append(entry)
    return found


def _hugetlb(reader: Reader) -> Json:
    return {size: {**filled(usage=reader.number(f"hugetlb.{size}.current")),
                   "failcnt": reader.table(f"hugetlb.{size}.events").get("max", 0)}
            for size in hugepage_sizes(reader.names(), "max")}
