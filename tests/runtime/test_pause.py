# SPDX-License-Identifier: Apache-2.0
"""pause and resume."""

from __future__ import annotations

import time

import pytest

from .harness import Container, needs, until
from .harness.probes import freezer
from .harness.waiting import alive

pytestmark = needs(freezer)


@pytest.fixture
def paused(container: Container) -> Container:
    """A paused container whose program counts in /count."""
    container.bundle.sh("i=0; while true; do i=$((i+1)); echo $i > /count; sleep 0.01; done")
    container.up()
    until((container.bundle.rootfs / "count").exists, "the count to begin")
    container.runtime("pause", container.id)
    return container


def count(container: Container) -> str:
    """The program's counter."""
    return (container.bundle.rootfs / "count").read_text()


def test_status(paused: Container) -> None:
    """STA-8: a paused container's status is "paused" and it keeps its pid."""
    state = paused.state()
    assert (state["status"], state["pid"]) == ("paused", paused.pid)


def test_stands_still(paused: Container) -> None:
    """STA-8: a paused program does not run: it uses no processor time."""
    before = processor_time(paused.pid)
    time.sleep(0.1)  # ten turns of the program's loop
    assert processor_time(paused.pid) == before


def processor_time(pid: int) -> list[str]:
    """User and system time and the count of voluntary switches of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return fields[11:15] + [line for line in file if "ctxt_switches" in line]


def test_resume(paused: Container) -> None:
    """STA-8: resume lets it run on."""
    before = count(paused)
    paused.runtime("resume", paused.id)
    assert paused.status == "running"
    until(lambda: count(paused) not in ("", before), "the count to go on")


def test_silence(container: Container) -> None:
    """OPS-0: pause and resume print nothing."""
    container.up()
    assert container.runtime("pause", container.id).out == ""
    assert container.runtime("resume", container.id).out == ""


def test_pause_twice(paused: Container) -> None:
    """OPS-0: pause of a paused container is an error without effect."""
    paused.runtime.fails("pause", paused.id)
    assert paused.status == "paused"


def test_resume_running(container: Container) -> None:
    """OPS-0: resume of a container that is not paused is an error."""
    container.up()
    assert container.runtime.fails("resume", container.id) == "container not paused"


def test_resume_stopped(container: Container) -> None:
    """OPS-0: resume of a stopped container is an error."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert container.runtime.fails("resume", container.id) == "container not paused"


def test_pause_stopped(container: Container) -> None:
    """OPS-0: pause of a stopped container is an error."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert "not running" in container.runtime.fails("pause", container.id)


def test_delete_paused(paused: Container) -> None:
    """OPS-D2: delete of a paused container is an error without effect."""
    message = paused.runtime.fails("delete", paused.id)
    assert message == f"cannot delete container {paused.id} that is not stopped: paused"
    assert alive(paused.pid)


def test_start_paused(paused: Container) -> None:
    """OPS-T2: start of a paused container is an error without effect."""
    paused.runtime.fails("start", paused.id)
    assert paused.status == "paused"


def test_kill_paused(paused: Container) -> None:
    """OPS-K3: SIGKILL ends a paused container (at once or when it is resumed)."""
    paused.kill("KILL")
    if paused.status == "paused":
        paused.runtime("resume", paused.id)
    assert paused.wait() == 137


def test_pause_created(container: Container) -> None:
    """STA-8: a created container can be paused and resumed, and is created again."""
    container.create()
    container.runtime("pause", container.id)
    assert container.status == "paused"
    container.runtime("resume", container.id)
    assert container.status == "created"
