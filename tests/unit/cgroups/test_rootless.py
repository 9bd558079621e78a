# SPDX-License-Identifier: Apache-2.0
"""What an unprivileged caller may do without: cgroups that nobody asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from pyrunc import cgroups

from .conftest import MakeManager, Spawn, real_layout

VERSIONS = pytest.mark.parametrize("version", [1, 2])
NOBODY = 65534


def as_nobody(action: Callable[[], Any]) -> Any:
    """Runs `action` in a child without privileges; returns its result or "ERROR TYPE: TEXT"."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        result: Any = "not done"
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            result = action()
        except BaseException as error:
            result = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, json.dumps(result).encode())
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)


@VERSIONS
def test_no_permission_is_no_cgroup(version: int) -> None:
    """Rootless without a path and without limits: the container has no cgroup of its own."""
    layout = real_layout(version)

    def action() -> Any:
        manager = cgroups.open_manager(None, "pyrunc-unit-nobody", rootless=True, layout=layout)
        manager.create()
        manager.apply({"devices": [{"allow": False, "access": "rwm"}]})
        manager.apply(None)
        return [manager.paths, manager.spawn_fd(), manager.join_fds(), manager.pids()]

    assert as_nobody(action) == [{}, -1, [], []]


@VERSIONS
def test_a_limit_without_permission_is_an_error(version: int) -> None:
    """Rootless: a limit that cannot be set is an error with its field, not silence."""
    layout = real_layout(version)

    def action() -> Any:
        manager = cgroups.open_manager(None, "pyrunc-unit-nobody", rootless=True, layout=layout)
        manager.create()
        manager.apply({"pids": {"limit": 5}})

    assert as_nobody(action) == (
        "ConfigError: linux.resources.pids.limit: no permission to make a cgroup for it; rootless "
        "containers need a delegated one for limits"
    )


@VERSIONS
def test_a_chosen_path_without_permission_is_an_error(version: int) -> None:
    """Rootless: who names a path wants it, so a refusal is an error."""
    layout = real_layout(version)

    def action() -> Any:
        path = "/pyrunc-unit-nobody"
        cgroups.open_manager(path, "x", rootless=True, layout=layout).create()

    found = as_nobody(action)
    assert found.startswith("NativeError: create cgroup /")
    assert found.endswith("/pyrunc-unit-nobody: permission denied")


@VERSIONS
def test_root_is_not_let_off(version: int) -> None:
    """Without --rootless a refusal is an error, whatever the path."""
    layout = real_layout(version)

    def action() -> Any:
        cgroups.open_manager(None, "pyrunc-unit-nobody", layout=layout).create()

    assert as_nobody(action).endswith(": permission denied")


def test_delegated_cgroup_serves_a_user(manager_of: MakeManager, spawn: Spawn) -> None:
    """CGO-2: whoever was given a cgroup makes the container's below it, freezes and removes it."""
    parent = manager_of(2)
    parent.create()
    parent.delegate(NOBODY)
    layout, path = real_layout(2), f"/{parent.groups[''].path}/box"

    def action() -> Any:
        manager = cgroups.open_manager(path, "x", rootless=True, layout=layout)
        manager.create()
        manager.freeze(True)
        found = manager.frozen()
        manager.remove()
        return [found, os.path.exists(manager.paths[""])]

    assert as_nobody(action) == [True, False]
