# SPDX-License-Identifier: Apache-2.0
"""linux.resources as writes to the files of cgroup v2; pure functions."""

from __future__ import annotations

from errno import ENOENT

from pyrunc.errors import ConfigError

from . import convert, v1_values
from .writes import Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

R = "linux.resources"
_PERIOD = 100000  # microseconds, the kernel's default

_THROTTLE = (
    ("throttleReadBpsDevice",   "rbps"),
    ("throttleWriteBpsDevice",  "wbps"),
    ("throttleReadIOPSDevice",  "riops"),
    ("throttleWriteIOPSDevice", "wiops"),
)
# What v2 has nothing for. -1 and 0 ask for no limit, which is what there is: silence (UNI-6).
_V1_ONLY = (
    ("memory", "kernel"), ("memory", "kernelTCP"), ("memory", "swappiness"),
    ("memory", "disableOOMKiller"),
    ("cpu", "realtimeRuntime"), ("cpu", "realtimePeriod"),
    ("blockIO", "leafWeight"),
    ("network", "classID"), ("network", "priorities"),
)
_SILENT = (-1, convert.UNSET_SWAPPINESS)


def writes(resources: Json) -> list[Write]:
    """Everything but devices, in the order in which the kernel takes it; `unified` last (UNI-5).

    ConfigError for values that cannot be converted.
    """
    _refuse_v1_only(resources)
    return [
        *_cpuset(resources.get("cpu") or {}),
        *_memory(resources.get("memory") or {}),
        *_cpu(resources.get("cpu") or {}),
        *v1_values.pids(resources.get("pids") or {}),
        *_block_io(resources.get("blockIO") or {}),
        *v1_values.hugepages(resources.get("hugepageLimits") or [], "max"),
        *v1_values.rdma(resources.get("rdma") or {}),
        *_unified(resources.get("unified") or {}),
    ]


def _refuse_v1_only(resources: Json) -> None:
    for section, name in _V1_ONLY:
        value = (resources.get(section) or {}).get(name)
        if value and value not in _SILENT:
            raise _impossible(f"{R}.{section}.{name}")
    for i, entry in enumerate((resources.get("blockIO") or {}).get("weightDevice") or []):
        if entry.get("leafWeight"):
            raise _impossible(f"{R}.blockIO.weightDevice[{i}].leafWeight")


def _impossible(field: str) -> ConfigError:
    return ConfigError(f"{field}: cgroup v2 has nothing that corresponds to it; leave it out")


def _cpuset(cpu: Json) -> list[Write]:
    return [Write(f"{R}.cpu.{name}", "cpuset", f"cpuset.{name}", cpu[name])
            for name in ("cpus", "mems") if cpu.get(name)]


def _memory(memory: Json) -> list[Write]:
    field = f"{R}.memory"
    limit, swap = memory.get("limit"), memory.get("swap")
    found = []
    swap_max = convert.swap_of_memsw(limit, swap, f"{field}.swap")
    if swap_max is not None:
        # A kernel without swap accounting has no swap to give either.
        skip = (ENOENT,) if swap_max in ("max", "0") else ()
        asked = "swap" if swap else "limit"
        # One chain with memory.max: a new limit alone changes what is left for swap.
        found.append(Write(f"{field}.{asked}", "memory", "memory.swap.max", swap_max,
                           chain="memory", skip=skip))
    for name, file, value in (("limit", "memory.max", limit),
                              ("reservation", "memory.low", memory.get("reservation"))):
        if value:
            chain = "memory" if name == "limit" else ""
            found.append(Write(f"{field}.{name}", "memory", file, convert.max_or(value),
                               chain=chain))
    return found


def _cpu(cpu: Json) -> list[Write]:
    field = f"{R}.cpu"
    found = []
    idle, shares = cpu.get("idle"), cpu.get("shares")
    if shares:
        weight = str(convert.weight_of_shares(shares))
        found.append(Write(f"{field}.shares", "cpu", "cpu.weight", weight, chain="weight"))
    if idle is not None:
        # The kernel refuses a weight for an idle cgroup: idle 0 must come before it, idle 1 after.
        at = 0 if idle == 0 else len(found)
        found.insert(at, Write(f"{field}.idle", "cpu", "cpu.idle", str(idle), chain="weight"))
    quota, period, burst = cpu.get("quota"), cpu.get("period"), cpu.get("burst")
    if quota or period:
        name = "quota" if quota else "period"
        value = f"{quota if quota and quota > 0 else 'max'} {period or _PERIOD}"
        found.append(Write(f"{field}.{name}", "cpu", "cpu.max", value, chain="cfs"))
    if burst is not None:
        found.append(Write(f"{field}.burst", "cpu", "cpu.max.burst", str(burst), chain="cfs"))
    return found


def _block_io(block: Json) -> list[Write]:
    field = f"{R}.blockIO"
    found = []
    if block.get("weight"):
        found.append(_weight(f"{field}.weight", "", block["weight"]))
    for i, entry in enumerate(block.get("weightDevice") or []):
        if entry.get("weight"):
            found.append(_weight(f"{field}.weightDevice[{i}].weight",
                                 f"{convert.device_number(entry)} ", entry["weight"]))
    for name, key in _THROTTLE:
        for i, entry in enumerate(block.get(name) or []):
            value = f"{convert.device_number(entry)} {key}={entry['rate'] or 'max'}"
            found.append(Write(f"{field}.{name}[{i}]", "io", "io.max", value))
    return found


def _weight(field: str, device: str, weight: int) -> Write:
    """bfq takes the number of v1; io.weight, of other schedulers, the converted one."""
    converted = convert.io_weight_of_blkio(weight, field)
    plain = Write(field, "io", "io.weight", f"{device}{converted}")
    return Write(field, "io", "io.bfq.weight", f"{device}{weight}", otherwise=plain)


def _unified(unified: Json) -> list[Write]:
    """Each line of a value is one write: io.max takes one device at a time (UNI-3, UNI-5)."""
    found = []
    for file, text in unified.items():
        field = f"{R}.unified[{file!r}]"
        controller, dot, _ = file.partition(".")
        if "/" in file or not dot or not controller:
            raise ConfigError(f"{field}: not the name of a file in a cgroup (controller.file)")
        if "\0" in text:
            raise ConfigError(f"{field}: the value contains a NUL byte")
        lines = text.splitlines() or [""]
        found += [Write(field, controller, file, line) for line in lines if line or len(lines) == 1]
    return found
