# SPDX-License-Identifier: Apache-2.0
"""execCPUAffinity and the other inherited properties of a process that exec starts."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, needs

pytestmark = departs(
    "runc",
    "1.1 knows neither execCPUAffinity, memoryPolicy nor scheduler (standard 1.1 to 1.3)",
)


@cache
def two_cpus() -> str | None:
    """This process may run on two CPUs at least."""
    count = len(os.sched_getaffinity(0))
    return None if count > 1 else f"sched_getaffinity() gives {count} CPU"


CPUS = sorted(os.sched_getaffinity(0))
FIRST, LAST = str(CPUS[0]), str(CPUS[-1])
ALL = " ".join(map(str, CPUS))


def cpus_of_exec(container: Container, home: Path, affinity: dict[str, str] | None) -> str:
    """The CPUs of a process started by exec --process with this execCPUAffinity."""
    process: dict[str, Any] = {**container.bundle.process, "args": ["/bin/inside", "sched"]}
    if affinity is not None:
        process["execCPUAffinity"] = affinity
    (home / "process.json").write_text(json.dumps(process))
    got = container.runtime.run("exec", "--process", home / "process.json", container.id)
    assert (got.code, got.err) == (0, "")
    (line,) = [line for line in got.lines if line.startswith("cpus")]
    return line.removeprefix("cpus ")


@needs(two_cpus)
@pytest.mark.parametrize(
    ("affinity", "cpus"),
    [
        (None, ALL),
        ({}, ALL),
        ({"final": FIRST}, FIRST),
        ({"final": LAST}, LAST),
        ({"initial": FIRST, "final": LAST}, LAST),
        ({"initial": FIRST, "final": f"{FIRST}-{FIRST}, {LAST}"}, f"{FIRST} {LAST}"),
        ({"initial": "", "final": ""}, ALL),
    ],
)
def test_final(
    container: Container, home: Path, affinity: dict[str, str] | None, cpus: str
) -> None:
    """AFF-3, AFF-4: the program runs on the CPUs of `final`, anywhere without it."""
    container.up()
    assert cpus_of_exec(container, home, affinity) == cpus


@needs(two_cpus)
def test_initial_alone(container: Container, home: Path) -> None:
    """AFF-2, AFF-3: without `final` nothing is changed after the move; a process that no cpuset
    moves keeps `initial`.
    """
    container.up()
    assert cpus_of_exec(container, home, {"initial": LAST}) in (LAST, ALL)


@needs(two_cpus)
def test_from_the_config(container: Container) -> None:
    """AFF-1: the config's execCPUAffinity is for exec, and the first process ignores it."""
    container.bundle.process["execCPUAffinity"] = {"initial": FIRST, "final": LAST}
    container.bundle.sh("inside sched; exec inside pause")
    container.up()
    container.says("cpus")
    assert f"cpus {ALL}" in container.output().splitlines()
    got = container.exec("/bin/inside", "sched")
    assert f"cpus {LAST}" in got.lines


@pytest.mark.parametrize(
    ("affinity", "text"),
    [
        ({"initial": "1023"}, "execCPUAffinity.initial 1023: sched_setaffinity: invalid argument"),
        ({"final": "1023"}, "execCPUAffinity.final 1023: sched_setaffinity: invalid argument"),
        ({"final": "0-"}, "execCPUAffinity.final"),
        ({"final": "--,,"}, "execCPUAffinity.final"),
        ({"initial": "3-1"}, "execCPUAffinity.initial"),
    ],
)
def test_refused(container: Container, home: Path, affinity: dict[str, str], text: str) -> None:
    """AFF-4: a list that is none, or names no CPU that is there, is an error that says so."""
    container.up()
    process = {**container.bundle.process, "execCPUAffinity": affinity}
    (home / "process.json").write_text(json.dumps(process))
    got = container.runtime.run("exec", "--process", home / "process.json", container.id)
    assert got.code == 255
    assert text in got.error


def test_personality_in_exec(container: Container) -> None:
    """PER-1: exec's process has the container's execution domain."""
    container.bundle.linux["personality"] = {"domain": "LINUX32"}
    container.up()
    first = container.exec("/bin/uname", "-m")
    assert first.out.strip() in ("i686", "armv8l")


def test_scheduler_in_exec(container: Container) -> None:
    """SCH-4, IOP-2: exec derives scheduler and I/O priority from the config."""
    container.bundle.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
    container.bundle.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    container.up()
    lines = container.exec("/bin/inside", "sched").lines
    assert lines[0].split()[:3] == ["3", "0", "7"]
    assert lines[1] == "ioprio 2 6"


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ({"mode": "MPOL_DEFAULT"}, "0 0"),
        ({"mode": "MPOL_BIND", "nodes": "0"}, "2 1"),
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "3 1"),
        ({"mode": "MPOL_PREFERRED", "nodes": "0"}, "1 1"),
        ({"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}, "5 1"),
        ({"mode": "MPOL_LOCAL"}, "4 0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "32770 1"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}, "16386 1"),
    ],
)
def test_memory_policy(container: Container, policy: dict[str, Any], line: str) -> None:
    """MPL-1, MPL-2, MPL-3: the program starts under the memory policy."""
    container.bundle.linux["memoryPolicy"] = policy
    container.bundle.inside("mempolicy")
    assert container.report() == [line]
