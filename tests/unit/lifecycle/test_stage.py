# SPDX-License-Identifier: Apache-2.0
"""The parent's half of the socket, with a process of our own in the place of the init stage."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pyrunc.errors import ConfigError, NativeError, PyruncError
from pyrunc.native import Child
from pyrunc.plan import ops
from pyrunc.plan.ops import Plan
from pyrunc.runtime.context import Context
from pyrunc.runtime.stage import Stage


@pytest.fixture
def stage(ctx: Context) -> Iterator[Stage]:
    """A stage that says nothing and lives until it is told to die."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        child = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=[theirs.fileno()],
                                 stdin=subprocess.PIPE)
    stage = Stage(ctx, Plan())
    stage.child = Child(child.pid, os.pidfd_open(child.pid), ours.detach())
    yield stage
    child.kill()
    stage.abandon()
    child.communicate()


def gone(stage: Stage) -> None:
    """The kernel's OOM killer, seen from the parent: the stage ends, then its cgroup is removed."""
    os.kill(stage.child.pid, 9)
    os.waitid(os.P_PID, stage.child.pid, os.WEXITED | os.WNOWAIT)
    raise NativeError("open the directory of cgroup /sys/fs/cgroup/x.scope", 2)


def test_the_end_of_the_stage_is_the_error(stage: Stage) -> None:
    """MEM-1, ERR-1: when the parent's work fails because the stage was killed, create says that
    it was killed, not what it found missing then."""
    stage.meanwhile = lambda: gone(stage)
    with pytest.raises(PyruncError, match="container init was OOM-killed .memory limit too low"):
        stage.until_ready()


def test_the_end_of_the_stage_is_the_error_of_an_answer(stage: Stage) -> None:
    """The same where the stage has asked for something: the cgroup's limits, after it joined."""
    def limits() -> Any:
        gone(stage)

    stage.answers = {ops.SYNC_CGROUP: limits}
    with pytest.raises(PyruncError, match="container init was OOM-killed"):
        stage._answer(ops.SYNC_CGROUP)


def test_an_error_of_our_own_stays(stage: Stage) -> None:
    """ERR-1: with the stage alive, the parent's error is the error."""
    def refuse() -> None:
        raise ConfigError("linux.seccomp: refused")

    stage.meanwhile = refuse
    with pytest.raises(ConfigError, match="^linux.seccomp: refused$"):
        stage.until_ready()
