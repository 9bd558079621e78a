# SPDX-License-Identifier: Apache-2.0
"""Stop, kill, signals and restart policies."""

from __future__ import annotations

import time

import pytest

from .engine import Container, Engine
from .sandbox import wait_until

POLITE = """trap 'echo got TERM; exit 3' TERM; trap 'echo got USR1' USR1; echo ready
while :; do sleep 0.1; done"""


def ready(made: Container) -> None:
    """Wait until the container's script has set its traps."""
    wait_until(lambda: "ready" in made.engine.out("logs", made.name), "ready in logs")


def exit_code(made: Container) -> int:
    """Wait for the end and return the recorded exit code."""
    return int(made.engine.out("wait", made.name))


def test_stop_lets_the_program_end(engine: Engine, image: str) -> None:
    """OPS-K3: `stop` sends SIGTERM and the program's own exit status is kept."""
    with engine.start(image, "sh", "-c", POLITE) as made:
        ready(made)
        engine("stop", made.name)
        assert made.state()["ExitCode"] == 3
        assert "got TERM" in engine.out("logs", made.name)


def test_stop_kills_after_its_time(engine: Engine) -> None:
    """OPS-K3: a program that ignores SIGTERM is killed after `stop -t`, status 137."""
    with engine.start("busybox:test", "sh", "-c",
                      "trap '' TERM; echo ready; while :; do sleep 1; done") as made:
        ready(made)
        before = time.monotonic()
        engine("stop", "-t", "1", made.name)
        assert 0.9 < time.monotonic() - before < 8
        assert made.state()["ExitCode"] == 137


def test_stop_signal_of_the_container(engine: Engine) -> None:
    """OPS-K3: `stop` sends the container's own --stop-signal."""
    with engine.start("--stop-signal", "USR2", "busybox:test", "sh", "-c",
                      "trap 'exit 12' USR2; echo ready; while :; do sleep 0.1; done") as made:
        ready(made)
        engine("stop", "-t", "5", made.name)
        assert made.state()["ExitCode"] == 12


def test_kill_is_137(engine: Engine, image: str) -> None:
    """OPS-K3: `kill` ends the container with SIGKILL, status 137."""
    with engine.start(image, "sleep", "1000") as made:
        engine("kill", made.name)
        assert exit_code(made) == 137


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "10"])
def test_kill_with_a_signal(engine: Engine, signal: str) -> None:
    """OPS-K3: a signal by name, by SIG name and by number reaches the program."""
    with engine.start("busybox:test", "sh", "-c", POLITE) as made:
        ready(made)
        engine("kill", "-s", signal, made.name)
        wait_until(lambda: "got USR1" in engine.out("logs", made.name), "the trap ran")
        assert made.state()["Running"] is True


def test_kill_takes_the_whole_pid_namespace(box: Container) -> None:
    """OPS-K3: processes started by exec end with the container's first process."""
    box.engine("exec", "-d", box.name, "sleep", "7654")
    outside = ["pgrep", "-f", "^sleep 7654"]
    wait_until(lambda: box.engine.sandbox.run(outside, status=None).stdout, "the exec runs")
    box.engine("kill", box.name)
    wait_until(lambda: not box.engine.sandbox.run(outside, status=None).stdout, "the exec ended")


def test_kill_of_a_stopped_container_is_refused(engine: Engine) -> None:
    """OPS-K2: killing what has ended fails and says that it is not running."""
    with engine.create("busybox:test", "true") as made:
        engine("start", "-a", made.name)
        done = engine("kill", made.name, status=None)
        assert done.returncode != 0
        assert "not running" in done.stderr or "state improper" in done.stderr \
            or "can only kill running containers" in done.stderr


def test_pid_host_kill_takes_all(engine: Engine) -> None:
    """OPS-K3: without a pid namespace of its own `rm -f` still ends every process."""
    with engine.start("--pid=host", "busybox:test", "sh", "-c",
                      "sleep 8765 & sleep 8766 & wait") as made:
        outside = ["pgrep", "-f", "^sleep 876[56]"]
        wait_until(lambda: len(engine.sandbox.run(outside, status=None).stdout.split()) == 2,
                   "both children run")
        engine.remove(made.name)
        wait_until(lambda: not engine.sandbox.run(outside, status=None).stdout, "both ended")


def test_foreground_signals_are_passed_on(engine: Engine) -> None:
    """FD-1: SIGTERM sent to the engine's client reaches the program in the foreground."""
    argv = [*engine.base, "run", "--rm", *engine.run_options, "busybox:test", "sh", "-c", POLITE]
    client = engine.sandbox.popen(["sh", "-c", 'echo $$; exec "$@"', "sh", *argv], stdout=-1,
                                  env=engine.env)
    assert client.stdout
    pid = client.stdout.readline().strip()
    assert client.stdout.readline() == "ready\n"
    engine.sandbox.run(["kill", "-TERM", pid])
    assert client.communicate(timeout=20)[0] == "got TERM\n"
    assert client.returncode == 3


def test_restart_on_failure(engine: Engine) -> None:
    """STA-8, OPS-T3: the restart policy runs the same container again, twice, then gives up."""
    with engine.start("--restart", "on-failure:2", "busybox:test", "sh", "-c",
                      "echo run >> /runs; cat /runs | wc -l; exit 4") as made:
        def given_up() -> bool:
            found = made.inspect()
            return found["RestartCount"] == 2 and not found["State"]["Running"]
        wait_until(given_up, "two restarts")
        assert made.state()["ExitCode"] == 4
        assert engine.out("logs", made.name).split() == ["1", "2", "3"]


def test_restart_command(box: Container) -> None:
    """STA-8, OPS-T3: `restart` gives the container a new first process."""
    before = box.pid()
    box.engine("restart", "-t", "0", box.name)
    assert box.pid() not in (0, before)
    assert box.out("echo", "alive") == "alive"
