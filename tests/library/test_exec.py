# SPDX-License-Identifier: Apache-2.0
"""Processes that the library starts in a running container."""

from __future__ import annotations

import os
import select
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

import pyrunc
from pyrunc import DEVNULL, Container, Process
from pyrunc.library.child import Child
from tests.runtime.harness import Bundle, probes
from tests.runtime.harness.marks import needs
from tests.runtime.harness.waiting import until

from .conftest import STREAMS, Make

QUIET = dict.fromkeys(STREAMS, DEVNULL)


@pytest.fixture
def running(make: Make) -> Container:
    """A started container that waits."""
    container = make()
    container.start()
    return container


def test_status(running: Container) -> None:
    """LIB: the exit status of what exec started; the container goes on."""
    process = running.exec(["/bin/sh", "-c", "exit 4"], **QUIET)
    assert (process.wait(), process.status) == (4, 4)
    assert running.status == "running"


def test_changes(running: Container) -> None:
    """LIB: environment, directory and user can be others than the container's."""
    script = 'test "$A-$(pwd)-$(id -u)-$(id -G)-$TERM" = "1-/tmp-1000-1000 7-xterm"'
    process = running.exec(["/bin/sh", "-c", script], env={"A": "1"}, cwd="/tmp",
                           user="1000:1000", additional_gids=[7], **QUIET)  # fmt: skip
    assert process.wait() == 0


def test_whole_process(running: Container) -> None:
    """LIB: a process as a dict is all that counts; a wrong one is a ConfigError."""
    whole = {"cwd": "/tmp", "args": ["/bin/sh", "-c", "exit $N"], "env": ["N=6", "PATH=/bin"],
             "user": {"uid": 0, "gid": 0}}  # fmt: skip
    assert running.exec(process=whole, **QUIET).wait() == 6
    with pytest.raises(pyrunc.ConfigError, match="cwd"):
        running.exec(process={**whole, "cwd": "tmp"}, **QUIET)


@pytest.mark.parametrize("how", [{}, {"args": "true"}, {"args": ["true"], "process": {}}])
def test_arguments(running: Container, how: dict[str, object]) -> None:
    """LIB: args is a list; it or a whole process is given."""
    with pytest.raises(pyrunc.UsageError):
        running.exec(**how)  # type: ignore[arg-type]


def test_no_program(running: Container) -> None:
    """LIB: a program that is not there is a NativeError with ENOENT, and nothing stays."""
    with pytest.raises(pyrunc.NativeError, match="no such file") as caught:
        running.exec(["/no/such"], **QUIET)
    assert caught.value.errno == 2
    assert running.pids() == [running.pid]


