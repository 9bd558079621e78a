# SPDX-License-Identifier: Apache-2.0
"""Managers at work on this host's real hierarchies: v1 and v2 alike."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls
from pyrunc.errors import NativeError, StateError

from .conftest import MakeManager, Spawn

VERSIONS = pytest.mark.parametrize("version", [1, 2])


def membership(pid: int) -> dict[str, str]:
    from pyrunc.cgroups.hierarchies import parse_proc_cgroup

    return dict(parse_proc_cgroup(Path(f"/proc/{pid}/cgroup").read_bytes()))


def first_group(manager: cgroups.Manager) -> calls.Group:
    return manager.groups.get("freezer") or manager.groups[""]


@VERSIONS
def test_create_makes_and_remove_removes_parents_too(version: int, manager_of: MakeManager) -> None:
    """CGP-3: missing cgroups are made with their parents, and all that was made goes again."""
    name = f"pyrunc-unit-parent-{os.getpid()}-{version}"
    manager = manager_of(version, f"/{name}/middle/leaf")
    manager.create()
    assert all(os.path.isdir(path) for path in manager.paths.values())
    manager.remove()
    for group in manager.groups.values():
        assert not os.path.exists(f"{group.mountpoint}/{name}")


@VERSIONS
def test_what_was_there_before_stays(version: int, manager_of: MakeManager) -> None:
    """CGP-3: a directory that somebody else made is used and not removed."""
    first = manager_of(version)
    first.create()
    (path,) = {f"/{group.path}" for group in first.groups.values()}
    second = manager_of(version, path)
    second.create()
    second.remove()
    assert all(os.path.isdir(path) for path in first.paths.values())


@VERSIONS
def test_remove_takes_sub_cgroups(version: int, manager_of: MakeManager) -> None:
    """Delete removes what the container made below its cgroup, however deep."""
    manager = manager_of(version)
    manager.create()
    top = Path(first_group(manager).full)
    (top / "a").mkdir()
    (top / "b").mkdir()
    deep = top / "a"
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    manager.remove()
    assert not top.exists()


@VERSIONS
def test_remove_waits_for_the_dying(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """Delete right after SIGKILL succeeds: removal waits for processes that end."""
    manager = manager_of(version)
    manager.create()
    for _ in range(5):
        manager.attach(spawn().pid)
    manager.kill()
    manager.remove()
    assert not any(os.path.exists(path) for path in manager.paths.values())


@VERSIONS
def test_remove_gives_up_on_the_living(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """A cgroup with a live process is EBUSY after the time given, and stays."""
    manager = manager_of(version)
    manager.create()
    manager.attach(spawn().pid)
    groups = list(manager.groups.values())
    with pytest.raises(NativeError) as caught:
        calls.remove(groups, timeout_ms=30)
    assert caught.value.errno == errno.EBUSY
    assert str(caught.value).endswith(": device or resource busy")


@VERSIONS
def test_attach_moves_into_every_group(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """CONV-4: attach() puts a process into the container's cgroup of each hierarchy."""
    manager = manager_of(version)
    manager.create()
    process = spawn()
    manager.attach(process.pid)
    own = membership(process.pid)
    assert {name: own[name] for name in manager.groups} == {
        name: f"/{group.path}" for name, group in manager.groups.items()
    }


def test_a_process_joins_v1_by_itself(manager_of: MakeManager) -> None:
    """CONV-4: the descriptors of join_fds() move a process that writes to them into every group."""
    manager = manager_of(1)
    manager.create()
    fds = manager.join_fds()
    assert len(fds) == len(set(manager.paths.values()))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        calls.join(fds)
        os.read(reader, 1)
        os._exit(0)
    try:
        for fd in fds:
            os.close(fd)
        deadline = time.monotonic() + 5
        while manager.pids() != [child] and time.monotonic() < deadline:
            time.sleep(0.001)
        own = membership(child)
        assert {own[name] for name in manager.groups} == {
            f"/{group.path}" for group in manager.groups.values()
        }
    finally:
        os.close(writer)
        os.close(reader)
        os.waitpid(child, 0)


def test_v2_gives_a_directory_to_be_born_in(manager_of: MakeManager) -> None:
    """CONV-4: on v2 spawn_fd() is the cgroup's directory and there is nothing left to join."""
    manager = manager_of(2)
    manager.create()
    fd = manager.spawn_fd()
    try:
        assert os.path.samestat(os.fstat(fd), os.stat(manager.paths[""]))
    finally:
        os.close(fd)
    assert manager.join_fds() == []


