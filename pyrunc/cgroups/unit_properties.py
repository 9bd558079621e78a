# SPDX-License-Identifier: Apache-2.0
"""Limits as properties of a systemd unit, which would else put its own in their place; pure."""

from __future__ import annotations

from pyrunc.errors import ConfigError

from .devices import ANY, Rule
from .sdbus import Variant
from .stats_v1 import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .writes import Write

    Property = tuple[str, Variant]

INFINITY = 2**64 - 1
_SECOND_US = 1_000_000
_QUOTA_STEP_US = 10_000  # systemd rounds down to this; a quota must not become smaller
_V_PERIOD, _V_CPUSET, _V_IDLE = 242, 244, 252  # first versions with the property

# file: property of type t; "max" and -1 are infinity
_NUMBERS = {
    "memory.max": "MemoryMax",
    "memory.high": "MemoryHigh",
    "memory.low": "MemoryLow",
    "memory.min": "MemoryMin",
    "memory.swap.max": "MemorySwapMax",
    "memory.limit_in_bytes": "MemoryLimit",
    "cpu.weight": "CPUWeight",
    "cpu.shares": "CPUShares",
    "io.weight": "IOWeight",
    "blkio.weight": "BlockIOWeight",
    "pids.max": "TasksMax",
}
_SETS = {"cpuset.cpus": "AllowedCPUs", "cpuset.mems": "AllowedMemoryNodes"}

ANNOTATION = "org.systemd.property."


def from_writes(writes: Sequence[Write], version: int) -> list[Property]:
    """The properties for what is written to the cgroup's files; others systemd leaves alone.

    version: systemd's. Later writes to a file override earlier ones, as they do in the kernel.
    """
    values = {write.file: write.value for write in writes}
    found = [(name, Variant("t", _infinite(values[file]))) for file, name in _NUMBERS.items()
             if _is_number(values.get(file, ""))]
    tasks = dict(found).get("TasksMax")
    if tasks and tasks.value == 0:
        tasks.value = 1  # systemd takes no 0; both allow no further task (D5)
    found += _quota(values, version)
    if values.get("cpu.idle") == "1" and version >= _V_IDLE:
        found = [entry for entry in found if entry[0] != "CPUWeight"]
        found.append(("CPUWeight", Variant("t", 0)))
    if version >= _V_CPUSET:
        found += [(name, Variant("ay", bit_mask(values[file]))) for file, name in _SETS.items()
                  if values.get(file)]
    return found


def _is_number(text: str) -> bool:
    return text == "max" or text.removeprefix("-").isdigit()


def _infinite(text: str) -> int:
    return INFINITY if text == "max" or text.startswith("-") else int(text)


def _quota(values: dict[str, str], version: int) -> list[Property]:
    """CPUQuotaPerSecUSec and CPUQuotaPeriodUSec from cpu.max or the cfs files."""
    quota, period = values.get("cpu.cfs_quota_us"), values.get("cpu.cfs_period_us")
    if "cpu.max" in values:
        quota, _, period = values["cpu.max"].partition(" ")
    found = []
    period_us = int(period) if period and period.isdigit() else 0
    if period_us and version >= _V_PERIOD:
        found.append(("CPUQuotaPeriodUSec", Variant("t", period_us)))
    if quota:
        per_second = INFINITY
        if _infinite(quota) != INFINITY:
            per_second = int(quota) * _SECOND_US // (period_us or 100_000)
            per_second = -(-per_second // _QUOTA_STEP_US) * _QUOTA_STEP_US
        found.append(("CPUQuotaPerSecUSec", Variant("t", per_second)))
    return found


def bit_mask(cpus: str) -> bytes:
    """A list such as "0-3,8" as little-endian bytes with those bits set."""
    numbers = expand(cpus)
    mask = sum(1 << number for number in set(numbers))
    return mask.to_bytes(max(numbers) // 8 + 1, "little")


def devices(rules: Sequence[Rule], proc_devices: str) -> list[Property]:
    """DevicePolicy and DeviceAllow for device rules.

    proc_devices: the text of /proc/devices, which names the groups ("char-pts"). systemd knows only
    what is allowed, so a deny rule that narrows an allow rule before it is left to the kernel's
    own list, which is the exact one.
    """
    if rules and rules[0].kind == "a" and rules[0].allow:
        return [("DevicePolicy", Variant("s", "auto")), ("DeviceAllow", Variant("a(ss)", []))]
    allowed = [(path, rule.access) for rule in rules if rule.allow and rule.kind != "a"
               for path in [_device_path(rule, proc_devices)] if path]
    return [("DevicePolicy", Variant("s", "strict")), ("DeviceAllow", Variant("a(ss)", allowed))]


def _device_path(rule: Rule, proc_devices: str) -> str:
    kind = "char" if rule.kind == "c" else "block"
    if rule.major == ANY:
        return f"{kind}-*"
    if rule.minor != ANY:
        return f"/dev/{kind}/{rule.major}:{rule.minor}"
    name = _group_name(proc_devices, kind, rule.major)
    return f"{kind}-{name}" if name else ""


def _group_name(proc_devices: str, kind: str, major: int) -> str:
    """The name that /proc/devices gives a major number, "" when the kernel does not know it."""
    section = ""
    for line in proc_devices.splitlines():
        if line.endswith("devices:"):
            section = line.split()[0].lower().replace("character", "char")
        elif section == kind and line.strip().startswith(f"{major} "):
            return line.split(maxsplit=1)[1]
    return ""


def from_annotations(annotations: dict[str, str]) -> list[Property]:
    """The properties that org.systemd.property.NAME annotations ask for, values in GVariant text.

    A name ending in Sec is a time: it becomes NAME...USec, its value (seconds) microseconds.
    """
    found = []
    for key, text in annotations.items():
        if not key.startswith(ANNOTATION):
            continue
        name = key.removeprefix(ANNOTATION)
        if not name.isascii() or not name.isalpha():
            raise ConfigError(f"annotation {key}: {name!r} is not the name of a unit's property")
        from . import gvariant

        try:
            value = gvariant.parse(text)
        except ValueError as error:
            raise ConfigError(f"annotation {key}: {text!r} is no GVariant text: {error}") from None
        if name.endswith("Sec") and not name.endswith("USec"):
            name, value = f"{name.removesuffix('Sec')}USec", _microseconds(key, value)
        found.append((name, value))
    return found


def _microseconds(key: str, value: Variant) -> Variant:
    if value.signature not in tuple("ynqiuxtd") or value.value < 0:
        raise ConfigError(f"annotation {key}: {value.value!r} is not a number of seconds")
    return Variant("t", int(value.value * _SECOND_US))
