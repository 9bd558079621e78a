# SPDX-License-Identifier: Apache-2.0
"""kill, delete, list and process identity on containers that are ordinary processes."""

from __future__ import annotations

import os
import signal as signals
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrunc.errors import NotFoundError, PyruncError, StateError, UsageError
from pyrunc.runtime import delete, freeze, lists, process, signal, state
from pyrunc.runtime.context import Context

Make = Callable[..., state.State]
Sleeper = subprocess.Popen[bytes]


@pytest.mark.parametrize(("text", "number"), [
    ("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigkill", 9), ("Term", 15), ("0", 0), ("64", 64),
    ("RTMIN+1", 35), ("SIGRTMAX", 64),
])
def test_signal_names_and_numbers(text: str, number: int) -> None:
    """CLI 1.4: number, NAME or SIGNAME in any case."""
    assert signal.signal_number(text) == number


@pytest.mark.parametrize("text", ["FOO", "", "-1", "65", "9 ", "SIG", "9999999", "٩"])
def test_unknown_signals(text: str) -> None:
    """CLI 1.4: `unknown signal "FOO"`."""
    with pytest.raises(UsageError) as caught:
        signal.signal_number(text)
    assert str(caught.value) == f'unknown signal "{text}"'


def test_kill_reaches_the_process(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """OPS-K3: the given signal reaches the container's process."""
    make("c", sleeper.pid)
    signal.kill(ctx, "c", "USR1")
    assert sleeper.wait() == -signals.SIGUSR1


def test_kill_of_a_stopped_container(ctx: Context, make: Make) -> None:
    """OPS-K2: `container not running`."""
    make("c")
    with pytest.raises(StateError, match="^container not running$"):
        signal.kill(ctx, "c")


def test_kill_never_hits_a_pid_used_again(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """STA-10: the recorded start time decides."""
    record = make("c", sleeper.pid)
    record.init_process_start -= 1
    record.save()
    with pytest.raises(StateError, match="^container not running$"):
        signal.kill(ctx, "c", "KILL")
    assert sleeper.poll() is None


def test_kill_looks_the_container_up_first(ctx: Context) -> None:
    """CLI 1.4: the unknown container is reported before the unknown signal."""
    with pytest.raises(NotFoundError):
        signal.kill(ctx, "c", "FOO")


def test_kill_does_not_wait_for_the_lock(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """HK-7: a container whose hook hangs can be killed."""
    record = make("c", sleeper.pid)
    with state.Lock(record.path):
        signal.kill(ctx, "c", "KILL")
    assert sleeper.wait() == -signals.SIGKILL


def test_delete_of_a_running_container(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """OPS-D2: refused in runc's words, without effect."""
    record = make("c", sleeper.pid)
    with pytest.raises(StateError) as caught:
        delete.delete(ctx, "c")
    assert str(caught.value) == "cannot delete container c that is not stopped: running"
    assert sleeper.poll() is None
    assert os.path.exists(record.path)


def test_delete_of_a_stopped_container(ctx: Context, make: Make) -> None:
    """OPS-D3, OPS-D5: all that was made is removed, the id can be used again."""
    record = make("c")
    os.makedirs(f"{record.path}/notify/deep")
    Path(record.path, "notify", "deep", "file").write_text("")
    delete.delete(ctx, "c")
    assert os.listdir(ctx.root) == []
    make("c")


def test_delete_of_a_created_container_kills_it(
    ctx: Context, make: Make, sleeper: Sleeper
) -> None:
    """CLI 1.4: created -> kill and destroy, without --force."""
    record = make("c", sleeper.pid)
    os.mkfifo(f"{record.path}/exec.fifo")
    delete.delete(ctx, "c")
    assert sleeper.wait() == -signals.SIGKILL
    assert os.listdir(ctx.root) == []


def test_forced_delete_kills(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """CLI 1.4: -f on a running container."""
    make("c", sleeper.pid)
    delete.delete(ctx, "c", force=True)
    assert sleeper.wait() == -signals.SIGKILL
    assert os.listdir(ctx.root) == []


def test_forced_delete_waits_on_the_process_not_on_the_clock(
    ctx: Context, make: Make, sleeper: Sleeper
) -> None:
    """PERF: runc sleeps 100 ms first; a pidfd tells at once."""
    import time

    make("c", sleeper.pid)
    begin = time.monotonic()
    delete.delete(ctx, "c", force=True)
    assert time.monotonic() - begin < 0.09


def test_forced_delete_of_nothing(ctx: Context) -> None:
    """CLI 1.4: exit 0; a state directory without a state is removed."""
    delete.delete(ctx, "c", force=True)
    os.makedirs(f"{ctx.root}/c")
    delete.delete(ctx, "c", force=True)
    assert os.listdir(ctx.root) == []


def test_delete_of_nothing(ctx: Context) -> None:
    """ENG 2.2: containerd matches `does not exist`."""
    with pytest.raises(NotFoundError, match="^container does not exist$"):
        delete.delete(ctx, "c")


def test_delete_stays_inside_the_root(ctx: Context, make: Make, tmp_path: Path) -> None:
    """HARD: a symbolic link in the state directory is removed, what it points to is not."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("")
    record = make("c")
    os.symlink(victim, f"{record.path}/link")
    delete.delete(ctx, "c")
    assert (victim / "file").exists()


@pytest.mark.parametrize("bad", ["..", "../x", "a/b"])
def test_forced_delete_of_a_bad_id(ctx: Context, bad: str) -> None:
    """HARD: an id never becomes another path, not even with --force."""
    with pytest.raises(UsageError, match="^invalid container ID format$"):
        delete.delete(ctx, bad, force=True)


def test_pause_without_a_cgroup(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """CLI 1.3: `cgroup not exist` with the reason."""
    make("c", sleeper.pid)
    with pytest.raises(StateError, match="^cgroup not exist: "):
        freeze.pause(ctx, "c")


def test_pause_of_a_stopped_container(ctx: Context, make: Make) -> None:
    """CLI 1.3: `container not running`."""
    make("c")
    with pytest.raises(StateError, match="^container not running$"):
        freeze.pause(ctx, "c")


def test_resume_of_one_that_is_not_paused(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """CLI 1.4: `container not paused`."""
    make("c", sleeper.pid)
    with pytest.raises(StateError, match="^container not paused$"):
        freeze.resume(ctx, "c")


def test_described_members_and_their_order(make: Make, sleeper: Sleeper) -> None:
    """CLI 1.4: the keys of `state` in runc's order; owner is empty there."""
    record = make("c", sleeper.pid, annotations={"a": "b"})
    shown = lists.describe(record)
    assert list(shown) == ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created",
                           "annotations", "owner"]
    assert (shown["pid"], shown["status"], shown["owner"]) == (sleeper.pid, "running", "")


def test_list_is_sorted_and_names_the_owner(ctx: Context, make: Make) -> None:
    """CLI 1.4: the owner is a user name, or #uid for one without."""
    make("b", owner_uid=0)
    make("a", owner_uid=4_000_000_000)
    assert [(item["id"], item["owner"]) for item in lists.containers(ctx)] == [
        ("a", "#4000000000"), ("b", "root")]


def test_list_of_a_missing_root(ctx: Context) -> None:
    """CLI 1.4: nothing for the default root, an error for one that was asked for."""
    assert lists.containers(ctx) == []
    with pytest.raises(PyruncError) as caught:
        lists.containers(ctx, must_exist=True)
    assert str(caught.value) == f"open {ctx.root}: no such file or directory"


def test_pids_without_a_cgroup(ctx: Context, make: Make, sleeper: Sleeper) -> None:
    """CLI 1.4: --cgroup-manager disabled: the first process is all we know."""
    make("c", sleeper.pid)
    assert lists.pids(ctx, "c") == [sleeper.pid]
    make("d")
    assert lists.pids(ctx, "d") == []


def test_stat_of_a_process_with_an_odd_name(tmp_path: Path) -> None:
    """STA-10: a command name with `) Z 1 (` does not confuse the reader of /proc/PID/stat."""
    odd = tmp_path / ") Z 1 ("
    odd.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(odd), "100"])
    try:
        found = process.stat(child.pid)
        assert found is not None
        assert found[1] in "SRD"
        assert found[0] >= process.start_time(os.getpid())
    finally:
        child.kill()
        child.wait()
    assert process.stat(child.pid) is None


def test_wait_exit_times_out(sleeper: Sleeper) -> None:
    """CLI 1.3: `container init still running` has to be told some time."""
    fd = process.open_pidfd(sleeper.pid, process.start_time(sleeper.pid))
    try:
        assert not process.wait_exit(fd, 10)
    finally:
        os.close(fd)