@VERSIONS
def test_a_non_empty_cgroup_is_refused(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """CGP-6: create refuses a cgroup with processes, in the words that are known from runc."""
    manager = manager_of(version)
    manager.create()
    manager.attach(spawn().pid)
    manager.attach(spawn().pid)
    second = manager_of(version, f"/{first_group(manager).path}")
    with pytest.raises(
        StateError, match=r"^container's cgroup is not empty: 2 process\(es\) found$"
    ):
        second.create()


@VERSIONS
def test_a_frozen_cgroup_is_refused(version: int, manager_of: MakeManager) -> None:
    """CGP-6: create refuses a frozen cgroup: a process born there would never run."""
    manager = manager_of(version)
    manager.create()
    manager.freeze(True)
    second = manager_of(version, f"/{first_group(manager).path}")
    with pytest.raises(StateError, match=r"^container's cgroup unexpectedly frozen$"):
        second.create()
    manager.freeze(False)


@VERSIONS
def test_a_frozen_parent_is_noticed(version: int, manager_of: MakeManager) -> None:
    """CGP-6: below a frozen cgroup a new one is frozen from birth; refused, and nothing is left."""
    parent = manager_of(version)
    parent.create()
    parent.freeze(True)
    child = manager_of(version, f"/{first_group(parent).path}/child")
    with pytest.raises(StateError, match=r"^container's cgroup unexpectedly frozen$"):
        child.create()
    assert not any(os.path.exists(path) for path in child.paths.values())
    parent.freeze(False)


@VERSIONS
def test_thaw_of_what_is_gone(version: int, manager_of: MakeManager) -> None:
    """delete: nothing is frozen in a cgroup that systemd has removed; there is none to freeze."""
    manager = manager_of(version)
    manager.create()
    manager.remove()
    manager.freeze(False)
    with pytest.raises(NativeError):
        manager.freeze(True)


@VERSIONS
def test_freeze_and_thaw(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """pause: when freeze() returns the cgroup is frozen, for a reopened manager too."""
    manager = manager_of(version)
    manager.create()
    manager.attach(spawn().pid)
    manager.freeze(True)
    again = cgroups.from_state({"cgroup": manager.record()})
    assert again.frozen()
    again.freeze(False)
    assert not manager.frozen()


BUSY = """
import mmap
while True:
    mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()
"""


@VERSIONS
def test_freeze_waits_for_all_below(
    version: int, manager_of: MakeManager, spawn: Spawn
) -> None:
    """pause: when freeze() returns, a process of a sub-cgroup stands still too, which was busy in
    the kernel for longer than those above it (v2 calls a group frozen without those below it)."""
    manager = manager_of(version)
    manager.create()
    manager.attach(spawn().pid)
    busy = spawn(sys.executable, "-c", BUSY)
    sub = first_group(manager).below("sub")
    os.mkdir(sub.full)
    Path(sub.full, "cgroup.procs").write_text(str(busy.pid))
    time.sleep(0.3)  # until it is up
    file, word = ("cgroup.events", "frozen 1") if version == 2 else ("freezer.state", "FROZEN")
    found = []
    for _ in range(5):
        manager.freeze(True)
        found.append(word in Path(sub.full, file).read_text())
        manager.freeze(False)
        time.sleep(0.01)
    busy.kill()
    assert found == [True] * 5


@VERSIONS
@pytest.mark.parametrize("frozen", [False, True])
def test_kill_reaches_everyone(
    version: int, frozen: bool, manager_of: MakeManager, spawn: Spawn
) -> None:
    """kill: SIGKILL ends all processes, those in sub-cgroups and in a frozen cgroup too."""
    manager = manager_of(version)
    manager.create()
    inside, below = spawn(), spawn()
    manager.attach(inside.pid)
    sub = first_group(manager).below("sub/sub")
    os.makedirs(sub.full)
    calls.attach([sub], below.pid)
    if frozen:
        manager.freeze(True)
    manager.kill()
    assert inside.wait(5) == -signal.SIGKILL
    assert below.wait(5) == -signal.SIGKILL


@VERSIONS
def test_kill_outruns_a_fork_bomb(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """kill: a cgroup whose processes fork all the time is empty after one kill()."""
    manager = manager_of(version)
    manager.create()
    bomb = spawn("sh", "-c", "sleep 0.05; while :; do (:) & (:) & wait; done")
    manager.attach(bomb.pid)
    time.sleep(0.2)
    manager.kill()
    assert bomb.wait(5) == -signal.SIGKILL
    manager.remove()


@VERSIONS
def test_a_signal_leaves_a_paused_container_paused(
    version: int, manager_of: MakeManager, spawn: Spawn
) -> None:
    """kill: a signal that is caught waits in a frozen cgroup, which stays frozen, and works after
    the thaw (one that is not caught ends a process at once on v2: "killed by a fatal signal")."""
    manager = manager_of(version)
    manager.create()
    process = spawn("sh", "-c", "trap 'exit 7' USR1; echo ready; while :; do sleep 0.1; done")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    manager.attach(process.pid)
    manager.freeze(True)
    manager.kill(signal.SIGUSR1)
    assert manager.frozen()
    assert process.poll() is None
    manager.freeze(False)
    assert process.wait(5) == 7


@VERSIONS
def test_pids_with_and_without_sub_cgroups(
    version: int, manager_of: MakeManager, spawn: Spawn
) -> None:
    """ps: pids are the host's; sub-cgroups count when asked for."""
    manager = manager_of(version)
    manager.create()
    inside, below = spawn(), spawn()
    manager.attach(inside.pid)
    sub = first_group(manager).below("sub")
    os.mkdir(sub.full)
    calls.attach([sub], below.pid)
    assert manager.pids(recursive=False) == [inside.pid]
    assert sorted(manager.pids()) == sorted([inside.pid, below.pid])


@VERSIONS
def test_a_cgroup_that_is_gone_is_empty(version: int, manager_of: MakeManager) -> None:
    """state, ps and kill of a stopped container find its cgroup gone without complaint."""
    manager = manager_of(version)
    assert (manager.pids(), manager.frozen()) == ([], False)
    manager.kill()
    manager.remove()


@VERSIONS
def test_record_is_complete_before_create(version: int, manager_of: MakeManager) -> None:
    """A create killed at any moment can be undone: the record made before it removes everything."""
    manager = manager_of(version, f"/pyrunc-unit-rec-{os.getpid()}-{version}/leaf")
    record = manager.record()
    manager.create()
    cgroups.from_state({"cgroup": record}).remove()
    assert not any(os.path.exists(os.path.dirname(path)) for path in manager.paths.values())


@VERSIONS
def test_links_and_dots_lead_nowhere(version: int, manager_of: MakeManager) -> None:
    """Nothing outside the mount point is reached, whatever a record says."""
    manager = manager_of(version)
    group = next(iter(manager.groups.values()))
    for path in ("../../../etc", "/etc"):
        with pytest.raises(NativeError) as caught:
            calls.read(calls.Group(group.mountpoint, path, version), "hostname")
        assert caught.value.errno == errno.EXDEV


@VERSIONS
def test_exec_joins_a_named_sub_cgroup(version: int, manager_of: MakeManager, spawn: Spawn) -> None:
    """exec --cgroup: the process is placed below the container's cgroup, and only there."""
    manager = manager_of(version)
    manager.create()
    for group in set(manager.groups.values()):
        os.mkdir(f"{group.full}/sub")
    if "cpuset" in manager.groups:
        calls.fill_cpuset(manager.groups["cpuset"].below("sub"))
    process = spawn()
    manager.for_exec(["sub"], process.pid).attach(process.pid)
    own = membership(process.pid)
    assert {own[name] for name in manager.groups} == {f"/{first_group(manager).path}/sub"}


def test_exec_chooses_controllers_on_v1(manager_of: MakeManager, spawn: Spawn) -> None:
    """exec --cgroup CONTROLLER:PATH moves in that hierarchy alone."""
    manager = manager_of(1)
    manager.create()
    os.mkdir(f"{manager.groups['freezer'].full}/sub")
    process = spawn()
    manager.for_exec(["freezer:sub"], process.pid).attach(process.pid)
    own = membership(process.pid)
    assert own["freezer"].endswith("/sub")
    assert own["memory"] == f"/{manager.groups['memory'].path}"


def test_exec_follows_init_into_its_sub_cgroup(manager_of: MakeManager, spawn: Spawn) -> None:
    """exec on v2: where init left the top for a sub-cgroup, the new process joins it there."""
    manager = manager_of(2)
    manager.create()
    top = manager.groups[""]
    offered = calls.read(top, "cgroup.controllers").split()
    if not offered:
        pytest.skip("this cgroup2 hierarchy offers no controller to sub-cgroups")
    os.mkdir(f"{top.full}/init")
    init = spawn()
    calls.attach([top.below("init")], init.pid)
    assert calls.write([(top, "cgroup.subtree_control", f"+{offered[0]}")]) is None
    assert manager.for_exec([], init.pid).groups[""].path == f"{top.path}/init"
    assert manager.for_exec(["/"], init.pid).groups[""].path == top.path


@VERSIONS
def test_a_process_that_does_not_stop(
    version: int, manager_of: MakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERR-1: when the core's time is over, pause says which cgroup it was and what to look for."""
    manager = manager_of(version)
    manager.create()

    def late(*args: Any) -> int:
        args[-1].errnum = errno.ETIMEDOUT
        return -1

    monkeypatch.setattr(calls, "lib", SimpleNamespace(pr_cgroup_freeze=late))
    with pytest.raises(NativeError, match=r"freeze cgroup /\S+: .*\(a process did not stop: .*ps"):
        manager.freeze(True)
