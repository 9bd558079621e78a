# SPDX-License-Identifier: Apache-2.0
"""Records of containers that are ordinary processes: enough to derive a status from."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyrunc.runtime import process, state
from pyrunc.runtime.context import Context


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A context with a private root (not yet made)."""
    return Context(str(tmp_path / "root"))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until the end of the test."""
    child = subprocess.Popen(["/bin/sleep", "100"])
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def make(ctx: Context) -> Callable[..., state.State]:
    """Makes and saves the record of a container whose first process is `pid`."""

    def made(container_id: str, pid: int = 0, **members: object) -> state.State:
        record = state.new(ctx, container_id)
        record.phase = "created"
        record.init_process_pid = pid
        record.init_process_start = process.start_time(pid) if pid else 0
        record.bundle = "/b"
        record.rootfs = "/b/rootfs"
        for name, value in members.items():
            setattr(record, name, value)
        record.save()
        return record

    return made
