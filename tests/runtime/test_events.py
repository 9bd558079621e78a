# SPDX-License-Identifier: Apache-2.0
"""events: statistics of a container, and the word when it runs out of memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, exit_code, needs, probes, until
from .harness.limits import MIB, controllers, number, on_v1, resources, value

LATE = departs("runc", "1.1 goes on until the cgroup is removed")
BUSY = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done; echo done; while :; do sleep 1; done"
# Takes so much memory that the kernel ends it, each time /go appears; itself it lives on.
HUNGRY = (
    "echo up; while :; do if [ -e /go ]; then rm /go; inside alloc 256; echo \"code $?\"; fi;"
    " sleep 0.01; done"
)


class Follower:
    """A running `events`; its output so far, line by line."""

    def __init__(self, container: Container, *flags: str) -> None:
        self.path = container.runtime.home / "events"
        with open(self.path, "wb") as out, open(f"{self.path}.err", "wb") as err:
            self.process: subprocess.Popen[bytes] = container.runtime.spawn(
                "events", *flags, container.id, stdout=out, stderr=err
            )

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines as JSON."""
        text = self.path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def types(self) -> list[str]:
        return [line["type"] for line in self.lines()]

    def end(self) -> tuple[int, str]:
        """Wait for the end: exit code and stderr."""
        code = self.process.wait(20)
        return code, Path(f"{self.path}.err").read_text()


@pytest.fixture
def follow(container: Container) -> Iterator[Callable[..., Follower]]:
    """Starts `events` with flags; it is ended with the test."""
    started: list[Follower] = []

    def start(*flags: str) -> Follower:
        started.append(Follower(container, *flags))
        return started[-1]

    yield start
    for follower in started:
        follower.process.kill()
        follower.process.wait()


def stats(container: Container) -> dict[str, Any]:
    """The `data` of events --stats."""
    result = container.runtime("events", "--stats", container.id)
    assert result.out.endswith("\n") and len(result.lines) == 1
    event = json.loads(result.out)
    assert (event["type"], event["id"], set(event)) == (
        "stats", container.id, {"type", "id", "data"}
    )  # fmt: skip
    data: dict[str, Any] = event["data"]
    return data


# -- statistics ------------------------------------------------------------------------------