def test_signals(running: Container) -> None:
    """LIB: a process takes signals until it has ended."""
    process = running.exec(["/bin/sleep", "100"], **QUIET)
    with pytest.raises(pyrunc.WaitTimeoutError):
        process.wait(0)
    process.kill(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    with pytest.raises(pyrunc.StateError, match="process not running"):
        process.kill()


def test_fileno(running: Container) -> None:
    """LIB: a process can be polled for its end."""
    with running.exec(["/bin/sleep", "100"], **QUIET) as process:
        process.kill("KILL")
        assert select.select([process], [], [], 10)[0] == [process]


def test_with_ends(running: Container) -> None:
    """LIB: the end of `with` is the process's, and its number is free again."""
    with running.exec(["/bin/sleep", "100"], **QUIET) as process:
        pass
    assert process.status == 128 + signal.SIGKILL
    assert not os.path.exists(f"/proc/{process.pid}")


def test_delete_ends(running: Container) -> None:
    """LIB: what exec started and nobody waited for is ended and reaped with the container."""
    processes = [running.exec(["/bin/sleep", "100"], **QUIET) for _ in range(3)]
    processes.append(running.exec(["/bin/true"], **QUIET))
    running.delete(force=True)
    assert [each.status for each in processes[:3]] == [128 + signal.SIGKILL] * 3
    assert not any(os.path.exists(f"/proc/{each.pid}") for each in processes)


@needs(probes.freezer)
def test_delete_ends_paused(running: Container) -> None:
    """LIB: a paused container is deleted by force with what exec started in it."""
    process = running.exec(["/bin/sleep", "100"], **QUIET)
    running.pause()
    running.delete(force=True)
    assert process.status == 128 + signal.SIGKILL


def test_delete_running_is_refused(running: Container) -> None:
    """LIB: a delete that is refused ends nothing."""
    process = running.exec(["/bin/sleep", "100"], **QUIET)
    with pytest.raises(pyrunc.StateError):
        running.delete()
    assert process.status is None


def test_delete_created(make: Make) -> None:
    """LIB: a container that was created only may have processes of exec; delete ends them."""
    container = make()
    process = container.exec(["/bin/sleep", "100"], **QUIET)
    container.delete()
    assert process.status == 128 + signal.SIGKILL


def test_wait_with_others(running: Container) -> None:
    """LIB: wait for a container returns though nobody waits for what exec started in it: the kernel
    ends the first process of a pid namespace only when all others are reaped."""
    process = running.exec(["/bin/sleep", "100"], **QUIET)
    running.kill("KILL")
    assert running.wait(10) == 128 + signal.SIGKILL
    assert process.wait() == 128 + signal.SIGKILL


def test_wait_with_later_others(running: Container) -> None:
    """LIB: the same when exec is called while another thread waits already."""
    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(running.wait, 10) for _ in range(2)]
        until(lambda: len(running._family._waiting) == 2, "two waits")
        processes = [running.exec(["/bin/sleep", "100"], **QUIET) for _ in range(2)]
        running.kill("KILL")
        assert [each.result() for each in waits] == [128 + signal.SIGKILL] * 2
    assert [each.status for each in processes] == [128 + signal.SIGKILL] * 2


def test_status_with_others(make: Make, bundle: Bundle) -> None:
    """LIB: a container whose program ended is seen to be stopped though nobody waits for what exec
    started in it."""
    bundle.sh("read line; exit 3")
    reader, writer = os.pipe()
    container = make(stdin=reader)
    os.close(reader)
    container.start()
    container.exec(["/bin/sleep", "100"], **QUIET)
    os.close(writer)
    until(lambda: container.status == "stopped", "the container to be stopped")
    assert container.wait() == 3


def test_not_running(make: Make) -> None:
    """LIB: exec in a container that has stopped is a StateError."""
    container = make()
    container.kill("KILL")
    container.wait()
    with pytest.raises(pyrunc.StateError, match="cannot exec in a stopped container"):
        container.exec(["/bin/true"], **QUIET)


@needs(probes.freezer)
def test_paused(running: Container) -> None:
    """LIB: exec in a paused container is refused."""
    running.pause()
    with pytest.raises(pyrunc.StateError, match="paused"):
        running.exec(["/bin/true"], **QUIET)
    running.resume()


def test_names(running: Container) -> None:
    """LIB: what is returned is pyrunc.Process, and says which."""
    with running.exec(["/bin/sleep", "100"], **QUIET) as process:
        assert isinstance(process, Process)
        assert str(process.pid) in repr(process)
        assert running.id in repr(running)


@pytest.fixture
def reaped_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait sees its process alive, twice, and before it opens a handle another has reaped it."""
    poll = Child.poll
    looks: dict[Child, int] = {}

    def late(self: Child) -> int | None:
        until(lambda: poll(self) is not None, "the end")
        looks[self] = looks.get(self, 0) + 1
        return None if looks[self] <= 2 else poll(self)

    monkeypatch.setattr(Child, "poll", late)


@pytest.mark.usefixtures("reaped_between")
def test_wait_that_another_overtakes(running: Container) -> None:
    """LIB: of two threads that wait for a container, the one that comes late has the status too."""
    running.kill("KILL")
    assert running.wait(5) == 128 + signal.SIGKILL


def test_wait_for_a_process_that_another_overtakes(
    running: Container, request: pytest.FixtureRequest
) -> None:
    """LIB: the same for a process of exec."""
    process = running.exec(["/bin/sleep", "100"], **QUIET)
    request.getfixturevalue("reaped_between")
    process.kill("KILL")
    assert process.wait(5) == 128 + signal.SIGKILL
