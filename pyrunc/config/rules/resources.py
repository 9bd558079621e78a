# SPDX-License-Identifier: Apache-2.0
"""Rules for `linux.resources`; each takes the resources object, so that update's are checked."""

from __future__ import annotations

from pyrunc.config.problems import Problem, show
from pyrunc.config.rules.process import descending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

WEIGHT_MIN = 10
WEIGHT_MAX = 1000
_MEMORY = "config-linux.md, Memory"
_CPU = "config-linux.md, CPU"
_BLOCK = "config-linux.md, Block IO"
_UNIFIED = "config-linux.md, Unified"


def swap(resources: Json) -> Iterator[Problem]:
    """MEM-10: swap is memory plus swap, so it is at least the memory limit."""
    memory = resources.get("memory", {})
    limit, both = memory.get("limit", 0), memory.get("swap", 0)
    if 0 < both < limit:
        yield Problem("MEM-10", ("memory", "swap"),
                      f"{both} is below the memory limit {limit}: it counts memory plus swap",
                      _MEMORY)


def burst(resources: Json) -> Iterator[Problem]:
    """CPU-4: the burst is at most a positive quota."""
    cpu = resources.get("cpu", {})
    quota, extra = cpu.get("quota", 0), cpu.get("burst", 0)
    if 0 < quota < extra:
        yield Problem("CPU-4", ("cpu", "burst"), f"{extra} is above the quota {quota}", _CPU)


def cpu_lists(resources: Json) -> Iterator[Problem]:
    """CPU-6: the ranges of cpus and mems ascend."""
    cpu = resources.get("cpu", {})
    for member in ("cpus", "mems"):
        yield from descending("CPU-6", ("cpu", member), cpu.get(member, ""), _CPU)


def weights(resources: Json) -> Iterator[Problem]:
    """BIO-5: a weight is 0 for unset, or 10 to 1000."""
    block = resources.get("blockIO", {})
    holders: list[tuple[Path, Json]] = [(("blockIO",), block)]
    holders += [(("blockIO", "weightDevice", index), device)
                for index, device in enumerate(block.get("weightDevice", ()))]
    for path, holder in holders:
        for member in ("weight", "leafWeight"):
            weight = holder.get(member, 0)
            if weight and not WEIGHT_MIN <= weight <= WEIGHT_MAX:
                yield Problem("BIO-5", (*path, member),
                              f"{weight} is not between {WEIGHT_MIN} and {WEIGHT_MAX}", _BLOCK)


def unified(resources: Json) -> Iterator[Problem]:
    """UNI-5: a key of unified is the name of a file in the cgroup's own directory."""
    for name in resources.get("unified", ()):
        if name in ("", ".", "..") or "/" in name or "\n" in name:
            yield Problem("UNI-5", ("unified", name), f"{show(name)} is not the name of a file",
                          _UNIFIED)


def rdma(resources: Json) -> Iterator[Problem]:
    """RDM-1: an rdma device is written as the first word of a line, so its name is one word."""
    for name in resources.get("rdma", ()):
        if not name or name != "".join(name.split()):
            yield Problem("RDM-1", ("rdma", name), f"{show(name)} is not the name of a device",
                          "config-linux.md, RDMA")


RULES = (swap, burst, cpu_lists, weights, unified, rdma)


def swap_alone(config: Json) -> Iterator[Problem]:
    """MEM-10: swap without limit cannot be converted; update may give it alone, a config not."""
    memory = config.get("linux", {}).get("resources", {}).get("memory", {})
    if memory.get("swap", 0) > 0 and memory.get("limit", 0) <= 0:
        yield Problem("MEM-10", ("linux", "resources", "memory", "swap"),
                      f"{memory['swap']} counts memory plus swap and needs a memory limit",
                      _MEMORY)


CONFIG_RULES = (swap_alone,)
