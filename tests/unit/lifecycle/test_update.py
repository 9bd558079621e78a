# SPDX-License-Identifier: Apache-2.0
"""update and events before they reach a cgroup."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrunc.cli.verbs.update import read_resources
from pyrunc.errors import ConfigError, NotFoundError, PyruncError, StateError, UsageError
from pyrunc.runtime import events, state, update
from pyrunc.runtime.context import Context

Make = Callable[..., state.State]
Sleeper = subprocess.Popen[bytes]


@pytest.mark.parametrize(("resources", "path"), [
    ({"cpu": "x"}, "resources: cpu: "),
    ({"cpu": {"quota": -5}}, "resources: cpu.quota: "),
    ({"memory": {"limit": 1.5}}, "resources: memory.limit: "),
])
def test_resources_follow_the_rules_of_the_config(resources: dict[str, object], path: str) -> None:
    """VAL-1: a value that cannot be is refused and named, before anything is written."""
    with pytest.raises(ConfigError) as caught:
        update.checked(resources)
    assert str(caught.value).startswith(path)


def test_nulls_of_engines_are_dropped() -> None:
    """D3: engines write out absent members as null."""
    assert update.checked({"memory": {"limit": 5, "swap": None}, "cpu": None}) == {
        "memory": {"limit": 5}}


def test_update_of_a_stopped_container(ctx: Context, make: Make) -> None:
    """CLI 1.4: `container not running`."""
    make("c", cgroup_paths={"": "/sys/fs/cgroup/none"})
    with pytest.raises(StateError, match="^container not running$"):
        update.update(ctx, "c", {})


def test_update_without_a_cgroup(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """CLI 1.3: `cgroup not exist` with the reason."""
    make("c", sleeper.pid)
    with pytest.raises(StateError, match="^cgroup not exist: "):
        update.update(ctx, "c", {"pids": {"limit": 5}})


def test_update_of_nothing(ctx: Context) -> None:
    """CLI 1.3: `container does not exist`."""
    with pytest.raises(NotFoundError):
        update.update(ctx, "c", {})


def test_events_of_a_stopped_container(ctx: Context, make: Make) -> None:
    """CLI 1.3: `container with id X is not running`."""
    make("c")
    with pytest.raises(StateError, match="^container with id c is not running$"):
        events.stats(ctx, "c")
    with pytest.raises(StateError, match="^container with id c is not running$"):
        next(events.follow(ctx, "c", 1.0))


def test_resources_from_a_file(tmp_path: Path) -> None:
    """CLI 1.4: --resources FILE: an object, read strictly; errors name the file."""
    path = tmp_path / "r.json"
    path.write_text('{"pids": {"limit": 3}}')
    assert read_resources(str(path)) == {"pids": {"limit": 3}}
    for text, message in (("[]", "resources are a JSON object"), ("{", f"{path}: line 1")):
        path.write_text(text)
        with pytest.raises(UsageError) as caught:
            read_resources(str(path))
        assert message in str(caught.value)
    with pytest.raises(PyruncError) as missing:
        read_resources(str(tmp_path / "none"))
    assert str(missing.value) == f"open {tmp_path}/none: no such file or directory"
