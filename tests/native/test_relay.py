# SPDX-License-Identifier: Apache-2.0
"""pr_relay: exit codes, signals, bytes between the caller's streams and a terminal."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyrunc import native

from .conftest import failure, step

RELAYING = Path(__file__).with_name("relaying.py")
Relay = Callable[..., "subprocess.Popen[bytes]"]
PLAIN, PTY = "plain", "pty"


@pytest.fixture
def relay() -> Iterator[Relay]:
    """Starts relaying.py; ended at the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, script: str, *more: str, **how: object) -> subprocess.Popen[bytes]:
        how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **how}
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
        argv = [sys.executable, "-S", RELAYING, kind, script, *more]
        started.append(subprocess.Popen(argv, env=environment, **how))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream and not stream.closed:
                stream.close()


def read_until(fd: int, wanted: bytes, seconds: float = 20) -> bytes:
    """Reads until `wanted` was seen."""
    got = b""
    end = time.monotonic() + seconds
    while wanted not in got:
        left = end - time.monotonic()
        assert left > 0 and select.select([fd], [], [], left)[0], f"no {wanted!r} in {got!r}"
        got += os.read(fd, 4096)
    return got


@pytest.mark.parametrize("kind", [PLAIN, PTY])
@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)],
)
def test_exit_code(relay: Relay, kind: str, script: str, code: int) -> None:
    """OPS: the program's exit status, 128 + signal when one ended it."""
    assert relay(kind, script).wait(20) == code


def relayed(act: Callable[[], object]) -> int:
    """The status of a child of ours that does this."""
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(99)
    pidfd = os.pidfd_open(pid)
    try:
        return native.relay(pid, pidfd)
    finally:
        os.close(pidfd)


def test_every_exit_code() -> None:
    """OPS: 0 to 255 come through as they are."""
    codes = list(range(256))
    assert [relayed(lambda code=code: os._exit(code)) for code in codes] == codes  # type: ignore[misc]


def test_every_deadly_signal() -> None:
    """OPS: 128 + number for each signal that ends a process by default."""
    harmless = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
    stopping = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    numbers = sorted(map(int, signal.valid_signals() - harmless - stopping))
    assert len(numbers) > 50

    def die(number: int) -> None:
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    got = [relayed(lambda number=number: die(number)) for number in numbers]  # type: ignore[misc]
    assert got == [128 + number for number in numbers]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGABRT])
@pytest.mark.parametrize("kind", [PLAIN, PTY])
def test_signals_are_passed_on(relay: Relay, kind: str, number: signal.Signals) -> None:
    """OPS: what the foreground gets, the program gets."""
    process = relay(kind, f"trap 'exit 9' {int(number)}; echo set; while :; do sleep 0.05; done")
    read_until(process.stdout.fileno(), b"set")
    process.send_signal(number)
    assert process.wait(20) == 9


def test_bytes_through_a_terminal(relay: Relay) -> None:
    """CON: input reaches the program, its output comes back as the terminal has it."""
    process = relay(PTY, 'stty -echo; echo ready; read x; echo "got $x"; exit 3')
    read_until(process.stdout.fileno(), b"ready\r\n")
    process.stdin.write(b"word\n")
    process.stdin.flush()
    assert read_until(process.stdout.fileno(), b"got word\r\n")
    assert process.wait(20) == 3


def test_all_output_is_out_before_the_end(relay: Relay) -> None:
    """CON: the program's last bytes are not lost, however much it wrote."""
    process = relay(PTY, "stty -onlcr; head -c 300000 /dev/zero; echo end")
    assert process.communicate(timeout=30)[0] == b"\0" * 300_000 + b"end\n"
    assert process.returncode == 0


def test_output_that_nobody_reads(relay: Relay) -> None:
    """CON: with a closed stdout the program neither stalls nor gets our SIGPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    script = "trap 'exit 8' PIPE; head -c 300000 /dev/zero; sleep 0.2; exit 4"
    try:
        process = relay(PTY, script, stdout=writer)
    finally:
        os.close(writer)
    assert process.wait(20) == 4


def test_left_behind_process_does_not_hold_us(relay: Relay) -> None:
    """CON: others may keep the terminal open after the program's end."""
    process = relay(PTY, "trap '' HUP; sleep 30 & echo $!; exit 5")
    assert process.wait(20) == 5
    os.kill(int(process.stdout.read()), signal.SIGKILL)


def test_window_size_and_raw_mode(relay: Relay) -> None:
    """CON: the size goes to the program, at SIGWINCH too; ours is raw, and then as before."""
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 30, 90, 0, 0))
        before = termios.tcgetattr(slave)
        process = relay(PTY, "stty size; read x; stty size", stdin=slave)
        read_until(process.stdout.fileno(), b"30 90\r\n")
        assert not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 31, 91, 0, 0))
        process.send_signal(signal.SIGWINCH)
        time.sleep(0.2)
        os.write(master, b"\r")
        read_until(process.stdout.fileno(), b"31 91\r\n")
        assert process.wait(20) == 0
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_our_own_end_leaves_no_raw_terminal(relay: Relay) -> None:
    """CON: a relay that aborts gives the terminal back first."""
    master, slave = os.openpty()
    try:
        before = termios.tcgetattr(slave)
        process = relay(PTY, "trap '' HUP; sleep 0.5", "abort", stdin=slave)
        assert process.wait(20) == -signal.SIGABRT
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_dispositions_come_back() -> None:
    """CON: what the caller does at SIGSEGV and the like is as before, and so is its mask."""
    master, slave = os.openpty()
    saved, terminal = os.dup(0), os.openpty()
    try:
        os.dup2(terminal[1], 0)
        before = Path("/proc/self/status").read_text().partition("SigPnd")[2].partition("CapInh")[0]
        pid = os.fork()
        if pid == 0:
            os._exit(3)
        pidfd = os.pidfd_open(pid)
        assert native.relay(pid, pidfd, master) == 3
        os.close(pidfd)
        after = Path("/proc/self/status").read_text().partition("SigPnd")[2].partition("CapInh")[0]
        assert after == before
    finally:
        os.dup2(saved, 0)
        for fd in (master, slave, saved, *terminal):
            os.close(fd)


def test_what_is_no_child(pidfd_of: Callable[[int], int]) -> None:
    """ERR: the exit status of another's child cannot be had."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    pidfd = pidfd_of(pid)
    os.waitpid(pid, 0)
    assert failure(native.relay, pid, pidfd)[0] == step("DEAD")
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
