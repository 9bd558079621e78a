# SPDX-License-Identifier: Apache-2.0
"""Scheduler, I/O priority, personality and memory policy."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest

from .harness import Container, departs, needs, probes
from .harness.probes import in_child

OLD = departs("runc", "1.1 does not know it")
pytestmark = OLD
NICE = needs(probes.higher_priority)


@cache
def memory_policy() -> str | None:
    """set_mempolicy works (the kernel has NUMA and no filter hides it)."""

    def call() -> None:
        if probes.libc.syscall(238, 0, None, 0) != 0:
            raise OSError(probes.ctypes.get_errno(), "refused")

    return in_child(call, "set_mempolicy(MPOL_DEFAULT)")


@cache
def deadline() -> str | None:
    """SCHED_DEADLINE can be had: the whole machine must be one root domain for the caller."""

    def call() -> None:
        import struct

        attributes = struct.pack("=IIQiIQQQ", 48, 6, 0, 0, 0, 10_000_000, 30_000_000, 30_000_000)
        if probes.libc.syscall(314, 0, attributes, 0) != 0:
            raise OSError(probes.ctypes.get_errno(), "refused")

    return in_child(call, "sched_setattr(SCHED_DEADLINE)")


def scheduled(container: Container, **scheduler: Any) -> str:
    """Run with this scheduler; "POLICY FLAGS NICE PRIORITY RUNTIME DEADLINE PERIOD"."""
    container.bundle.process["scheduler"] = scheduler
    container.bundle.inside("sched")
    return container.report()[0]


@pytest.mark.parametrize("nice", [*(pytest.param(n, marks=NICE) for n in (-20, -1)), 0, 7, 19])
def test_nice(container: Container, nice: int) -> None:
    """SCH-2, SCH-4: nice, from -20 to 19; absent members are 0."""
    assert scheduled(container, policy="SCHED_OTHER", nice=nice).split()[:4] == [
        "0", "0", str(nice), "0",
    ]  # fmt: skip


@needs(deadline)
def test_deadline(container: Container) -> None:
    """SCH-4: a deadline task has its runtime, deadline and period."""
    times = {"runtime": 10_000_000, "deadline": 30_000_000, "period": 40_000_000}
    got = scheduled(container, policy="SCHED_DEADLINE", **times).split()
    assert (got[0], got[4:]) == ("6", ["10000000", "30000000", "40000000"])


@pytest.mark.parametrize(
    "scheduler",
    [
        {},
        {"policy": "SCHED_NONSENSE"},
        {"policy": "SCHED_ISO"},
        {"policy": "SCHED_OTHER", "nice": 20},
        {"policy": "SCHED_OTHER", "priority": 5},
        {"policy": "SCHED_FIFO", "priority": 100},
        {"policy": "SCHED_FIFO"},
        {"policy": "SCHED_OTHER", "runtime": 1},
        {"policy": "SCHED_DEADLINE", "runtime": 9, "deadline": 5, "period": 5},
        {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_NONSENSE"]},
    ],
    ids=str,
)
def test_refused_scheduler(container: Container, scheduler: dict[str, Any]) -> None:
    """SCH-1, SCH-3, SCH-5: what the kernel cannot do is an error of create that names it."""
    container.bundle.process["scheduler"] = scheduler
    assert "scheduler" in container.fails()


def test_scheduler_is_execs_too(container: Container) -> None:
    """SCH-4: an exec'd program has the config's scheduler and I/O priority."""
    container.bundle.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 4}
    container.bundle.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    container.up()
    lines = container.exec("inside", "sched").lines
    assert lines[0].startswith("3 0 4 0 ") and lines[1] == "ioprio 2 6"


@pytest.mark.parametrize("priority", [0, 7])
@pytest.mark.parametrize(("name", "number"), [
    pytest.param("RT", 1, marks=NICE), ("BE", 2), ("IDLE", 3),
])
def test_io_priority(container: Container, name: str, number: int, priority: int) -> None:
    """IOP-1, IOP-2: class and priority, and what the program starts inherits them."""
    container.bundle.process["ioPriority"] = {
        "class": f"IOPRIO_CLASS_{name}", "priority": priority,
    }  # fmt: skip
    container.bundle.sh("inside sched; exit 0")
    assert container.report()[1] == f"ioprio {number} {priority}"


@pytest.mark.parametrize(
    "entry",
    [
        {"class": "IOPRIO_CLASS_NONE", "priority": 1},
        {"class": "IOPRIO_CLASS_BE", "priority": 8},
        {"class": "IOPRIO_CLASS_BE", "priority": -1},
        {"priority": 4},
    ],
    ids=str,
)
def test_refused_io_priority(container: Container, entry: dict[str, Any]) -> None:
    """IOP-1: another class, a priority out of 0 to 7, no class: refused."""
    container.bundle.process["ioPriority"] = entry
    assert "ioPriority" in container.fails()


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [("LINUX", {os.uname().machine}), ("LINUX32", {"i686", "armv8l", "armv7l"})],
)
def test_personality(container: Container, domain: str, wanted: set[str]) -> None:
    """PER-1: the domain decides what uname says of the machine, for exec too."""
    container.bundle.linux["personality"] = {"domain": domain}
    container.up()
    assert container.exec("/bin/uname", "-m").out.strip() in wanted


@pytest.mark.parametrize(
    "entry", [{"domain": "BSD"}, {}, {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}], ids=str
)
def test_refused_personality(container: Container, entry: dict[str, Any]) -> None:
    """PER-1: another domain, none, and any flag are refused."""
    container.bundle.linux["personality"] = entry
    assert "personality" in container.fails()


POLICIES = {
    "MPOL_DEFAULT": (None, "0 0"),
    "MPOL_PREFERRED": ("0", "1 1"),
    "MPOL_BIND": ("0", "2 1"),
    "MPOL_INTERLEAVE": ("0", "3 1"),
    "MPOL_LOCAL": (None, "4 0"),
    "MPOL_PREFERRED_MANY": ("0", "5 1"),
}


@needs(memory_policy)
@pytest.mark.parametrize("mode", POLICIES)
def test_memory_policy(container: Container, mode: str) -> None:
    """MPL-1, MPL-3: the policy is the program's."""
    nodes, wanted = POLICIES[mode]
    container.bundle.linux["memoryPolicy"] = {"mode": mode, **({"nodes": nodes} if nodes else {})}
    container.bundle.inside("mempolicy")
    assert container.report() == [wanted]