@controllers("memory")
def test_members(container: Container) -> None:
    """OPS-0: the members that engines read are there, and are numbers or objects."""
    container.up()
    data = stats(container)
    assert {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt"} <= set(data)
    assert {"kernel", "user", "total"} <= set(data["cpu"]["usage"])
    assert {"limit", "failcnt"} <= set(data["memory"]["usage"])
    assert {"usage", "swap", "kernel", "kernelTCP", "raw"} <= set(data["memory"])


@controllers("pids")
def test_pids(container: Container) -> None:
    """PID-1: the number of processes, and the limit."""
    resources(container, pids={"limit": 20}).bundle.sh("sleep 1000 & sleep 1000 & echo up; wait")
    container.up()
    container.says("up")
    assert stats(container)["pids"] == {"current": 3, "limit": 20}


@controllers("memory")
def test_memory(container: Container) -> None:
    """MEM-1: the limit, and what is used: more after the program took more."""
    resources(container, memory={"limit": 96 * MIB})
    container.bundle.sh("echo up; while [ ! -e /go ]; do sleep 0.01; done;"
                        " x=$(head -c 6000000 /dev/zero | tr '\\0' x); echo more;"
                        " while :; do sleep 1; done")
    container.up()
    container.says("up")
    before = stats(container)["memory"]["usage"]
    assert before["limit"] == 96 * MIB and 0 < before["usage"] < 20_000_000
    (container.bundle.rootfs / "go").touch()
    container.says("more")
    after = stats(container)["memory"]
    assert after["usage"]["usage"] > before["usage"] + 3_000_000
    key = "rss" if on_v1("memory") else "anon"
    assert after["raw"][key] > 3_000_000


def test_cpu(container: Container) -> None:
    """CPU-1: the time that the program used, in nanoseconds: some after a loop, and never less."""
    container.bundle.sh(BUSY)
    container.up()
    container.says("done")
    first = stats(container)["cpu"]["usage"]
    container.exec("sh", "-c", BUSY.partition("echo")[0])
    second = stats(container)["cpu"]["usage"]
    assert 1_000_000 < first["total"] < second["total"]
    assert second["user"] >= first["user"] and second["kernel"] >= first["kernel"]


@controllers("cpu")
def test_throttling(container: Container) -> None:
    """CPU-2: periods in which the quota was used up are counted."""
    resources(container, cpu={"quota": 2000, "period": 10000})
    container.bundle.sh(BUSY.replace("40000", "10000"))  # it has a fifth of a processor
    container.up()
    container.says("done")
    found = stats(container)["cpu"]["throttling"]
    assert 0 < found["throttledPeriods"] <= found["periods"]
    assert found["throttledTime"] > 0


@controllers("cpuset")
@departs("runc", "1.1 has no cpuset on v2, and numbers as text on v1")
def test_cpuset(container: Container) -> None:
    """CPU-6: the CPUs and memory nodes, as lists of numbers."""
    resources(container, cpu={"cpus": "0", "mems": "0"}).up()
    found = stats(container)["cpuset"]
    assert (found["cpus"], found["mems"]) == ([0], [0])


@needs(probes.freezer)
@pytest.mark.parametrize("state", ["created", "paused"])
def test_states(container: Container, state: str) -> None:
    """OPS-0: a created or paused container has statistics."""
    if state == "created":
        container.create()
    else:
        container.up()
        container.runtime("pause", container.id)
    assert container.status == state
    assert stats(container)["cpu"]["usage"]["total"] > 0


@pytest.mark.parametrize("flags", [["--stats"], [], ["--interval", "1s"]], ids=str)
def test_stopped(container: Container, flags: list[str]) -> None:
    """OPS-0: a stopped container has none."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    message = container.runtime.fails("events", *flags, container.id)
    assert message == f"container with id {container.id} is not running"


def test_unknown(container: Container) -> None:
    """OPS-0: nor has one that is not there."""
    assert container.runtime.fails("events", "--stats", "nobody") == "container does not exist"


# -- following -------------------------------------------------------------------------------


def test_interval(container: Container, follow: Callable[..., Follower]) -> None:
    """OPS-0: statistics come again and again, one object a line; SIGKILL of events is no harm."""
    container.up()
    follower = follow("--interval", "50ms")
    until(lambda: len(follower.lines()) >= 3, "three statistics")
    assert set(follower.types()) == {"stats"}
    assert all(line["id"] == container.id for line in follower.lines())
    follower.process.kill()
    follower.process.wait()
    assert container.status == "running"


@controllers("memory")
@LATE
@pytest.mark.parametrize("interval", ["1h", "1m30s", "5s"])
def test_ends_with_the_container(
    container: Container, follow: Callable[..., Follower], interval: str
) -> None:
    """OPS-0: events ends when the container has ended, however long the interval is."""
    container.up()
    follower = follow("--interval", interval)
    until(lambda: _watches(follower.process.pid), "events to look on")
    container.kill("KILL")
    container.wait()
    assert follower.end() == (0, "")
    assert "oom" not in follower.types()


def test_ends_when_all_have_ended(
    container: Container, follow: Callable[..., Follower]
) -> None:
    """OPS-0: events ends when its container is deleted while it looks on."""
    container.up()
    follower = follow("--interval", "50ms")
    until(lambda: follower.lines(), "statistics")
    container.delete("--force")
    assert follower.end() == (0, "")


@needs(probes.new_proc)
@controllers("memory")
@LATE
def test_outlived(container: Container, follow: Callable[..., Follower]) -> None:
    """OPS-0: where others outlive the first process (no pid namespace) events goes on until the
    last has ended, and waits for that without using up a processor."""
    container.bundle.no_namespace("pid")
    container.bundle.sh("sleep 1000 & echo $!; while [ ! -e /go ]; do sleep 0.01; done")
    container.up()
    container.says("\n")
    child = int(container.output())
    follower = follow("--interval", "1h")
    until(lambda: _watches(follower.process.pid), "events to look on")
    (container.bundle.rootfs / "go").touch()
    container.wait()
    used = _ticks(follower.process.pid)
    time.sleep(1)
    # To look now and then is next to nothing; without a pause it would be up to a hundred.
    assert _ticks(follower.process.pid) - used < 10
    os.kill(child, signal.SIGKILL)
    exit_code(child)
    assert follower.end() == (0, "")


def _ticks(pid: int) -> int:
    """Processor time of a process in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@needs(probes.freezer)
def test_goes_on_while_paused(container: Container, follow: Callable[..., Follower]) -> None:
    """OPS-0: events of a container that is paused goes on."""
    container.up()
    follower = follow("--interval", "50ms")
    until(lambda: follower.lines(), "statistics")
    container.runtime("pause", container.id)
    seen = len(follower.lines())
    until(lambda: len(follower.lines()) >= seen + 2, "statistics of a paused container")
    assert follower.process.poll() is None


@pytest.mark.parametrize("interval", ["0", "0s", "-1s", "x", "5", ""])
def test_bad_interval(container: Container, interval: str) -> None:
    """VAL-1: an interval that is none is refused."""
    container.up()
    result = container.runtime.run("events", f"--interval={interval}", container.id)
    assert result.code == 1
    assert "interval" in result.err


# -- out of memory ---------------------------------------------------------------------------


def kills(container: Container) -> int:
    """How many processes the kernel ended for lack of memory."""
    return number(container, "memory", "memory.oom_control", "memory.events", "oom_kill")


@pytest.fixture
def hungry(container: Container) -> Container:
    """A running container with 48 MiB and a program that can be told to take more."""
    resources(container, memory={"limit": 48 * MIB, "swap": 48 * MIB}).bundle.sh(HUNGRY)
    container.up()
    container.says("up")
    return container


@controllers("memory")
def test_oom(hungry: Container, follow: Callable[..., Follower]) -> None:
    """MEM-1, OPS-0: a process that is ended for lack of memory is one line, with type and id
    alone, while the container lives; the kernel counts it too."""
    follower = follow("--interval", "50ms")
    until(lambda: follower.lines(), "statistics, so events looks on")
    for turn in (1, 2):
        (hungry.bundle.rootfs / "go").touch()
        until(lambda turn=turn: follower.types().count("oom") >= turn, "the oom line")
        until(lambda turn=turn: hungry.output().count("code 137") == turn, "the process' end")
    assert next(line for line in follower.lines() if line["type"] == "oom") == {
        "type": "oom", "id": hungry.id,
    }  # fmt: skip
    assert kills(hungry) >= 2
    assert hungry.status == "running"


@needs(probes.files_on_disk)
@controllers("memory")
def test_no_oom(container: Container, follow: Callable[..., Follower]) -> None:
    """OPS-0: a container that only comes near its limit (the kernel takes caches back) has no
    such line."""
    resources(container, memory={"limit": 16 * MIB, "swap": 16 * MIB}).up()
    follower = follow("--interval", "50ms")
    until(lambda: follower.lines(), "statistics, so events looks on")
    container.exec("sh", "-c", "head -c 24000000 /dev/zero > /tmp/big; cat /tmp/big > /dev/null")
    seen = len(follower.lines())
    until(lambda: len(follower.lines()) > seen + 2, "later statistics")
    assert "oom" not in follower.types()
    assert kills(container) == 0


@LATE
@controllers("memory")
def test_oom_of_the_first_process(
    container: Container, follow: Callable[..., Follower]
) -> None:
    """MEM-1: the line comes also when it is the container's own process that is ended, as the
    last one; exit status 137."""
    resources(container, memory={"limit": 48 * MIB, "swap": 48 * MIB})
    container.bundle.sh("echo up; while [ ! -e /go ]; do sleep 0.01; done; exec inside alloc 256")
    container.up()
    container.says("up")
    follower = follow("--interval", "50ms")
    until(lambda: follower.lines(), "statistics, so events looks on")
    (container.bundle.rootfs / "go").touch()
    assert container.wait() == 137
    assert follower.end() == (0, "")
    assert "oom" in follower.types()


@controllers("memory")
@departs("runc", "1.1 registers at the end of the first interval")
def test_oom_before_the_first_interval(
    hungry: Container, follow: Callable[..., Follower]
) -> None:
    """OPS-0: the line does not wait for the interval."""
    follower = follow("--interval", "1h")
    until(lambda: _watches(follower.process.pid), "events to look on")
    (hungry.bundle.rootfs / "go").touch()
    until(lambda: follower.types() == ["oom"], "the oom line")


def _watches(pid: int) -> bool:
    """The process has what it waits for open: an eventfd on v1, memory.events on v2."""
    wanted = "eventfd" if on_v1("memory") else "/memory.events"
    try:
        return any(wanted in str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@controllers("memory")
def test_failcnt(container: Container) -> None:
    """MEM-1: how often the limit was met is in the statistics."""
    resources(container, memory={"limit": 48 * MIB}).bundle.sh(HUNGRY)
    container.up()
    (container.bundle.rootfs / "go").touch()
    container.says("code")
    usage = stats(container)["memory"]["usage"]
    assert usage["failcnt"] > 0
    limit = value(container, "memory", "memory.limit_in_bytes", "memory.max")
    assert usage["limit"] == int(limit)
