# SPDX-License-Identifier: Apache-2.0
"""state.json, the lock, and the status derived from the live system."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import stat
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from pyrunc.errors import ExistsError, NotFoundError, StateError, UsageError
from pyrunc.runtime import process, state
from pyrunc.runtime.context import Context
from pyrunc.runtime.delete import remove_tree

Make = Callable[..., state.State]
Sleeper = subprocess.Popen[bytes]


@pytest.mark.parametrize("good", ["a", "A-b_c.d+9", "..a", "x" * 255])
def test_good_ids(good: str) -> None:
    """OPS-C2: letters, digits and _ + - . name a container."""
    state.check_id(good)


@pytest.mark.parametrize("bad", [".", "..", "a/b", "../x", "a b", "a\n", "é", "a\0", "x" * 256])
def test_bad_ids(bad: str) -> None:
    """OPS-C2: anything that is not one harmless path component is refused."""
    with pytest.raises(UsageError, match="^invalid container ID format$"):
        state.check_id(bad)


def test_empty_id() -> None:
    """OPS-C1: `container id cannot be empty`."""
    with pytest.raises(UsageError, match="^container id cannot be empty$"):
        state.check_id("")


def test_new_makes_the_directories_whatever_the_umask(ctx: Context) -> None:
    """STATE 1.5: ROOT is 0700 and ROOT/ID 0711."""
    old = os.umask(0o077)
    try:
        record = state.new(ctx, "c")
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(ctx.root).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(record.path).st_mode) == 0o711
    assert record.status() == "creating"


def test_id_in_use(ctx: Context) -> None:
    """OPS-C2: an id that is in use is refused, the container with it untouched."""
    state.new(ctx, "c").save()
    before = sorted(os.listdir(f"{ctx.root}/c"))
    with pytest.raises(ExistsError, match="^container with given ID already exists$"):
        state.new(ctx, "c")
    assert sorted(os.listdir(f"{ctx.root}/c")) == before


def test_saved_members_come_back(ctx: Context, make: Make) -> None:
    """STATE: what save() writes, load() reads; 0600, no temporary file stays."""
    record = make("c", annotations={"a": "b"}, hooks=["poststop"], private_pid_namespace=False)
    assert state.load(ctx, "c").members() == record.members()
    assert stat.S_IMODE(os.stat(f"{record.path}/state.json").st_mode) == 0o600
    assert os.listdir(record.path) == ["state.json"]


def test_names_that_others_read(make: Make) -> None:
    """STATE: runc's names for what other programs read from state.json."""
    record = make("c", os.getpid(), cgroup_paths={"": "/sys/fs/cgroup/x"},
                  namespace_paths={"NEWPID": "/proc/1/ns/pid"})
    found = json.loads(Path(record.path, "state.json").read_text())
    assert found["id"] == "c"
    assert found["init_process_pid"] == os.getpid()
    assert found["init_process_start"] == process.start_time(os.getpid())
    assert found["cgroup_paths"] == {"": "/sys/fs/cgroup/x"}
    assert found["namespace_paths"] == {"NEWPID": "/proc/1/ns/pid"}


def test_unknown_container(ctx: Context) -> None:
    """OPS-S2: no root, no directory, no state.json: `container does not exist`."""
    for _ in range(2):
        with pytest.raises(NotFoundError, match="^container does not exist$"):
            state.load(ctx, "c")
        os.makedirs(f"{ctx.root}/c", exist_ok=True)


@pytest.mark.parametrize(("text", "reason"), [
    ("{", "state.json: "),
    ("[]", "state.json is not an object"),
    ('{"version": 99}', "state.json has version 99, not 1"),
    ('{"version": 1, "init_process_pid": "1"}', "init_process_pid is a str, not a int"),
])
def test_damaged_state(ctx: Context, text: str, reason: str) -> None:
    """STATE: a damaged file is an error that says what is wrong, never a guess."""
    os.makedirs(f"{ctx.root}/c")
    Path(ctx.root, "c", "state.json").write_text(text)
    with pytest.raises(StateError) as caught:
        state.load(ctx, "c")
    assert reason in str(caught.value)


def test_created_while_the_fifo_is_there(make: Make, sleeper: Sleeper) -> None:
    """STA-8: created until start takes the fifo away, then running."""
    record = make("c", sleeper.pid)
    os.mkfifo(f"{record.path}/exec.fifo")
    assert record.status() == "created"
    os.unlink(f"{record.path}/exec.fifo")
    assert record.status() == "running"


def test_zombie_is_stopped(make: Make, sleeper: Sleeper) -> None:
    """STA-10, ENG 2.7: buildah wants `stopped` as soon as init ended, reaped or not."""
    record = make("c", sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert record.status() == "stopped"


def test_gone_process_is_stopped(make: Make, sleeper: Sleeper) -> None:
    """STA-8: a reaped process."""
    record = make("c", sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert record.status() == "stopped"


def test_used_again_pid_is_stopped(make: Make, sleeper: Sleeper) -> None:
    """STA-10: a process of another start time is not ours."""
    record = make("c", sleeper.pid)
    record.init_process_start -= 1
    assert record.status() == "stopped"


def test_half_made_container_of_a_dead_creator_is_stopped(make: Make) -> None:
    """LIF-1: create killed in the middle leaves a container that delete takes."""
    record = make("c", phase="creating")
    assert record.status() == "creating"
    record.creator_start -= 1
    assert record.status() == "stopped"


def test_document_is_the_standards(make: Make, sleeper: Sleeper) -> None:
    """STA-1..STA-6: the members; pid 0 once stopped; no annotations, no member."""
    record = make("c", sleeper.pid)
    assert record.document() == {
        "ociVersion": "1.3.0", "id": "c", "status": "running", "pid": sleeper.pid, "bundle": "/b"}
    record.annotations = {"a": "b"}
    assert record.document("stopped")["pid"] == 0
    assert record.document("stopped")["annotations"] == {"a": "b"}


def test_timestamp_is_gos() -> None:
    """CLI 1.4: created is RFC 3339 with nanoseconds in UTC, without zeros at the end."""
    text = state.timestamp()
    assert text.endswith("Z")
    assert not text.removesuffix("Z").endswith("0") or "." not in text
    assert datetime.fromisoformat(text[:19] + "+00:00").tzinfo is not None


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """STATE: a full disk leaves the old state.json whole and no temporary file."""
    path = tmp_path / "f"
    path.write_text("old")

    def full(*_args: object) -> int:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space left"):
        state.replace_file(str(path), b"new", 0o600)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_lock_keeps_others_out(make: Make) -> None:
    """STATE: a verb that changes the container works alone."""
    record = make("c")
    with state.Lock(record.path):
        fd = os.open(f"{record.path}/lock", os.O_RDWR)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(fd)
    fd = os.open(f"{record.path}/lock", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)


def _wait_for_lock(path: str, queue: multiprocessing.Queue[str]) -> None:
    queue.put("waiting")
    try:
        with state.Lock(path):
            queue.put("locked")
    except NotFoundError as error:
        queue.put(str(error))


def test_lock_of_a_container_deleted_meanwhile(make: Make) -> None:
    """STATE: who waited for the lock of a container that is then deleted finds no container."""
    record = make("c")
    queue: multiprocessing.Queue[str] = multiprocessing.Queue()
    with state.Lock(record.path):
        waiter = multiprocessing.Process(target=_wait_for_lock, args=(record.path, queue))
        waiter.start()
        assert queue.get(timeout=10) == "waiting"
        waiter.join(timeout=0.2)
        remove_tree(record.path)
    assert queue.get(timeout=10) == "container does not exist"
    waiter.join()
