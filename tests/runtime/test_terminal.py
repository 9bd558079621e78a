# SPDX-License-Identifier: Apache-2.0
"""Terminals in the foreground: run and exec on the caller's own terminal."""

from __future__ import annotations

import fcntl
import os
import platform
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container, departs, until
from .harness.sockets import Terminal

OURS = departs("runc", "it catches no signal of its own, and Go gives some a meaning")
UNDEFINED = {"x86_64": b"\x0f\x0b", "aarch64": b"\0\0\0\0"}  # ud2, udf


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


@OURS
def test_settings_come_back_after_a_fault(container: Container, caller: Caller) -> None:
    """PRC-2: even a mistake of the runtime's own leaves the caller's terminal as it was."""
    before = caller.attributes()
    container.bundle.process["terminal"] = True
    container.bundle.inside("winch")
    container.bundle.write()
    process = caller.run(container, "run", "-b", str(container.bundle.path), container.id)
    caller.terminal.read_until("size 33 77")
    until(lambda: caller.attributes() != before, "the terminal to be raw")
    spoil(process.pid)
    process.send_signal(signal.SIGWINCH)
    assert process.wait(20) == -signal.SIGILL
    assert caller.attributes() == before
    container.runtime("delete", "--force", container.id)
    container.absent()


def spoil(pid: int) -> None:
    """Put an undefined instruction where the process goes on after its system call."""

    def counter() -> int:
        words = Path(f"/proc/{pid}/syscall").read_text().split()
        return int(words[-1], 16) if len(words) > 2 else 0

    place = until(counter, "the runtime to sleep in poll(2)")
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(place)
        memory.write(UNDEFINED[platform.machine()])


@OURS
def test_a_deadly_signal_from_others_is_the_programs(container: Container, caller: Caller) -> None:
    """OPS-K3: SIGSEGV sent by somebody is passed on like any other, with a terminal too."""
    before = caller.attributes()
    container.bundle.process["terminal"] = True
    container.bundle.sh("trap 'exit 19' SEGV; echo ready; while :; do sleep 0.05; done")
    container.bundle.write()
    process = caller.run(container, "run", "-b", str(container.bundle.path), container.id)
    caller.terminal.read_until("ready")
    until(lambda: caller.attributes() != before, "the terminal to be raw")
    process.send_signal(signal.SIGSEGV)
    assert process.wait(20) == 19
