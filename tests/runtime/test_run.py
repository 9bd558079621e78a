# SPDX-License-Identifier: Apache-2.0
"""run: foreground and detached, exit codes, streams, forwarded signals."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from .harness import Container, until
from .harness.waiting import alive


@pytest.mark.parametrize("code", [0, 1, 3, 126, 255])
def test_exit_code(container: Container, code: int) -> None:
    """OPS-T3: run in the foreground returns the program's exit code."""
    container.bundle.sh(f"exit {code}")
    assert container.run().code == code


def test_killed_by_signal(container: Container) -> None:
    """OPS-T3: a program ended by signal N gives 128+N."""
    container.bundle.args("/bin/sleep", "1000")
    container.bundle.write()
    process = container.runtime.spawn("run", "--bundle", container.bundle.path, container.id)
    until(lambda: started(container), "the container to run")
    container.kill("KILL")
    assert process.wait(10) == 137


def started(container: Container) -> bool:
    """Say whether the container exists and runs; remember its pid."""
    result = container.runtime.run("state", container.id)
    if result.code:
        return False
    container.pid = result.json()["pid"]
    return bool(result.json()["status"] == "running")


def test_streams(container: Container) -> None:
    """FD-3: stdin, stdout and stderr of the caller are the program's."""
    container.bundle.sh("read line; echo out $line; echo err $line >&2")
    result = container.run(stdin="word\n")
    assert (result.code, result.out, result.err) == (0, "out word\n", "err word\n")


def test_pipes(container: Container) -> None:
    """FD-3: output that is larger than a pipe arrives whole, and run ends when it was read."""
    container.bundle.sh("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done")
    container.bundle.write()
    process = container.runtime.spawn(
        "run", "-b", container.bundle.path, container.id, stdout=subprocess.PIPE
    )
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, len(out)) == (0, 20000 * 11)


def test_stdin_end(container: Container) -> None:
    """FD-3: the end of the caller's stdin is the end of the program's."""
    container.bundle.args("/bin/cat")
    result = container.run(stdin="all of it")
    assert (result.code, result.out) == (0, "all of it")


def test_foreground_removes(container: Container) -> None:
    """OPS-D3: run in the foreground deletes the container at its end."""
    container.bundle.args("/bin/true")
    assert container.run().code == 0
    container.absent()


def test_keep(container: Container) -> None:
    """OPS-D3: run --keep leaves a stopped container to be deleted."""
    container.bundle.sh("exit 4")
    assert container.run("--keep").code == 4
    assert container.status == "stopped"
    container.delete()
    container.absent()


def test_detach(container: Container) -> None:
    """OPS-T3: run --detach returns 0 while the program runs; its pid is in the pid file."""
    container.run_detached()
    assert container.state()["pid"] == container.pid
    assert container.status == "running"


def test_detached_program_is_our_child(container: Container) -> None:
    """OPS-T3: the caller, being a subreaper, gets the detached program as its child."""
    container.bundle.sh("exit 9")
    container.run_detached()
    assert container.wait() == 9


def test_detach_short(container: Container) -> None:
    """OPS-T3: -d and -b are the short forms."""
    container.bundle.write()
    container.runtime(
        "run", "-d", "--pid-file", container.pid_file, "-b", container.bundle.path, container.id
    )
    container.pid = int(container.pid_file.read_text())
    assert container.status == "running"


@pytest.mark.parametrize("name", ["HUP", "INT", "USR1", "USR2", "QUIT"])
def test_signals_are_forwarded(container: Container, home: Path, name: str) -> None:
    """OPS-K3: a signal to the foreground runtime reaches the program."""
    container.bundle.inside("trap")
    container.bundle.write()
    number = signal.Signals["SIG" + name]
    out = home / "out"
    with open(out, "wb") as file:
        args = ["run", "-b", container.bundle.path, container.id]
        process = container.runtime.spawn(*args, stdout=file)
    until(lambda: b"ready\n" in out.read_bytes(), "the program to be ready")
    process.send_signal(number)
    until(lambda: b"signal %d\n" % number in out.read_bytes(), "the signal to arrive")
    process.terminate()
    assert process.wait(10) == 42


def test_without_subreaper(container: Container) -> None:
    """OPS-T3: --no-subreaper, also with one dash, changes nothing for a plain program."""
    container.bundle.sh("exit 5")
    assert container.run("-no-subreaper").code == 5


def test_missing_program(container: Container) -> None:
    """PRC-9: a missing program is reported by run with exit code 1, and nothing stays."""
    container.bundle.args("nothing-like-it")
    name = container.runtime.name
    assert container.fails(verb="run") == (
        f"{name} run failed: unable to start container process: "
        'exec: "nothing-like-it": executable file not found in $PATH'
    )


def test_id_in_use(container: Container) -> None:
    """OPS-C2: run with an id in use fails and leaves the container alone."""
    container.up()
    message = container.runtime.fails("run", "-b", container.bundle.path, container.id)
    assert message == (
        f"{container.runtime.name} run failed: container with given ID already exists"
    )
    assert alive(container.pid)


def test_daemon_child_ends_with_the_container(container: Container) -> None:
    """OPS-D3: run does not wait for background children of the program; they end with it."""
    container.bundle.sh("sleep 1000 & exit 6")
    assert container.run().code == 6


def test_pid_file_in_foreground(container: Container) -> None:
    """STA-4: run writes the pid file in the foreground too."""
    pid_file = container.runtime.home / "pid"
    container.bundle.args("/bin/true")
    assert container.run("--pid-file", pid_file).code == 0
    assert int(pid_file.read_bytes()) > 1
