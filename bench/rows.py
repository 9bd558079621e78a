# SPDX-License-Identifier: Apache-2.0
"""What is measured: one table, with what pyrunc should be at most beside the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .runtimes import Runtime

PARALLEL = 8


class Row(NamedTuple):
    """How one figure is taken, and what pyrunc's should be at most of crun's and of runc's.

    measure returns seconds, or seconds by row where one loop serves several rows. cold: from files
    that are not in the page cache. rounds: of the session's, how many.
    """

    says: str
    measure: Callable[[Any], Any]
    crun: float | None = None
    runc: float | None = None
    cold: bool = False
    rounds: float = 1.0


VERBS = {
    "create+start+delete": Row("create + start + delete", Runtime.time_life, 1.0, 0.5),
    "create": Row("create", Runtime.time_life),
    "start": Row("start", Runtime.time_life, 0.6),
    "delete": Row("delete", Runtime.time_life, 0.6),
    "run": Row("run in the foreground", Runtime.time_run, 1.5, 0.5),
    "exec": Row("exec --process", Runtime.time_exec, None, 0.6),
    "state": Row("state", Runtime.time_state, 0.6),
    "kill": Row("kill", Runtime.time_kill, 0.6),
    "--version": Row("--version", Runtime.time_version),
    "refused": Row("create, config refused", Runtime.time_refused),
}
LIBRARY = {
    "library": Row("library: a whole life (others: run)", Runtime.time_warm, 0.7),
}
SCALE = {
    "parallel": Row(
        f"one of {PARALLEL} creates at once",
        lambda runtime: runtime.time_parallel(PARALLEL),
        1.0,
        rounds=0.5,
    ),
}
COLD = {
    "cold run": Row("run, files not in memory", lambda cold: cold.time("run"), cold=True),
    "cold exec": Row("exec, files not in memory", lambda cold: cold.time("exec"), cold=True),
    "cold state": Row("state, files not in memory", lambda cold: cold.time("state"), cold=True),
}

# What grows: sizes, and what it is called. `first rules` is without a remembered program.
GROWTH = {
    "mounts": ((1, 10, 100, 300, 1000), "bind mounts"),
    "env": ((1, 10, 100, 1000, 5000), "environment entries"),
    "rules": ((1, 10, 100, 400), "seccomp rules"),
    "first rules": ((1, 10, 100, 400), "seccomp rules, never seen before"),
}


def growth(quick: bool) -> dict[str, Row]:
    """A row for each size of what grows; of each the first and the third when it must be quick."""
    return {
        f"{what} {size}": _grown(what, size, title)
        for what, (sizes, title) in GROWTH.items()
        for size in (sizes[0:3:2] if quick else sizes)
    }


def _grown(what: str, size: int, title: str) -> Row:
    def measure(runtime: Runtime) -> float:
        bundle = runtime.bundles.grown(what.removeprefix("first "), size)
        return (
            runtime.time_first_rules(bundle)
            if what.startswith("first ")
            else runtime.time_run(bundle)
        )

    return Row(f"run with {size} {title}", measure, rounds=0.25)


# The two rows of one life with many containers present, measured by Samples.present.
NONE_PRESENT, MANY_PRESENT = "none present", "many present"
PRESENT = {
    NONE_PRESENT: "create + start + delete, no other container",
    MANY_PRESENT: "create + start + delete, {count} others present",
}
PRESENT_TARGET = 1.2  # of many to none

MEMORY = {
    "waiting init": ("waiting init stage", None, None),
    "foreground run": ("runtime waiting in the foreground", None, None),
    "peak of create": ("peak of create", None, 1.0),
    "smallest limit": ("smallest limit under which true runs", 1.0, None),
}


def rows(*, quick: bool) -> dict[str, Row]:
    """All rows that are times of calls, in the order of the tables."""
    return {**VERBS, **LIBRARY, **SCALE, **COLD, **growth(quick)}
