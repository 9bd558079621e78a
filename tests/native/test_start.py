# SPDX-License-Identifier: Apache-2.0
"""pr_start: the exec fifo in every state that `start` may find it in."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyrunc import native
from pyrunc.native import ffi, lib

from .conftest import failure, step


def message(kind: int, step_number: int = 0, errnum: int = 0) -> bytes:
    """A struct pr_msg as the stage writes it."""
    raw = ffi.new("struct pr_msg *")
    raw.kind, raw.op = kind, 5
    raw.error.step, raw.error.errnum = step_number, errnum
    return bytes(ffi.buffer(raw))


class Stage:
    """A process in the place of the init stage: opens the fifo, writes, does what comes after."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.dirfd = os.open(directory, os.O_RDONLY)
        self.pid = self.pidfd = -1

    def run(self, act: Callable[[], object]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.dirfd)
                act()
            finally:
                os._exit(0)
        self.pidfd = os.pidfd_open(self.pid)

    def say(self, *words: bytes, after: Callable[[], object] = signal.pause) -> None:
        def act() -> None:
            fifo = os.open(self.directory / "exec.fifo", os.O_WRONLY)
            for word in words:
                os.write(fifo, word)
            os.close(fifo)
            after()

        self.run(act)

    def start(self) -> native.Message | None:
        return native.start(self.dirfd, self.pidfd)

    def close(self) -> None:
        os.close(self.dirfd)
        if self.pid > 0:
            os.close(self.pidfd)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "exec.fifo")
    return tmp_path / "exec.fifo"


@pytest.mark.parametrize("after", [signal.pause, lambda: None], ids=["runs on", "ends"])
def test_program_runs(stage: Stage, fifo: Path, after: Callable[[], object]) -> None:
    """OPS: EXECUTING and end of file: the program runs, or has run already."""
    stage.say(message(lib.PR_MSG_EXECUTING), after=after)
    assert stage.start() is None


def test_stage_fails(stage: Stage, fifo: Path) -> None:
    """OPS: an error in place of the program comes back with op, step and errno."""
    stage.say(message(lib.PR_MSG_ERROR, step("EXEC"), errno.ENOEXEC))
    found = stage.start()
    assert found and (found.op, found.step, found.errnum) == (5, step("EXEC"), errno.ENOEXEC)


def test_exec_fails_at_the_last_moment(stage: Stage, fifo: Path) -> None:
    """OPS: an error after EXECUTING (execve itself failed) is still an error."""
    stage.say(message(lib.PR_MSG_EXECUTING), message(lib.PR_MSG_ERROR, step("EXEC"), errno.ENOENT))
    found = stage.start()
    assert found and (found.step, found.errnum) == (step("EXEC"), errno.ENOENT)


def test_stage_is_dead(stage: Stage, fifo: Path) -> None:
    """OPS: a stage that died before start does not hang it."""
    stage.run(lambda: None)
    assert native.wait_exit(stage.pidfd, 10_000)
    assert failure(stage.start) == (step("DEAD"), errno.ESRCH)


def test_stage_dies_while_awaited(stage: Stage, fifo: Path) -> None:
    """OPS: a stage that never opens the fifo and dies while start waits."""
    import time

    stage.run(lambda: time.sleep(0.2))
    assert failure(stage.start) == (step("DEAD"), errno.ESRCH)


def test_stage_dies_without_a_word(stage: Stage, fifo: Path) -> None:
    """OPS: end of file without EXECUTING is death, not success."""
    stage.say(after=lambda: None)
    assert failure(stage.start) == (step("DEAD"), errno.ESRCH)


def test_no_fifo(stage: Stage) -> None:
    """OPS: without a fifo there is nothing to start."""
    stage.run(signal.pause)
    assert failure(stage.start) == (step("FIFO"), errno.ENOENT)


def test_fifo_is_a_file(stage: Stage, tmp_path: Path) -> None:
    """SEC: a file in the fifo's place is refused."""
    (tmp_path / "exec.fifo").write_bytes(message(lib.PR_MSG_EXECUTING))
    stage.run(signal.pause)
    assert failure(stage.start) == (step("MISMATCH"), errno.EINVAL)


def test_fifo_is_a_link(stage: Stage, tmp_path: Path) -> None:
    """SEC: a link in the fifo's place is not followed."""
    os.mkfifo(tmp_path / "other")
    (tmp_path / "exec.fifo").symlink_to("other")
    stage.run(signal.pause)
    assert failure(stage.start) == (step("FIFO"), errno.ELOOP)
