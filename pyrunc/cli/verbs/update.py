# SPDX-License-Identifier: Apache-2.0
"""update: changes the resource limits of a container."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.cli.tables import INT, TEXT, Command, Option
from pyrunc.errors import PyruncError, UsageError, errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, cast

    from pyrunc.cli.call import Call
    from pyrunc.config.types import IntelRdt

# option: where it stands in linux.resources, and whether it is an amount of memory
_MEMBERS = (
    ("blkio-weight", "blockIO", "weight", False),
    ("cpu-period", "cpu", "period", False),
    ("cpu-quota", "cpu", "quota", False),
    ("cpu-burst", "cpu", "burst", False),
    ("cpu-rt-period", "cpu", "realtimePeriod", False),
    ("cpu-rt-runtime", "cpu", "realtimeRuntime", False),
    ("cpu-share", "cpu", "shares", False),
    ("cpu-idle", "cpu", "idle", False),
    ("memory", "memory", "limit", True),
    ("memory-reservation", "memory", "reservation", True),
    ("memory-swap", "memory", "swap", True),
    ("pids-limit", "pids", "limit", False),
)
_TEXTS = (("cpuset-cpus", "cpu", "cpus"), ("cpuset-mems", "cpu", "mems"))
_RDT = (("l3-cache-schema", "l3CacheSchema"), ("mem-bw-schema", "memBwSchema"))

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}

COMMAND = Command(
    "update",
    "update container resource constraints",
    description="""
Sets the given limits and leaves the others as they are. --resources takes a JSON object like
linux.resources of config.json; the other options are ignored then, but for those of Intel RDT.
Amounts of memory are bytes or have a suffix (k, m, g, t, p); -1 is no limit.
""",
    options=(
        Option("resources", TEXT, "JSON file with the resources, - for standard input", short="r"),
        Option("blkio-weight", INT, "block I/O weight, from 10 to 1000"),
        Option("cpu-period", INT, "CPU CFS period in microseconds, 0 for the kernel's default"),
        Option("cpu-quota", INT, "CPU CFS quota: microseconds of CPU time in a period"),
        Option("cpu-burst", INT, "microseconds that may be saved up for a burst"),
        Option("cpu-rt-period", INT, "CPU realtime period in microseconds"),
        Option("cpu-rt-runtime", INT, "CPU realtime quota in microseconds"),
        Option("cpu-share", INT, "CPU shares (weight against other containers)"),
        Option("cpu-idle", INT, "1 makes the cgroup SCHED_IDLE, 0 ends that"),
        Option("cpuset-cpus", TEXT, "CPUs to use"),
        Option("cpuset-mems", TEXT, "memory nodes to use"),
        Option("memory", TEXT, "memory limit"),
        Option("memory-reservation", TEXT, "memory reservation (soft limit)"),
        Option("memory-swap", TEXT, "limit of memory and swap together"),
        Option("pids-limit", INT, "highest number of processes, -1 for no limit"),
        Option("l3-cache-schema", TEXT, "Intel RDT/CAT L3 cache schema"),
        Option("mem-bw-schema", TEXT, "Intel RDT/MBA memory bandwidth schema"),
        Option("kernel-memory", TEXT, "", hidden=True),
        Option("kernel-memory-tcp", TEXT, "", hidden=True),
    ),
)


def run(call: Call) -> int:
    """Returns 0 when all limits are set; otherwise none of them."""
    path = call.text("resources")
    resources = read_resources(path) if path else from_options(call)
    from pyrunc.runtime import update

    update.update(call.context, call.args[0], resources, rdt_schemas(call))
    return 0


def read_resources(path: str) -> dict[str, Any]:
    """linux.resources from a file or (path "-") from standard input."""
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            data = file.read()
    except OSError as error:
        raise PyruncError(f"open {path}: {errno_text(error.errno or 0)}") from None
    try:
        value = jsonio.loads(data)
    except jsonio.JsonError as error:
        raise UsageError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path}: resources are a JSON object")
    return value


def from_options(call: Call) -> dict[str, Any]:
    """linux.resources with a member for each option that was given."""
    resources: dict[str, dict[str, Any]] = {}
    for name, group, member, is_memory in _MEMBERS:
        if name in call.given:
            value = memory_size(name, call.text(name)) if is_memory else call.number(name)
            resources.setdefault(group, {})[member] = value
    for name, group, member in _TEXTS:
        if call.text(name):
            resources.setdefault(group, {})[member] = call.text(name)
    return resources


def rdt_schemas(call: Call) -> IntelRdt:
    """The members of linux.intelRdt that were given."""
    found: Any = {member: call.text(name) for name, member in _RDT if call.text(name)}
    return cast("IntelRdt", found) if TYPE_CHECKING else found


def memory_size(option: str, text: str) -> int:
    """Bytes of "64m", "1.5g", "-1"; UsageError for anything else."""
    if text == "-1":
        return -1
    number = text.lower().removesuffix("ib").removesuffix("b")
    unit = number[-1:] if number[-1:].isalpha() else ""
    digits = number[: len(number) - len(unit)]
    whole, _, fraction = digits.partition(".")
    if unit not in _UNITS or not whole.isdecimal() or not (fraction or "0").isdecimal():
        raise UsageError(f'invalid value "{text}" for --{option}: use bytes, or a number with '
                         "k, m, g, t or p, or -1")
    return int(whole) * _UNITS[unit] + int(float(f"0.{fraction or 0}") * _UNITS[unit])
