# SPDX-License-Identifier: Apache-2.0
"""containerd with `ctr run --runc-binary`: run, terminal, tasks, exec, kill, metrics, errors."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemons import Containerd
from .sandbox import wait_until
from .terminal import Terminal

_numbers = itertools.count(1)


class Task:
    """A running task of ctr, removed when the test ends."""

    def __init__(self, daemon: Containerd, ident: str) -> None:
        self.daemon, self.id = daemon, ident
        self._execs = itertools.count(1)

    def exec(self, *args: str, options: tuple[str, ...] = (),
             status: int | None = 0) -> subprocess.CompletedProcess[str]:
        """`ctr task exec` under a new exec id."""
        return self.daemon.ctr("task", "exec", "--exec-id", f"e{next(self._execs)}", *options,
                               self.id, *args, status=status)

    def status(self) -> str:
        """RUNNING, PAUSED, STOPPED, or empty when there is no such task."""
        for line in self.daemon.ctr("task", "ls").stdout.splitlines():
            if line.split()[0] == self.id:
                return line.split()[2]
        return ""


@pytest.fixture(params=["busybox", "debian"])
def ref(request: pytest.FixtureRequest) -> str:
    """Each image's name in containerd."""
    return f"localhost/{request.param}:test"


def run(daemon: Containerd, ref: str, *args: str, options: tuple[str, ...] = (),
        status: int | None = 0) -> subprocess.CompletedProcess[str]:
    """`ctr run --rm` with the runtime under test."""
    ident = f"r{next(_numbers)}"
    return daemon.ctr("run", "--rm", *daemon.run_options(ident), *options, ref, ident, *args,
                      status=status)


def terminal(daemon: Containerd, ref: str, *args: str, rows: int, columns: int) -> Terminal:
    """`ctr run --rm -t` on a real terminal."""
    ident = f"r{next(_numbers)}"
    argv = daemon.argv("run", "--rm", "-t", *daemon.run_options(ident), ref, ident, *args)
    return daemon.sandbox.terminal(argv, rows=rows, columns=columns)


@pytest.fixture
def task(containerd: Containerd, ref: str) -> Iterator[Task]:
    """A detached task of each image."""
    ident = f"t{next(_numbers)}"
    containerd.ctr("run", "-d", *containerd.run_options(ident), ref, ident, "sleep", "1000")
    yield Task(containerd, ident)
    containerd.ctr("task", "rm", "-f", ident, status=None)
    containerd.ctr("container", "rm", ident, status=None)


