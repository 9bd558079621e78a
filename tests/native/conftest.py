# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests of the C core: failures by step, processes, work in a forked child."""

from __future__ import annotations

import os
import signal
import subprocess
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyrunc import native
from pyrunc.native import lib

DOOR = Path(native.__file__).with_name("_door")
WRONG = 99  # exit code of a child whose function raised


def step(name: str) -> int:
    """The number of PR_STEP_name."""
    return int(getattr(lib, f"PR_STEP_{name}"))


def failure(function: Callable[..., object], *args: object, **how: object) -> tuple[int, int]:
    """(step, errno) of the Failure that the call must raise."""
    with pytest.raises(native.Failure) as caught:
        function(*args, **how)
    return caught.value.step, caught.value.errno or 0


def forked(function: Callable[[], int | None]) -> int:
    """The wait status of a forked child that calls the function and exits with what it returns."""
    pid = os.fork()
    if pid == 0:
        code = WRONG
        try:
            code = function() or 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


@pytest.fixture
def spawn() -> Iterator[Callable[..., int]]:
    """Starts processes (`sleep 60` without arguments), gives their pids, ends them at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*argv: str, **how: object) -> int:
        started.append(subprocess.Popen(argv or ("sleep", "60"), **how))  # type: ignore[call-overload]
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def pidfd_of() -> Iterator[Callable[[int], int]]:
    """Opens pidfds and closes them at the end."""
    opened: list[int] = []

    def pidfd(pid: int) -> int:
        opened.append(os.pidfd_open(pid))
        return opened[-1]

    yield pidfd
    for fd in opened:
        os.close(fd)


@pytest.fixture(autouse=True)
def no_descriptor_left() -> Iterator[None]:
    """Every descriptor that a test causes to be opened is closed by its end."""
    before = open_fds()
    yield
    assert open_fds() == before


def open_fds() -> dict[int, str]:
    """This process' descriptors and what they are."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the one of listdir itself
            continue
    return found


def plain(*paths: str | Path) -> list[tuple[str, tuple[int, int]]]:
    """Sources for open_sources that are not id-mapped."""
    return [(str(path), (native.NO_FD, 0)) for path in paths]


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("setns(2) to a mount namespace needs root")


def ended(pid: int) -> int:
    """Kills and reaps a child; its wait status."""
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def children() -> set[int]:
    """This process' children, the dead among them too."""
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
