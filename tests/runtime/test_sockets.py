# SPDX-License-Identifier: Apache-2.0
"""The other sockets: NOTIFY_SOCKET for readiness, --pidfd-socket for the process' descriptor."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container, departs, until
from .harness.runtime import ENVIRONMENT
from .harness.sockets import Receiver


class Manager(threading.Thread):
    """A service manager: collects the messages at HOME/notify and closes what comes with them.

    Closing is its part of BARRIER=1: the sender waits until its descriptor is closed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.words: list[str] = []

    def run(self) -> None:
        while True:
            data, fds, _, _ = socket.recv_fds(self.socket, 4096, 8)
            for fd in fds:
                os.close(fd)
            if data == b"end":
                return
            self.words += data.decode().split("\n")

    def end(self) -> None:
        """Stop collecting."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"end", self.socket.getsockname())
        self.join()
        self.socket.close()


@pytest.fixture
def manager(home: Path) -> Iterator[Manager]:
    """A service manager that listens at HOME/notify."""
    manager = Manager(home / "notify")
    manager.start()
    yield manager
    manager.end()


def environment(home: Path) -> dict[str, str]:
    """The runtime's environment under that service manager."""
    return {**ENVIRONMENT, "NOTIFY_SOCKET": str(home / "notify")}


def test_notify_variable_inside(container: Container, manager: Manager, home: Path) -> None:
    """FD-2: the program's NOTIFY_SOCKET names a socket inside the container."""
    container.bundle.sh("stat -c %F $NOTIFY_SOCKET; inside notify READY=1; exec inside pause")
    container.run_detached(env=environment(home))
    container.says("socket\nok\n")


def test_notify_ready(container: Container, manager: Manager, home: Path) -> None:
    """FD-2: READY=1 sent inside reaches the manager, with the program's pid on the host."""
    container.bundle.sh("inside notify READY=1; exec inside pause")
    container.run_detached(env=environment(home))
    until(lambda: f"MAINPID={container.pid}" in manager.words, "MAINPID")
    assert "READY=1" in manager.words


def test_notify_other_messages(container: Container, manager: Manager, home: Path) -> None:
    """FD-2: what is sent before READY=1 and is not meant for the manager from here stays out."""
    container.bundle.sh("inside notify MAINPID=1; inside notify READY=1; exec inside pause")
    container.run_detached(env=environment(home))
    until(lambda: f"MAINPID={container.pid}" in manager.words, "MAINPID")
    assert "MAINPID=1" not in manager.words


def test_no_notify_variable(container: Container) -> None:
    """FD-2: without NOTIFY_SOCKET outside there is none inside."""
    container.bundle.inside("env")
    assert [line for line in container.report() if line.startswith("NOTIFY")] == []


@departs("runc", "1.1 does not have --pidfd-socket")
@pytest.mark.parametrize("verb", ["create", "run"])
def test_pidfd(container: Container, home: Path, verb: str) -> None:
    """STA-4: --pidfd-socket gives the engine a pidfd of the container's process."""
    with Receiver(home / "pidfd.sock") as receiver:
        if verb == "create":
            container.create("--pidfd-socket", receiver.path)
        else:
            container.run_detached("--pidfd-socket", receiver.path)
        payload, [fd] = receiver.take()
        assert payload == b"standard"
        assert pid_of(fd) == container.pid
        container.delete("--force")
        assert select.select([fd], [], [], 10)[0] == [fd]


@departs("runc", "1.1 does not have --pidfd-socket")
def test_pidfd_of_exec(container: Container, home: Path) -> None:
    """STA-4: exec --pidfd-socket gives a pidfd of the exec'd process."""
    container.up()
    pid_file = home / "exec.pid"
    with Receiver(home / "pidfd.sock") as receiver:
        flags = ["--detach", "--pid-file", pid_file, "--pidfd-socket", receiver.path]
        assert container.exec_with(flags, "inside", "pause").code == 0
        payload, [fd] = receiver.take()
        assert payload == b"setns"
        pid = int(pid_file.read_text())
        assert pid_of(fd) == pid
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def pid_of(fd: int) -> int:
    """The pid behind a pidfd."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        [line] = [line for line in file if line.startswith("Pid:")]
    return int(line.split()[1])


@departs("runc", "1.1 does not have --pidfd-socket")
def test_pidfd_nobody_listens(container: Container, home: Path) -> None:
    """ERR-1: a pidfd socket that is not there makes create fail and leaves nothing."""
    assert "no such file or directory" in container.fails("--pidfd-socket", home / "none.sock")
