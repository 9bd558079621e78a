# SPDX-License-Identifier: Apache-2.0
"""Descriptors: none leaks in, and those that are asked for arrive under the right numbers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container
from .harness.runtime import ENVIRONMENT

# Sets what a service manager sets for socket activation with two sockets, then becomes the runtime.
ACTIVATED = ["/bin/sh", "-c", 'LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"', "sh"]


@pytest.fixture
def extra(home: Path) -> Iterator[list[int]]:
    """Inheritable descriptors 3, 4, 5 ... for the runtime: five open files, by number."""
    fds = []
    for number in range(5):
        path = home / f"extra{number}"
        path.write_text(str(number))
        fds.append(os.open(path, os.O_RDWR))
    yield fds
    for fd in fds:
        os.close(fd)


class Passing:
    """A preexec function that puts descriptors at 3 and up, inheritable."""

    def __init__(self, fds: list[int]) -> None:
        self.fds = fds

    def __call__(self) -> None:
        high = [os.dup2(fd, 100 + index) for index, fd in enumerate(self.fds)]
        for index, fd in enumerate(high):
            os.dup2(fd, 3 + index)
            os.close(fd)


def given(fds: list[int]) -> dict[str, object]:
    """How to spawn the runtime with these descriptors at 3 and up."""
    return {"preexec_fn": Passing(fds), "close_fds": False}


def numbers(lines: list[str]) -> list[int]:
    """The descriptor numbers of the witness' list."""
    return [int(line.split()[0]) for line in lines if line.split()[0].isdigit()]


def test_only_three(container: Container) -> None:
    """FD-1: the program has the descriptors 0, 1 and 2, and no other."""
    container.bundle.inside("fds")
    assert numbers(container.report()) == [0, 1, 2]


def test_callers_do_not_leak(container: Container, extra: list[int]) -> None:
    """FD-1: descriptors that the caller left open do not reach the program."""
    container.bundle.inside("fds")
    container.create(**given(extra))
    container.start()
    container.wait()
    assert numbers(container.output().splitlines()) == [0, 1, 2]


def test_nothing_of_the_host_in_the_waiting_process(container: Container) -> None:
    """FD-1, PRC-4: no descriptor of the waiting process is a host directory or cgroup."""
    container.create()
    targets = [os.readlink(entry) for entry in os.scandir(f"/proc/{container.pid}/fd")]
    assert [path for path in targets if os.path.isdir(path) and path.startswith("/sys")] == []
    root = str(container.runtime.root)
    assert [path for path in targets if os.path.isdir(path) and path.startswith(root)] == []


@pytest.mark.parametrize("count", [1, 3])
def test_preserve(container: Container, extra: list[int], count: int) -> None:
    """FD-2: --preserve-fds N passes exactly the N descriptors from 3 up."""
    container.bundle.inside("fds")
    container.create("--preserve-fds", str(count), **given(extra))
    container.start()
    container.wait()
    lines = container.output().splitlines()
    assert numbers(lines) == list(range(3 + count))
    assert lines[3].endswith("extra0")


def test_preserve_in_run(container: Container, extra: list[int]) -> None:
    """FD-2: run --preserve-fds in the foreground passes them too."""
    container.bundle.sh("cat <&4")
    result = container.run("--preserve-fds=2", **given(extra))
    assert (result.code, result.out) == (0, "1")


def test_preserve_in_exec(container: Container, extra: list[int]) -> None:
    """FD-2: exec --preserve-fds passes them to the exec'd program."""
    container.up()
    result = container.exec_with(["--preserve-fds", "1"], "inside", "fds", **given(extra))
    assert numbers(result.lines) == [0, 1, 2, 3]


def test_preserve_more_than_there_are(container: Container) -> None:
    """FD-2: asking for descriptors that are not open is an error."""
    assert "unable to stat preserved-fd" in container.fails("--preserve-fds", "50")


def test_listen_fds(container: Container, extra: list[int]) -> None:
    """FD-2: LISTEN_FDS=2 in the runtime's environment passes 3 and 4 with LISTEN_PID=1."""
    container.bundle.sh("inside fds; inside env")
    container.create(prefix=ACTIVATED, **given(extra))
    container.start()
    container.wait()
    lines = container.output().splitlines()
    assert numbers(lines) == [0, 1, 2, 3, 4]
    assert {"LISTEN_FDS=2", "LISTEN_PID=1"} <= set(lines)


def test_listen_fds_and_preserve(container: Container, extra: list[int]) -> None:
    """FD-2: --preserve-fds counts on from those of LISTEN_FDS."""
    container.bundle.inside("fds")
    container.create("--preserve-fds", "1", prefix=ACTIVATED, **given(extra))
    container.start()
    container.wait()
    assert numbers(container.output().splitlines()) == [0, 1, 2, 3, 4, 5]


def test_stdio_may_be_dev_null(container: Container) -> None:
    """FD-3: where the caller's streams are /dev/null, the program's are the container's
    /dev/null.
    """
    container.bundle.sh(
        "for f in /dev/null /proc/$$/fd/0 /proc/$$/fd/2; do stat -L -c %d:%i $f; done"
    )
    container.create(stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    container.start()
    container.wait()
    assert len(set(container.output().split())) == 1


def test_listen_fds_of_another_process(container: Container) -> None:
    """FD-2: LISTEN_FDS meant for another process (LISTEN_PID) passes nothing."""
    container.bundle.inside("fds")
    container.create(env={**ENVIRONMENT, "LISTEN_FDS": "2", "LISTEN_PID": "1"})
    container.start()
    container.wait()
    assert numbers(container.output().splitlines()) == [0, 1, 2]


def test_closed_stdio(container: Container) -> None:
    """FD-3: a caller with closed standard streams gets a container, with 0, 1 and 2 open in it."""
    container.bundle.sh("inside fds > /fds")

    def close() -> None:
        os.closerange(0, 3)

    container.bundle.write()
    args = ["create", "-b", str(container.bundle.path), "--pid-file", container.pid_file]
    process = container.runtime.spawn(*args, container.id, preexec_fn=close)
    assert process.wait(10) == 0
    container.pid = int(container.pid_file.read_text())
    container.start()
    assert container.wait() == 0
    lines = (container.bundle.rootfs / "fds").read_text().splitlines()
    assert numbers(lines)[:3] == [0, 1, 2]
