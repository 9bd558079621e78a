# SPDX-License-Identifier: Apache-2.0
"""Limits as the kernel enforces them: processes, memory, processor time, block I/O."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container, departs, needs, probes, until
from .harness.limits import (
    MIB,
    controllers,
    directory,
    io_throttles,
    number,
    resources,
    value,
)
from .harness.loop import Loop
from .harness.waiting import alive

FIRST_ID = 100000
# With no limit a program like this would use one processor wholly.
BUSY = "echo up; while :; do :; done"


def mapped(container: Container) -> None:
    """Give the container a user namespace, whose root owns the root filesystem."""
    container.bundle.namespace("user")
    for name in ("uidMappings", "gidMappings"):
        container.bundle.linux[name] = [{"containerID": 0, "hostID": FIRST_ID, "size": 65536}]
    for path in (container.bundle.rootfs, *container.bundle.rootfs.rglob("*")):
        os.lchown(path, FIRST_ID, FIRST_ID)


# -- processes -------------------------------------------------------------------------------


@controllers("pids")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_smallest_pids(container: Container, limit: int) -> None:
    """PID-1: the first process counts, and no more than the limit can be there."""
    resources(container, pids={"limit": limit}).bundle.inside("fork", "9")
    assert container.report() == [f"{limit - 1} EAGAIN"]


@needs(probes.user_namespaces)
@controllers("pids")
@pytest.mark.parametrize("limit", [1, 2])
def test_smallest_pids_with_a_user_namespace(container: Container, limit: int) -> None:
    """PID-1: also where the runtime needs a second process for a moment to make a user
    namespace."""
    mapped(container)
    resources(container, pids={"limit": limit}).bundle.inside("fork", "9")
    assert container.report() == [f"{limit - 1} EAGAIN"]


@needs(probes.time_namespaces)
@controllers("pids")
@departs("runc", "1.1 has no time namespaces")
@pytest.mark.parametrize("limit", [0, 1])
def test_smallest_pids_with_a_time_namespace(container: Container, limit: int) -> None:
    """PID-1, PID-3: or a time namespace with offsets."""
    container.bundle.namespace("time").linux["timeOffsets"] = {"monotonic": {"secs": 1000}}
    resources(container, pids={"limit": limit}).bundle.inside("fork", "9")
    assert container.report() == ["0 EAGAIN"]


@controllers("pids")
@pytest.mark.parametrize("limit", [1, 3])
def test_limit_is_there_when_created(container: Container, limit: int) -> None:
    """PID-1, OPS-C4: the limit is set when create has ended."""
    resources(container, pids={"limit": limit}).create()
    assert value(container, "pids", "pids.max", "pids.max") == str(limit)


@pytest.fixture
def full(container: Container) -> Container:
    """A running container of three processes, which may not have more."""
    resources(container, pids={"limit": 3}).bundle.sh("sleep 1000 & sleep 1000 & echo up; wait")
    container.up()
    container.says("up")
    return container


@controllers("pids")
def test_full(full: Container) -> None:
    """PID-1: a full cgroup says so, and its refusals are counted."""
    assert value(full, "pids", "pids.current", "pids.current") == "3"
    full.exec("inside", "fork", "1")
    assert number(full, "pids", "pids.events", "pids.events", "max") > 0


@controllers("pids")
@departs("runc", "1.1 is refused threads of its own now and then")
def test_exec_into_a_full_one(full: Container) -> None:
    """PID-1: exec comes in all the same, as one that looks for what is wrong must; it can start
    nothing then, and the container's own processes still cannot either."""
    result = full.exec("inside", "fork", "1")
    assert (result.code, result.out) == (0, "0 EAGAIN\n")
    assert full.exec("echo", "in").out == "in\n"
    assert value(full, "pids", "pids.max", "pids.max") == "3"
    until(lambda: value(full, "pids", "pids.current", "pids.current") == "3", "the exec'd to end")


@controllers("pids")
@departs("runc", "1.1 is refused threads of its own now and then")
def test_exec_into_a_full_one_is_in_its_cgroup(full: Container) -> None:
    """CGP-1: and is in the container's cgroups."""
    lines = full.exec("/bin/cat", "/proc/self/cgroup").lines
    own = Path(f"/proc/{full.pid}/cgroup").read_text().splitlines()
    assert lines == own


@controllers("pids")
@departs("runc", "1.1 is refused threads of its own now and then")
def test_exec_into_a_full_parent(full: Container) -> None:
    """PID-1: the same where it is a cgroup above the container's that is full, as a pod's."""
    update = full.runtime("update", "--pids-limit", "100", full.id)
    assert update.out == ""
    above = directory(full, "pids").parent
    held = (above / "pids.max").read_text()
    (above / "pids.max").write_text((above / "pids.current").read_text())
    try:
        assert full.exec("echo", "in").out == "in\n"
    finally:
        (above / "pids.max").write_text(held)


# -- memory ----------------------------------------------------------------------------------


def oom_kills(container: Container) -> int:
    """How many processes of the cgroup the kernel has ended for lack of memory."""
    return number(container, "memory", "memory.oom_control", "memory.events", "oom_kill")


