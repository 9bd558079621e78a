# SPDX-License-Identifier: Apache-2.0
"""A runtime killed at any instant leaves something that delete --force removes completely."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest

from .harness import Container, departs, trace, until
from .harness.waiting import ended

ROUNDS = 25


def begin(container: Container, *args: str) -> subprocess.Popen[bytes]:
    """Start the runtime in its own process group."""
    return container.runtime.spawn(*args, container.id, process_group=0)


def took(container: Container, *args: str) -> float:
    """How long the call takes when it is left alone."""
    start = time.monotonic()
    assert begin(container, *args).wait(30) == 0
    return time.monotonic() - start


def kill_at(process: subprocess.Popen[bytes], instant: float) -> None:
    """Kill the runtime (not its children) after so many seconds; it may have ended by then."""
    try:
        process.wait(instant)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def clear(container: Container) -> None:
    """Remove by force; nothing may be left but zombies for us to reap."""
    result = container.runtime.run("delete", "--force", container.id)
    assert (result.code, result.err) == (0, ""), result.err
    until(lambda: not trace.children(), "the container's processes to end")
    container.absent()
    assert trace.mounts_naming(str(container.bundle.path)) == []


LEAKS = departs("runc", "1.1 keeps no record before it makes cgroups, and so leaves them")


@LEAKS
@pytest.mark.parametrize("seed", range(4))
def test_killed_create(container: Container, seed: int) -> None:
    """LIF-1, OPS-D3: create killed by SIGKILL at a random instant, many times over."""
    container.bundle.write()
    args = ["create", "--bundle", str(container.bundle.path)]
    whole = took(container, *args)
    clear(container)
    dice = random.Random(seed)
    for _ in range(ROUNDS // 4):
        kill_at(begin(container, *args), dice.uniform(0, whole * 1.1))
        clear(container)


def test_killed_start(container: Container) -> None:
    """OPS-D3: start killed at a random instant leaves a container that can be removed."""
    dice = random.Random(1)
    container.bundle.write()
    create = ["create", "--bundle", str(container.bundle.path)]
    for _ in range(4):
        took(container, *create)
        kill_at(begin(container, "start"), dice.uniform(0, 0.03))
        clear(container)


def test_killed_delete(container: Container) -> None:
    """OPS-D3: a delete --force that was killed can be repeated."""
    dice = random.Random(2)
    container.bundle.write()
    create = ["create", "--bundle", str(container.bundle.path)]
    for _ in range(4):
        took(container, *create)
        kill_at(begin(container, "delete", "--force"), dice.uniform(0, 0.1))
        clear(container)


def test_killed_foreground_run(container: Container) -> None:
    """OPS-D3: when a foreground run is killed, its container can be removed."""
    container.bundle.write()
    process = begin(container, "run", "--bundle", str(container.bundle.path))
    until(lambda: container.runtime.run("state", container.id).code == 0, "the container")
    process.kill()
    process.wait()
    clear(container)


@LEAKS
def test_init_ends_when_create_dies_early(container: Container) -> None:
    """LIF-1: a create stopped for good while its hook runs leaves no program running: the user's
    program is never started."""
    marker = container.runtime.home / "in-hook"
    script = f"echo > {marker}; sleep 1000"
    hook = {"path": "/bin/busybox", "args": ["busybox", "sh", "-c", script]}
    container.bundle.config["hooks"] = {"createRuntime": [hook]}
    container.bundle.sh("echo ran > /ran")
    container.bundle.write()
    process = begin(container, "create", "--bundle", str(container.bundle.path))
    until(marker.exists, "the hook to run")
    process.kill()
    process.wait()
    for pid, line in trace.children().items():
        if "sleep" in line:
            os.kill(pid, signal.SIGKILL)
            assert ended(pid)
    clear(container)
    assert not (container.bundle.rootfs / "ran").exists()


def test_two_deletes_at_once(container: Container) -> None:
    """OPS-D3: two delete --force at the same time both end well."""
    container.up()
    both = [begin(container, "delete", "--force") for _ in range(2)]
    container.deleted = True
    codes = [process.wait(30) for process in both]
    assert 0 in codes
    assert container.wait() == 137
    container.absent()


def test_two_starts_at_once(container: Container) -> None:
    """OPS-T2: of two starts at the same time exactly one starts the program, and it runs once."""
    container.bundle.sh("echo ran >> /ran; exec inside pause")
    container.create()
    both = [begin(container, "start") for _ in range(2)]
    codes = sorted(process.wait(30) for process in both)
    assert codes == [0, 1]
    until((container.bundle.rootfs / "ran").exists, "the program to run")
    assert (container.bundle.rootfs / "ran").read_text() == "ran\n"


def test_two_creates_at_once(container: Container) -> None:
    """OPS-C2: of two creates with one id at the same time exactly one succeeds."""
    container.bundle.write()
    args = ["create", "--bundle", str(container.bundle.path)]
    both = [begin(container, *args) for _ in range(2)]
    codes = sorted(process.wait(30) for process in both)
    assert codes == [0, 1]
    assert container.status == "created"
    clear(container)
