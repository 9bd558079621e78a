# SPDX-License-Identifier: Apache-2.0
"""kill: which signals it knows, whom they reach, when it refuses."""

from __future__ import annotations

import signal

import pytest

from .harness import Container, needs, probes, until
from .harness.waiting import alive


@pytest.fixture
def trap(container: Container) -> Container:
    """A running container that reports every signal it gets."""
    container.bundle.inside("trap")
    container.up()
    container.says("ready")
    return container


@pytest.mark.parametrize("word", ["USR1", "SIGUSR1", "usr1", "sigusr1", "10"])
def test_spellings(trap: Container, word: str) -> None:
    """OPS-K3: a signal may be given by number, name or SIGname, in any case."""
    trap.kill(word)
    trap.says(f"signal {int(signal.SIGUSR1)}\n")


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "USR2", "PIPE", "ALRM", "WINCH", "CHLD"])
def test_names(trap: Container, name: str) -> None:
    """OPS-K3: the named signal reaches the container's process."""
    trap.kill(name)
    trap.says(f"signal {int(signal.Signals['SIG' + name])}\n")


@pytest.mark.parametrize("number", [35, 37, 64])
def test_real_time_signals(trap: Container, number: int) -> None:
    """OPS-K3: real-time signals go by number."""
    trap.kill(str(number))
    trap.says(f"signal {number}\n")


def test_default_is_term(trap: Container) -> None:
    """OPS-K3: without a signal it is SIGTERM."""
    trap.kill()
    assert trap.wait() == 42


def test_kill_created(container: Container) -> None:
    """OPS-K3: a created container can be killed; it is stopped then."""
    container.create()
    container.kill("KILL")
    assert container.wait() == 137
    assert container.status == "stopped"


def test_kill_is_silent(trap: Container) -> None:
    """OPS-K3: kill prints nothing."""
    assert trap.kill("USR1").out == ""


def test_kill_stopped(container: Container) -> None:
    """OPS-K2: kill of a stopped container is an error."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert container.runtime.fails("kill", container.id, "TERM") == "container not running"


def test_kill_zombie(container: Container) -> None:
    """OPS-K2, STA-10: a container whose process is an unreaped zombie is not running."""
    container.bundle.args("/bin/true")
    container.up()
    until(lambda: not alive(container.pid), "the program's end")
    assert container.runtime.fails("kill", container.id, "KILL") == "container not running"


@pytest.mark.parametrize("flag", ["--all", "-a"])
def test_all_on_stopped(container: Container, flag: str) -> None:
    """OPS-K2: with the obsolete --all, "container not running" is swallowed."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert container.runtime("kill", flag, container.id, "KILL").out == ""


@needs(probes.new_proc)
def test_all_reaches_every_process(container: Container) -> None:
    """OPS-K3: kill --all ends the other processes of a shared pid namespace too."""
    container.bundle.no_namespace("pid")
    container.bundle.sh("sleep 1000 & echo $!; wait")
    container.up()
    container.says("\n")
    child = int(container.output())
    container.runtime("kill", "--all", container.id, "KILL")
    assert container.wait() == 137
    until(lambda: not alive(child), "the child's end")


@pytest.mark.parametrize("word", ["FOO", "SIGFOO", "0x9", "9x"])
def test_unknown_signal(container: Container, word: str) -> None:
    """OPS-K2: an unknown signal is an error without effect."""
    container.up()
    assert container.runtime.fails("kill", container.id, word) == f'unknown signal "{word}"'
    assert container.status == "running"


def test_container_is_looked_up_first(container: Container) -> None:
    """OPS-K2: an unknown container is reported before an unknown signal."""
    assert container.runtime.fails("kill", "nobody", "FOO") == "container does not exist"
