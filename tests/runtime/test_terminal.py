# SPDX-License-Identifier: Apache-2.0
"""Terminals in the foreground: run and exec on the caller's own terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator

import pytest

from .harness import Container
from .harness.sockets import Terminal


class Caller:
    """A caller with a terminal of its own on which it runs the runtime."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.terminal = Terminal(self.ours)

    def run(self, container: Container, *args: str) -> subprocess.Popen[bytes]:
        """Start the runtime on this terminal, in its own session, as a shell would."""
        termios.tcsetwinsize(self.ours, (33, 77))
        streams = {name: self.theirs for name in ("stdin", "stdout", "stderr")}
        return container.runtime.spawn(
            *args, **streams, start_new_session=True, preexec_fn=take_terminal
        )

    def attributes(self) -> list[object]:
        """The terminal's settings."""
        return termios.tcgetattr(self.theirs)


def take_terminal() -> None:
    """In the child: make stdin the controlling terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    os.close(caller.ours)
    os.close(caller.theirs)


def run(caller: Caller, container: Container) -> subprocess.Popen[bytes]:
    """Run the container in the foreground on the caller's terminal."""
    container.bundle.process["terminal"] = True
    container.bundle.write()
    return caller.run(container, "run", "-b", str(container.bundle.path), container.id)


def test_is_a_terminal(container: Container, caller: Caller) -> None:
    """PRC-2: run with a terminal gives the program one, of the caller's size."""
    container.bundle.inside("winch")
    process = run(caller, container)
    caller.terminal.read_until("size 33 77")
    caller.terminal.write("x\r")
    assert process.wait(10) == 0


def test_resize(container: Container, caller: Caller) -> None:
    """PRC-3: a SIGWINCH to the runtime carries the caller's new size into the container."""
    container.bundle.inside("winch")
    process = run(caller, container)
    caller.terminal.read_until("size 33 77")
    termios.tcsetwinsize(caller.ours, (20, 50))
    process.send_signal(signal.SIGWINCH)
    caller.terminal.read_until("size 20 50")
    caller.terminal.write("x\r")
    assert process.wait(10) == 0


def test_settings_come_back(container: Container, caller: Caller) -> None:
    """PRC-2: after the end the caller's terminal has its old settings."""
    before = caller.attributes()
    container.bundle.sh("read a; exit 5")
    process = run(caller, container)
    caller.terminal.write("x\r")
    assert process.wait(10) == 5
    assert caller.attributes() == before


def test_settings_come_back_after_failure(container: Container, caller: Caller) -> None:
    """ERR-1: after a failing run the caller's terminal has its old settings."""
    before = caller.attributes()
    container.bundle.args("nothing-like-it")
    assert run(caller, container).wait(10) == 1
    assert caller.attributes() == before


def test_control_c_goes_inside(container: Container, caller: Caller) -> None:
    """PRC-2: the caller's terminal is raw: Ctrl-C reaches the program, not the runtime."""
    container.bundle.inside("trap")
    process = run(caller, container)
    caller.terminal.read_until("ready")
    caller.terminal.write("\x03")
    caller.terminal.read_until("signal 2")
    process.terminate()
    assert process.wait(10) == 42


def test_output_is_whole(container: Container, caller: Caller) -> None:
    """PRC-2: the last output before the end arrives."""
    container.bundle.sh("i=0; while [ $i -lt 300 ]; do echo line-$i; i=$((i+1)); done")
    process = run(caller, container)
    caller.terminal.read_until("line-299")
    assert process.wait(10) == 0


def test_exec(container: Container, caller: Caller) -> None:
    """PRC-2: exec --tty in the foreground works on the caller's terminal, size and exit code
    too.
    """
    container.up()
    process = caller.run(container, "exec", "-t", container.id, "sh", "-c", "inside tty; exit 6")
    seen = caller.terminal.read_until("size 33 77")
    assert [line.split()[1] for line in seen.splitlines()[:3]] == ["1", "1", "1"]
    assert process.wait(10) == 6