@controllers("memory")
def test_oom_kill_of_a_child(container: Container) -> None:
    """MEM-1: a child that takes too much is ended with SIGKILL; it is counted, and the container
    goes on."""
    resources(container, memory={"limit": 32 * MIB, "swap": 32 * MIB})
    container.bundle.sh("inside alloc 128; echo $?; while :; do sleep 1; done")
    container.up()
    container.says("\n")
    assert container.output() == "137\n"
    assert oom_kills(container) == 1
    assert container.status == "running"


@controllers("memory")
@pytest.mark.parametrize("verb", ["run", "create"])
def test_oom_kill_of_the_program(container: Container, verb: str) -> None:
    """MEM-1, OPS-0: the exit status of a program that took too much is 137, of run as well."""
    resources(container, memory={"limit": 32 * MIB, "swap": 32 * MIB})
    container.bundle.inside("alloc", "128")
    if verb == "run":
        assert container.run().code == 137
    else:
        assert container.finish()[0] == 137


@controllers("memory")
def test_oom_kill_of_an_exec(container: Container) -> None:
    """MEM-1: a process of exec is held to the same limit, and its exit status is 137."""
    resources(container, memory={"limit": 32 * MIB, "swap": 32 * MIB}).up()
    assert container.exec("inside", "alloc", "128").code == 137
    assert container.status == "running"


@controllers("memory")
@departs("runc", "its own first process needs more memory than this")
@pytest.mark.parametrize("kib", [2048, 1024])
def test_small_memory(container: Container, kib: int) -> None:
    """MEM-1: a container of two megabytes or one: the runtime itself takes next to none of it."""
    resources(container, memory={"limit": kib << 10, "swap": kib << 10})
    container.bundle.inside("cwd")
    assert container.report() == ["/"]


@controllers("memory")
@departs("runc", "1.1 words it otherwise, and leaves its cgroup behind for a moment")
@pytest.mark.parametrize("limit", [1, 4096, 65536])
def test_too_small_memory(container: Container, limit: int) -> None:
    """MEM-1, ERR-1: with less than the first process needs create says so and leaves nothing."""
    resources(container, memory={"limit": limit, "swap": limit})
    message = container.fails()
    assert "OOM-killed (memory limit too low?)" in message or "memory" in message


# -- processor time --------------------------------------------------------------------------


@controllers("cpu")
def test_quota(container: Container) -> None:
    """CPU-2, CPU-3: a program with a fifth of a processor gets no more than about that, and its
    waiting is counted."""
    resources(container, cpu={"quota": 10000, "period": 50000}).bundle.sh(BUSY)
    container.up()
    container.says("up")
    before, begin = used(container.pid), time.monotonic()
    time.sleep(1.0)
    share = (used(container.pid) - before) / (time.monotonic() - begin)
    assert share < 0.4
    assert number(container, "cpu", "cpu.stat", "cpu.stat", "nr_throttled") > 0


def used(pid: int) -> float:
    """Seconds of processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@needs(probes.new_proc)
@controllers("cpu")
def test_quota_of_all(container: Container) -> None:
    """CPU-2: the quota is of all processes together, exec's too."""
    resources(container, cpu={"quota": 10000, "period": 50000})
    container.bundle.sh("while :; do :; done & echo $!; while :; do :; done").no_namespace("pid")
    container.up()
    container.says("\n")
    pids = [container.pid, int(container.output())]
    before, begin = sum(map(used, pids)), time.monotonic()
    time.sleep(1.0)
    share = (sum(map(used, pids)) - before) / (time.monotonic() - begin)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(alive, pids)), "their end")
    assert share < 0.4


@controllers("cpu")
def test_without_quota(container: Container) -> None:
    """CPU-2: without a quota nothing is held back."""
    container.bundle.sh(BUSY)
    container.up()
    container.says("up")
    time.sleep(0.3)
    assert number(container, "cpu", "cpu.stat", "cpu.stat", "nr_throttled") == 0
    assert used(container.pid) > 0


# -- block I/O -------------------------------------------------------------------------------


@pytest.fixture
def disk(home: Path) -> Iterator[Loop]:
    """A block device of 4 MiB."""
    with Loop(home / "disk", 4 * MIB) as loop:
        yield loop


@needs(io_throttles)
@pytest.mark.parametrize("what", ["Read", "Write"])
def test_throttled_disk(container: Container, disk: Loop, what: str) -> None:
    """BIO-3, BIO-4: a program that may move 1 MiB a second takes its time for 2 MiB, which are
    a matter of milliseconds otherwise; the device itself is opened by a device rule."""
    major, minor = map(int, disk.number.split(":"))
    device = {"type": "b", "major": major, "minor": minor}
    container.bundle.linux["devices"] = [{"path": "/dev/disk", **device}]
    rules = [{"allow": True, **device, "access": "rw"}]
    throttle = [{"major": major, "minor": minor, "rate": MIB}]
    resources(container, devices=rules, blockIO={f"throttle{what}BpsDevice": throttle})
    direction = ("if=/dev/disk of=/dev/null iflag=direct" if what == "Read"
                 else "if=/dev/zero of=/dev/disk oflag=direct")  # fmt: skip
    container.bundle.sh(
        f"cat /proc/uptime; busybox dd {direction} bs=64k count=32 2>&1; cat /proc/uptime"
    )
    lines = container.report()
    assert "32+0 records out" in lines
    begin, end = (float(lines[i].split()[0]) for i in (0, -1))
    assert end - begin > 1.0
