# SPDX-License-Identifier: Apache-2.0
"""The enums of the shared header, and configs with the facts that a plan is made from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrunc.plan import build, enter, ops
from pyrunc.plan.facts import Facts

HEADER = Path(__file__).resolve().parents[3] / "csrc" / "pyrunc.cdef.h"

Config = dict[str, Any]
MakePlan = Callable[..., ops.Plan]


def read_enum(name: str) -> dict[str, int]:
    """The constants of `enum name` in the header (name "" takes all enums without one)."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    found: dict[str, int] = {}
    for body in re.findall(rf"enum\s*{name}\s*\{{(.*?)\}}", text, flags=re.DOTALL):
        number = -1
        for item in filter(None, (item.strip() for item in body.split(","))):
            constant, _, value = (part.strip() for part in item.partition("="))
            number = int(value, 0) if value else number + 1
            found[constant] = number
    assert found, f"the header has no enum {name}"
    return found


@pytest.fixture
def facts() -> Facts:
    """Facts about a host with v1 cgroups, for a container that waits for start."""
    facts = Facts(bundle="/b", rootfs="/b/rootfs", container_id="c1")
    facts.waits_for_start = True
    facts.state_before = {"creating": '{"status":"creating","pid":', "created": '{"pid":'}
    facts.state_after = "}"
    return facts


@pytest.fixture
def config() -> Config:
    """The smallest config with a mount namespace."""
    return {
        "root": {"path": "rootfs"},
        "process": {"user": {"uid": 0, "gid": 0}, "args": ["/bin/true"], "cwd": "/", "env": []},
        "linux": {"namespaces": [{"type": "mount"}]},
    }


@pytest.fixture
def container_plan(config: Config, facts: Facts) -> MakePlan:
    """The plan of `config` and `facts` as the test has edited them."""
    return lambda: build.container_plan(config, facts)


@pytest.fixture
def exec_plan(config: Config, facts: Facts) -> MakePlan:
    """The plan of exec with the config's own process, as the test has edited it."""
    facts.waits_for_start = False
    return lambda: enter.exec_plan(config, config["process"], facts)


def codes(plan: ops.Plan) -> list[str]:
    """The names of the ops in order; a SYNC with what it asks for, as "SYNC:LIMITS"."""
    syncs = {value: name.removeprefix("PR_SYNC_") for name, value in read_enum("pr_sync").items()}
    return [f"SYNC:{syncs[op.numbers[0]]}" if op.code == "SYNC" else op.code for op in plan.ops]


def only(plan: ops.Plan, code: str) -> ops.Op:
    """The plan's one op of that code."""
    (op,) = (op for op in plan.ops if op.code == code)
    return op


def strings_of(plan: ops.Plan, op: ops.Op) -> list[str | None]:
    """The op's four strings as C would read them, None where absent."""
    data = bytes(plan.encode())
    start = int.from_bytes(data[20:24], "little")

    def read(offset: int) -> str | None:
        begin = start + offset
        return data[begin : data.index(0, begin)].decode() if offset else None

    return [read(offset) for offset in op.strings]


def between(found: list[str], first: str, last: str) -> list[str]:
    """The ops from `first` to `last`, both included."""
    return found[found.index(first) : found.index(last) + 1]