def test_run(containerd: Containerd, ref: str) -> None:
    """OPS-C3, OPS-T3, OPS-D3: ctr run prints the program's output."""
    done = run(containerd, ref, "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("code", [1, 7, 255])
def test_exit_status(containerd: Containerd, ref: str, code: int) -> None:
    """OPS-T3: ctr run ends with the program's status."""
    run(containerd, ref, "sh", "-c", f"exit {code}", status=code)


def test_terminal_size(containerd: Containerd, ref: str) -> None:
    """PRC-2, PRC-3: ctr run -t has a terminal that takes the caller's size."""
    with terminal(containerd, ref, "sh", rows=31, columns=97) as term:
        term.expect("[#$] ")
        term.type("until stty size | grep '31 97'; do sleep 0.1; done\n")
        term.expect(r"\n31 97\r+\n")
        term.type("exit 7\n")
        assert term.wait() == 7


def test_exec(task: Task) -> None:
    """OPS-0: output, status, user and directory of ctr task exec."""
    done = task.exec("sh", "-c", "pwd; id -u; exit 4", options=("--user", "1000", "--cwd", "/tmp"),
                     status=4)
    assert done.stdout.split() == ["/tmp", "1000"]


def test_exec_terminal(task: Task) -> None:
    """PRC-2, PRC-3: ctr task exec -t has a terminal of its own."""
    argv = task.daemon.argv("task", "exec", "-t", "--exec-id", "term", task.id, "sh")
    with task.daemon.sandbox.terminal(argv) as term:
        term.expect("[#$] ")
        term.type("test -t 0 && echo is-$((1 + 1))\n")
        term.expect("is-2\r+\n")
        term.type("exit 3\n")
        assert term.wait() == 3


def test_kill(task: Task) -> None:
    """OPS-K3: ctr task kill with a signal name ends the task."""
    task.daemon.ctr("task", "kill", "-s", "SIGKILL", task.id)
    wait_until(lambda: task.status() == "STOPPED", "the task has stopped")


def test_kill_of_a_stopped_task(task: Task) -> None:
    """OPS-K2: containerd takes the runtime's answer for a dead task as `not found`."""
    task.daemon.ctr("task", "kill", "-s", "SIGKILL", task.id)
    wait_until(lambda: task.status() == "STOPPED", "the task has stopped")
    done = task.daemon.ctr("task", "kill", "-s", "SIGTERM", task.id, status=None)
    assert "not found" in done.stderr or done.returncode == 0


def test_pause_and_resume(task: Task) -> None:
    """STA-8: the task's state follows."""
    task.daemon.ctr("task", "pause", task.id)
    assert task.status() == "PAUSED"
    task.daemon.ctr("task", "resume", task.id)
    assert task.status() == "RUNNING"
    assert task.exec("echo", "alive").stdout == "alive\n"


def test_ps(task: Task) -> None:
    """OPS-0: ctr task ps lists the task's pid."""
    listed = task.daemon.ctr("task", "ps", task.id).stdout.splitlines()[1:]
    pids = [line.split()[0] for line in listed]
    main = [line.split()[1] for line in task.daemon.ctr("task", "ls").stdout.splitlines()
            if line.split()[0] == task.id]
    assert pids == main


def test_metrics(task: Task) -> None:
    """CGP-1: containerd reads the task's cgroup: one process at work."""
    found = json.loads(task.daemon.ctr("task", "metrics", "--format", "json", task.id).stdout)
    assert found["pids"]["current"] >= 1


def test_memory_limit(containerd: Containerd, ref: str) -> None:
    """MEM-1: --memory-limit is in the task's own cgroup."""
    ident = f"t{next(_numbers)}"
    containerd.ctr("run", "-d", *containerd.run_options(ident), "--memory-limit", str(40 << 20),
                   ref, ident, "sleep", "1000")
    try:
        places = [Path(f"/sys/fs/cgroup/memory{containerd.parent}/{ident}/memory.limit_in_bytes"),
                  Path(f"/sys/fs/cgroup{containerd.parent}/{ident}/memory.max")]
        found = [int(place.read_text()) for place in places if place.exists()]
        assert found == [40 << 20]
    finally:
        containerd.ctr("task", "rm", "-f", ident)
        containerd.ctr("container", "rm", ident)


def test_options(containerd: Containerd, ref: str, home: Path) -> None:
    """PRC-4, PRC-5, ROOT-5, OPT-1: environment, directory, bind mount, read-only root together."""
    place = home / "ctr-data"
    place.mkdir(exist_ok=True)
    (place / "file").write_text("shared\n")
    done = run(containerd, ref, "sh", "-c",
               "echo $WORD; pwd; cat /data/file; touch /x 2>&1", status=1, options=(
                   "--env", "WORD=said", "--cwd", "/tmp", "--read-only",
                   "--mount", f"type=bind,src={place},dst=/data,options=rbind:ro"))
    assert done.stdout.splitlines()[:3] == ["said", "/tmp", "shared"]
    assert "Read-only file system" in done.stdout


def test_seccomp(containerd: Containerd) -> None:
    """SEC-1: --seccomp puts a filter."""
    ref = "localhost/busybox:test"
    found = run(containerd, ref, "grep", "Seccomp:", "/proc/self/status", options=("--seccomp",))
    assert found.stdout.split()[1] == "2"


@pytest.mark.parametrize(("program", "message"), [
    ("no-such", 'exec: "no-such": executable file not found in $PATH'),
    ("/etc/passwd", 'exec: "/etc/passwd": permission denied'),
])
def test_program_that_cannot_start(containerd: Containerd, ref: str, program: str,
                                   message: str) -> None:
    """PRC-9, ERR-1: containerd shows the reason from the runtime's JSON log."""
    done = run(containerd, ref, program, status=1)
    assert "OCI runtime create failed: " in done.stderr
    assert message in done.stderr
    assert "unable to retrieve OCI runtime error" not in done.stderr


def test_nothing_is_left(containerd: Containerd) -> None:
    """OPS-D3, LIF-1: after run --rm no task, container, cgroup or state file remains."""
    ident = f"gone{next(_numbers)}"
    containerd.ctr("run", "--rm", *containerd.run_options(ident), "localhost/busybox:test", ident,
                   "true")
    assert ident not in containerd.ctr("task", "ls").stdout
    assert ident not in containerd.ctr("container", "ls").stdout
    wait_until(lambda: not containerd.sandbox.run(
        ["find", "/run", "/sys/fs/cgroup", "-name", f"*{ident}*"], status=None).stdout,
        "nothing named after it")
