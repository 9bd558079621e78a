# SPDX-License-Identifier: Apache-2.0
"""ps: the processes of a container."""

from __future__ import annotations

from .harness import Container


def test_json(container: Container) -> None:
    """CGP-3: --format json is an array of the host's pids."""
    container.up()
    assert container.runtime("ps", "--format", "json", container.id).json() == [container.pid]


def test_json_children(container: Container) -> None:
    """CGP-3: child processes are in the array."""
    container.bundle.sh("sleep 1000 & sleep 1000 & echo up; wait")
    container.up()
    container.says("up")
    pids = container.runtime("ps", "-f", "json", container.id).json()
    assert len(pids) == 3
    assert container.pid in pids


def test_json_created(container: Container) -> None:
    """CGP-3: a created container has its waiting process."""
    container.create()
    assert container.runtime("ps", "--format=json", container.id).json() == [container.pid]


def test_json_stopped(container: Container) -> None:
    """CGP-3: a stopped container has no process: null or an empty array, and no error."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert not container.runtime("ps", "--format", "json", container.id).json()


def test_table(container: Container) -> None:
    """CGP-3: the table is the host's ps -ef, of the container's processes only."""
    container.up()
    head, row = container.runtime("ps", container.id).lines
    assert head.split()[:3] == ["UID", "PID", "PPID"]
    assert row.split()[1] == str(container.pid)
    assert "inside pause" in row


def test_arguments(container: Container) -> None:
    """CGP-3: what follows the id goes to the host's ps."""
    container.up()
    head, row = container.runtime("ps", container.id, "-e", "-o", "pid,args").lines
    assert head.split() == ["PID", "COMMAND"]
    assert row.split() == [str(container.pid), "/bin/inside", "pause"]


def test_bad_format(container: Container) -> None:
    """OPS-0: another format is refused."""
    container.up()
    assert container.runtime.fails("ps", "-f", "xml", container.id) == "invalid format option"


def test_arguments_without_pid(container: Container) -> None:
    """OPS-0: a ps whose output has no PID column is an error."""
    container.up()
    message = container.runtime.fails("ps", container.id, "-e", "-o", "args")
    assert "PID" in message
