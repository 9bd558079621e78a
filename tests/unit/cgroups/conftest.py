# SPDX-License-Identifier: Apache-2.0
"""Managers on the host's real hierarchies, processes to put into them, and fake trees."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls
from pyrunc.cgroups.hierarchies import Layout, Mount, parse_mountinfo
from pyrunc.errors import PyruncError

MIB = 1 << 20
MakeManager = Callable[..., cgroups.Manager]
Spawn = Callable[..., subprocess.Popen[bytes]]


def real_layout(version: int) -> Layout:
    """The host's hierarchies of that version; on a hybrid host both are there."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make cgroups")
    mounts = parse_mountinfo(Path("/proc/self/mountinfo").read_bytes())
    if version == 1:
        layout = cgroups.detect()
        if layout.version != 1:
            pytest.skip("this host has no cgroup v1 hierarchies (pure v2)")
        return layout
    for kind, root, at, _ in mounts:
        if kind == b"cgroup2":
            return Layout(2, {"": Mount(at.decode(), root.decode())})
    pytest.skip("no cgroup2 file system is mounted")


@pytest.fixture
def manager_of() -> Iterator[MakeManager]:
    """Makes managers with unique names: manager_of(version, path=None); removes what they made."""
    made: list[cgroups.Manager] = []

    def make(version: int, path: str | None = None, **more: object) -> cgroups.Manager:
        name = f"pyrunc-unit-{uuid.uuid4().hex[:12]}"
        manager = cgroups.open_manager(
            path or f"/{name}", name, layout=real_layout(version), **more
        )
        made.append(manager)
        return manager

    yield make
    for manager in made:
        try:
            manager.kill()
            manager.remove()
        except PyruncError:
            pass
    left = [path for manager in made for path in manager.paths.values() if os.path.isdir(path)]
    assert not left


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts processes that are killed at the end: spawn(*argv), `sleep 60` without arguments."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*argv: str, stdin: int | None = None) -> subprocess.Popen[bytes]:
        command = argv or ("sleep", "60")
        started.append(subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def fake_v2(tmp_path: Path) -> Layout:
    """A directory that looks like a v2 hierarchy as far as plain files can."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return Layout(2, {"": Mount(str(tmp_path), "/")})


@pytest.fixture
def fake_v1(tmp_path: Path) -> Layout:
    """Directories that look like v1 hierarchies as far as plain files can."""
    mounts = {}
    for name in ("memory", "cpu", "devices"):
        (tmp_path / name).mkdir()
        mounts[name] = Mount(str(tmp_path / name), "/")
    return Layout(1, mounts)


def value(manager: cgroups.Manager, controller: str, file: str) -> str:
    return calls.read(manager.groups[controller], file).strip()


def v1(manager_of: MakeManager, *controllers: str) -> cgroups.Manager:
    manager = manager_of(1)
    missing = [name for name in controllers if name not in manager.groups]
    if missing:
        pytest.skip(f"no v1 hierarchy of {missing} is mounted")
    manager.create()
    return manager
