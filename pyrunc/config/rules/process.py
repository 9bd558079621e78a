# SPDX-License-Identifier: Apache-2.0
"""Rules for `process`; each takes the process object alone, so that exec's are checked the same."""

from __future__ import annotations

from pyrunc.config.grammar import list_ranges
from pyrunc.config.problems import Problem, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

WINSIZE_MAX = 0xFFFF
_SECTION = "config.md, Process"
_SCHEDULER = "config.md, Process: scheduler; sched_setattr(2)"


def console_size(process: Json) -> Iterator[Problem]:
    """PRC-3: with a terminal, consoleSize has both members and fits the kernel's 16 bits."""
    size = process.get("consoleSize")
    if size is None or not process.get("terminal"):
        return
    for member in ("height", "width"):
        path: Path = ("consoleSize", member)
        if member not in size:
            yield Problem("PRC-3", path, "is missing", _SECTION)
        elif size[member] > WINSIZE_MAX:
            yield Problem("PRC-3", path, f"{size[member]} is more than {WINSIZE_MAX}",
                          _SECTION + "; ioctl_tty(2)")


def rlimits(process: Json) -> Iterator[Problem]:
    """RLM-4, RLM-5: one entry a type, and soft at most hard."""
    seen = set()
    for index, limit in enumerate(process.get("rlimits", ())):
        if limit["type"] in seen:
            yield Problem("RLM-4", ("rlimits", index, "type"),
                          f"{show(limit['type'])} is given twice", _SECTION + ": rlimits")
        seen.add(limit["type"])
        if limit["soft"] > limit["hard"]:
            yield Problem("RLM-5", ("rlimits", index, "soft"),
                          f"{limit['soft']} is above the hard limit {limit['hard']}",
                          _SECTION + ": rlimits; setrlimit(2)")


def scheduler_iso(process: Json) -> Iterator[Problem]:
    """SCH-1: SCHED_ISO has a number and no implementation in Linux."""
    if process.get("scheduler", {}).get("policy") == "SCHED_ISO":
        yield Problem("SCH-1", ("scheduler", "policy"), '"SCHED_ISO" is not implemented by Linux',
                      _SCHEDULER)


def scheduler_priority(process: Json) -> Iterator[Problem]:
    """SCH-5: FIFO and RR need a priority of 1 to 99, the other policies have none."""
    scheduler = process.get("scheduler")
    if scheduler is None:
        return
    from pyrunc.tables.process import RT_PRIORITY_MAX, RT_PRIORITY_MIN  # rare

    policy, priority = scheduler["policy"], scheduler.get("priority", 0)
    path = ("scheduler", "priority")
    if policy in ("SCHED_FIFO", "SCHED_RR"):
        if not RT_PRIORITY_MIN <= priority <= RT_PRIORITY_MAX:
            yield Problem("SCH-5", path, f"{priority} is not between {RT_PRIORITY_MIN} and "
                          f"{RT_PRIORITY_MAX}, as {policy} needs it", _SCHEDULER)
    elif priority:
        yield Problem("SCH-5", path, f"{priority} means nothing to {policy}: "
                      "only SCHED_FIFO and SCHED_RR have a priority", _SCHEDULER)


def scheduler_deadline(process: Json) -> Iterator[Problem]:
    """SCH-5: runtime, deadline and period belong to SCHED_DEADLINE, which needs them in order."""
    scheduler = process.get("scheduler")
    if scheduler is None:
        return
    times = {member: scheduler.get(member, 0) for member in ("runtime", "deadline", "period")}
    if scheduler["policy"] != "SCHED_DEADLINE":
        for member, value in times.items():
            if value:
                yield Problem("SCH-5", ("scheduler", member),
                              f"{value} means nothing to {scheduler['policy']}: "
                              f"only SCHED_DEADLINE has a {member}", _SCHEDULER)
        return
    runtime, deadline, period = times.values()
    if not 0 < runtime <= deadline <= (period or deadline):
        yield Problem("SCH-5", ("scheduler", "runtime"),
                      f"{runtime} breaks 0 < runtime <= deadline <= period "
                      f"(deadline {deadline}, period {period})", _SCHEDULER)


def affinity(process: Json) -> Iterator[Problem]:
    """AFF-4: the ranges of a CPU list ascend."""
    for member, text in process.get("execCPUAffinity", {}).items():
        if member in ("initial", "final"):
            yield from descending("AFF-4", ("execCPUAffinity", member), text,
                                  _SECTION + ": execCPUAffinity")


def descending(ids: str, path: Path, text: str, section: str) -> Iterator[Problem]:
    """A problem for the first range of the list `text` that ends before it starts."""
    for first, last in list_ranges(text):
        if last < first:
            yield Problem(ids, path, f"{show(text)}: {first}-{last} ends before it starts", section)
            return


RULES = (console_size, rlimits, scheduler_iso, scheduler_priority, scheduler_deadline, affinity)
