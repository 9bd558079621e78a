# SPDX-License-Identifier: Apache-2.0
"""Checks of the documents that a runtime writes: state, features, the seccomp listener's state."""

from __future__ import annotations

from pyrunc.config import _check_documents as _check
from pyrunc.config.explain import schema_problems
from pyrunc.config.lenient import drop_nulls
from pyrunc.config.problems import Problem, show
from pyrunc.config.validate import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.types import Json

LIVE = ("created", "running", "paused")


def state_problems(state: Json) -> list[Problem]:
    """What is wrong with `state`, the state of a container (STA-1 to STA-9)."""
    return STATE.second(state, False, False) if STATE.check(state) is None else schema_problems(
        STATE, state)


def process_state_problems(state: Json) -> list[Problem]:
    """What is wrong with `state`, which a seccomp listener received (SCN-5)."""
    if PROCESS_STATE.check(state) is not None:
        return schema_problems(PROCESS_STATE, state)
    return PROCESS_STATE.second(state, False, False)


def features_problems(features: Json) -> list[Problem]:
    """What is wrong with `features`, a features document; its null members are dropped (FEA-0b)."""
    drop_nulls(features, (), [])
    if FEATURES.check(features) is not None:
        return schema_problems(FEATURES, features)
    return FEATURES.second(features, False, False)


def pid_while_alive(state: Json) -> Iterator[Problem]:
    """STA-4: while the container is created or running, its pid is there and not 0."""
    if state["status"] in LIVE and not state.get("pid"):
        yield Problem("STA-4", ("pid",), f"is missing while the status is {show(state['status'])}",
                      "runtime.md, State")


def version_order(features: Json) -> Iterator[Problem]:
    """FEA-1: the highest version is not below the lowest."""
    low, high = features["ociVersionMin"], features["ociVersionMax"]
    if _key(high) < _key(low):
        yield Problem("FEA-1", ("ociVersionMax",), f"{show(high)} is below ociVersionMin "
                      f"{show(low)}", "features.md, Specification version")


def _key(version: str) -> tuple[list[tuple[int, str]], bool, list[tuple[bool, int, str]]]:
    """A sort key in SemVer's order: build metadata is ignored, a pre-release comes before.

    Numbers have no leading zeros, so that length and text order them, however long they are.
    """
    core, minus, pre = version.partition("+")[0].partition("-")
    numbers = [(len(part), part) for part in core.split(".")]
    parts = [(not part.isdigit(), len(part) if part.isdigit() else 0, part)
             for part in pre.split(".")] if minus else []
    return numbers, not minus, parts


STATE = Kind("state", _check.state, lambda value, *_: list(pid_while_alive(value)))
PROCESS_STATE = Kind("process-state", _check.process_state,
                     lambda value, *_: list(pid_while_alive(value["state"])))
FEATURES = Kind("features", _check.features, lambda value, *_: list(version_order(value)))
