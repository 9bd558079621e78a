# SPDX-License-Identifier: Apache-2.0
"""Terminals through --console-socket: the pseudo-terminal that the engine gets."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .harness import Container
from .harness.sockets import Receiver, Terminal
from .harness.waiting import exit_code


@pytest.fixture
def receiver(home: Path) -> Iterator[Receiver]:
    """An engine that waits for a console."""
    with Receiver(home / "console.sock") as receiver:
        yield receiver


def open_terminal(container: Container, receiver: Receiver, **process: Any) -> Terminal:
    """Create the container with a terminal, taking its console; not yet started."""
    container.bundle.process.update(terminal=True, **process)
    container.create("--console-socket", receiver.path)
    _, [fd] = receiver.take()
    return Terminal(fd)


def test_one_descriptor(container: Container, receiver: Receiver) -> None:
    """PRC-2: one message with one descriptor and a name that is neither empty nor long."""
    container.bundle.process["terminal"] = True
    container.create("--console-socket", receiver.path)
    name, fds = receiver.take()
    assert len(fds) == 1
    assert 0 < len(name) < 4096
    assert os.isatty(fds[0])


def test_arrives_before_create_returns(container: Container, receiver: Receiver) -> None:
    """PRC-2: the console is on its way when create returns."""
    container.bundle.process["terminal"] = True
    container.create("--console-socket", receiver.path)
    receiver.socket.settimeout(0)
    connection, _ = receiver.socket.accept()
    connection.close()


def test_three_streams_are_one_terminal(container: Container, receiver: Receiver) -> None:
    """PRC-2: descriptors 0, 1 and 2 are terminals, all the same one."""
    container.bundle.inside("tty")
    terminal = open_terminal(container, receiver)
    container.start()
    rows = [line.split() for line in terminal.read_until("size").splitlines()[:3]]
    assert [row[1] for row in rows] == ["1", "1", "1"]
    assert {row[2] for row in rows} == {"136:0"}


def test_console_device(container: Container, receiver: Receiver) -> None:
    """DEV-8: /dev/console is the terminal."""
    container.bundle.inside("stat", "/dev/console")
    terminal = open_terminal(container, receiver)
    container.start()
    words = terminal.read_until("\n").split()
    assert (words[0], words[4]) == ("c", "136:0")


def test_controlling_terminal(container: Container, receiver: Receiver) -> None:
    """PRC-2: it is the program's controlling terminal: /dev/tty opens, Ctrl-C interrupts."""
    container.bundle.sh("echo hello > /dev/tty; exec inside trap")
    terminal = open_terminal(container, receiver)
    container.start()
    assert "hello" in terminal.read_until("ready")
    terminal.write("\x03")
    terminal.read_until(f"signal {int(signal.SIGINT)}")


def test_both_ways(container: Container, receiver: Receiver) -> None:
    """PRC-2: what is typed is read by the program, what it writes is seen."""
    container.bundle.sh("read a; echo got $a")
    terminal = open_terminal(container, receiver)
    container.start()
    terminal.write("word\n")
    terminal.read_until("got word")


@pytest.mark.parametrize("size", [(40, 120), (1, 1), (65535, 65535)])
def test_console_size(container: Container, receiver: Receiver, size: tuple[int, int]) -> None:
    """PRC-3: consoleSize is what TIOCGWINSZ says, on both ends."""
    height, width = size
    container.bundle.inside("tty")
    terminal = open_terminal(container, receiver, consoleSize={"height": height, "width": width})
    assert termios.tcgetwinsize(terminal.fd) == size
    container.start()
    terminal.read_until(f"size {height} {width}")


def test_console_size_without_terminal(container: Container) -> None:
    """PRC-3: consoleSize is ignored without a terminal."""
    container.bundle.process["consoleSize"] = {"height": 10, "width": 20}
    container.bundle.inside("tty")
    assert container.report()[3] == "size ENOTTY"


def test_owner_of_the_terminal(container: Container, receiver: Receiver) -> None:
    """PRC-2, USR-1: the terminal belongs to the process' user."""
    container.bundle.sh("stat -c %u /dev/pts/0")
    terminal = open_terminal(container, receiver, user={"uid": 1000, "gid": 1000})
    container.start()
    assert terminal.read_until("\n").split() == ["1000"]


def test_hangup(container: Container, receiver: Receiver) -> None:
    """PRC-2: the runtime keeps no copy: closing the engine's end hangs the program up.

    The witness ends with 42 when it gets a signal and can no longer write to its terminal.
    """
    container.bundle.inside("trap")
    terminal = open_terminal(container, receiver)
    container.start()
    terminal.read_until("ready")
    os.close(receiver.fds.pop())
    assert container.wait() == 42


def test_no_socket(container: Container) -> None:
    """PRC-2: a terminal for a detached program needs a console socket."""
    container.bundle.process["terminal"] = True
    message = container.fails()
    assert message.endswith(
        "cannot allocate tty if runc will detach without setting console socket".replace(
            "runc", container.runtime.name
        )
    )


def test_socket_without_terminal(container: Container, receiver: Receiver) -> None:
    """PRC-2: a console socket without a terminal is refused."""
    message = container.fails("--console-socket", receiver.path)
    assert message.endswith(
        "cannot use console socket if runc will not detach or allocate tty".replace(
            "runc", container.runtime.name
        )
    )


def test_nobody_listens(container: Container) -> None:
    """ERR-1: a console socket that nobody listens on makes create fail and leaves nothing."""
    container.bundle.process["terminal"] = True
    path = container.runtime.home / "none.sock"
    assert "no such file or directory" in container.fails("--console-socket", path)


def test_exec_with_terminal(container: Container, receiver: Receiver) -> None:
    """PRC-2: a detached exec with --tty sends its own terminal."""
    container.up()
    pid_file = container.runtime.home / "exec.pid"
    flags = ["--tty", "--detach", "--console-socket", receiver.path, "--pid-file", pid_file]
    result = container.exec_with(flags, "inside", "tty")
    assert (result.code, result.err) == (0, "")
    _, [fd] = receiver.take()
    seen = Terminal(fd).read_until("size").splitlines()
    assert [line.split()[1] for line in seen[:3]] == ["1", "1", "1"]
    assert exit_code(int(pid_file.read_text())) == 0


def test_socket_through_a_long_path(container: Container, home: Path) -> None:
    """PRC-2: a console socket reached by a path of the usual engines' length works."""
    place = home / ("d" * (90 - len(str(home))))
    place.mkdir()
    with Receiver(place / "s.sock") as receiver:
        container.bundle.args("/bin/true")
        open_terminal(container, receiver)