@needs(memory_policy)
@pytest.mark.parametrize(
    ("flag", "bit"), [("MPOL_F_STATIC_NODES", 1 << 15), ("MPOL_F_RELATIVE_NODES", 1 << 14)]
)
def test_memory_policy_flag(container: Container, flag: str, bit: int) -> None:
    """MPL-3: flags are part of the mode."""
    container.bundle.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0", "flags": [flag]}
    container.bundle.inside("mempolicy")
    assert container.report() == [f"{2 | bit} 1"]


@pytest.mark.parametrize(
    "entry",
    [
        {"mode": "MPOL_NONSENSE"},
        {"nodes": "0"},
        {"mode": "MPOL_BIND"},
        {"mode": "MPOL_BIND", "nodes": "x"},
        {"mode": "MPOL_BIND", "nodes": "3-1"},
        {"mode": "MPOL_LOCAL", "nodes": "0"},
        {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NONSENSE"]},
    ],
    ids=str,
)
def test_refused_memory_policy(container: Container, entry: dict[str, Any]) -> None:
    """MPL-1, MPL-2: unknown words, missing and needless nodes are refused."""
    container.bundle.linux["memoryPolicy"] = entry
    assert "memoryPolicy" in container.fails()


@needs(memory_policy)
def test_missing_node(container: Container) -> None:
    """MPL-3: a node that the machine does not have is an error of create."""
    container.bundle.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "500"}
    assert "memoryPolicy" in container.fails()
