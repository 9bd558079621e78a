# SPDX-License-Identifier: Apache-2.0
"""A container's life by the library: made, started, waited for, deleted; and what is refused."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pyrunc
from pyrunc import Container
from tests.runtime.harness import Bundle, cgroupfs, probes
from tests.runtime.harness.marks import needs
from tests.runtime.harness.waiting import ended

from .conftest import Make


def test_life(make: Make, bundle: Bundle, root: Path) -> None:
    """LIB: create, start, wait and delete are a container's life, each state seen on the way."""
    bundle.sh("exit 7")
    container = make()
    assert container.status == "created"
    assert container.state["pid"] == container.pid
    container.start()
    assert container.wait() == 7
    assert (container.status, container.state["pid"]) == ("stopped", 0)
    container.delete()
    assert os.listdir(root) == []
    assert container.wait() == 7


def test_bundle_file(bundle: Bundle, root: Path, mark: str) -> None:
    """LIB: without `config` the bundle's config.json counts."""
    bundle.sh("exit 3").write()
    with Container.create(mark, bundle.path, root=root) as container:
        container.start()
        assert container.wait() == 3


def test_config_is_read_once(make: Make, bundle: Bundle) -> None:
    """VAL-4: a dict edited after create changes nothing."""
    bundle.sh("exit 3")
    container = make()
    bundle.sh("exit 4")
    container.start()
    assert container.wait() == 3


def test_killed(make: Make) -> None:
    """LIB: a program that a signal ended has the status 128 + its number."""
    container = make()
    container.start()
    container.kill(signal.SIGKILL)
    assert container.wait() == 128 + signal.SIGKILL
    with pytest.raises(pyrunc.StateError, match="container not running"):
        container.kill("TERM")


@pytest.mark.parametrize("word", [10, "10", "USR1", "SIGUSR1", signal.SIGUSR1])
def test_signal_words(make: Make, bundle: Bundle, word: int | str) -> None:
    """LIB: a signal is a number, a name or a member of `signal`."""
    bundle.sh("trap 'exit 5' USR1; touch /tmp/ready; while :; do sleep 0.01; done")
    container = make()
    container.start()
    while not (bundle.rootfs / "tmp/ready").exists():
        assert container.status == "running"
    container.kill(word)
    assert container.wait() == 5


@needs(probes.freezer)
def test_pause_and_resume(make: Make) -> None:
    """LIB: pause suspends, resume lets go on; both only where it makes sense."""
    container = make()
    container.start()
    container.pause()
    assert container.status == "paused"
    with pytest.raises(pyrunc.StateError):
        container.pause()
    container.resume()
    assert container.status == "running"
    with pytest.raises(pyrunc.StateError):
        container.resume()


def test_pids_stats_update(make: Make) -> None:
    """LIB: the container's processes, the kernel's counts, and new limits."""
    container = make()
    container.start()
    assert container.pids() == [container.pid]
    before = container.stats()
    container.update({"pids": {"limit": 77}})
    after = container.stats()
    assert after["pids"]["limit"] == 77 != before["pids"].get("limit")
    with pytest.raises(pyrunc.ConfigError):
        container.update({"pids": {"limit": "many"}})


def test_refused_config(bundle: Bundle, root: Path, mark: str) -> None:
    """VAL-1: a config that cannot be is a ConfigError with every problem, and nothing is made."""
    bundle.process["cwd"] = 5
    bundle.config["hostname"] = []
    with pytest.raises(pyrunc.ConfigError) as caught:
        Container.create(mark, bundle.path, config=bundle.config, root=root)
    assert len(caught.value.problems) == 2
    assert isinstance(caught.value, ValueError)
    assert not root.exists()
    assert cgroupfs.named(mark) == []


@pytest.mark.parametrize("value", [Path("/"), {1: 2}, {5}, b"x", "a\0b", "\ud800", float("nan")])
def test_what_json_cannot_say(bundle: Bundle, root: Path, mark: str, value: object) -> None:
    """LIB: a dict that is no JSON is a ConfigError too."""
    config = {**bundle.config, "annotations": {"org.example": value}}
    with pytest.raises(pyrunc.ConfigError):
        Container.create(mark, bundle.path, config=config, root=root)


def test_failed_start(make: Make, bundle: Bundle, root: Path) -> None:
    """LIF-2: a startContainer hook that fails is an error of start, and undoes the container."""
    bundle.config["hooks"] = {"startContainer": [{"path": "/bin/false", "args": ["false"]}]}
    container = make()
    with pytest.raises(pyrunc.PyruncError, match="startContainer hook #0"):
        container.start()
    assert os.listdir(root) == []
    with pytest.raises(pyrunc.NotFoundError):
        _ = container.status


def test_failed_create(bundle: Bundle, root: Path, mark: str) -> None:
    """LIF-1: a createRuntime hook that fails is a HookError of create, and nothing stays."""
    bundle.config["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
    with pytest.raises(pyrunc.HookError, match="createRuntime hook #0"):
        Container.create(mark, bundle.path, config=bundle.config, root=root)
    assert os.listdir(root) == []
    assert cgroupfs.named(mark) == []


def test_id_in_use(make: Make) -> None:
    """OPS-C3: a second container of the id is an ExistsError, the first goes on."""
    container = make()
    with pytest.raises(pyrunc.ExistsError):
        make()
    assert container.status == "created"


def test_system_call_error(bundle: Bundle, root: Path, mark: str) -> None:
    """ERR: what the kernel refused is a NativeError that is an OSError with its errno."""
    bundle.mount("/mnt", "ext4", "/dev/no-such-device")
    with pytest.raises(pyrunc.NativeError) as caught:
        Container.create(mark, bundle.path, config=bundle.config, root=root)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno
    assert "\n" not in str(caught.value)


def test_delete_running(make: Make) -> None:
    """OPS-D2: a running container is deleted by force only."""
    container = make()
    container.start()
    with pytest.raises(pyrunc.StateError, match="not stopped"):
        container.delete()
    container.delete(force=True)
    with pytest.raises(pyrunc.NotFoundError):
        container.delete()
    container.delete(force=True)


def test_with_deletes(make: Make, root: Path) -> None:
    """LIB: `with` deletes a container created here, whatever its body did."""

    def body(container: Container) -> None:
        with container:
            container.start()
            raise KeyError

    container = make()
    with pytest.raises(KeyError):
        body(container)
    assert os.listdir(root) == []
    assert container.wait() == 128 + signal.SIGKILL


def test_with_leaves_opened(make: Make, root: Path, mark: str) -> None:
    """LIB: `with` lets go of a container that was opened; it goes on."""
    made = make()
    with Container.open(f"{mark}-c", root=root) as opened:
        opened.start()
    assert made.status == "running"
    assert [each["id"] for each in pyrunc.containers(root)] == [made.id]


def test_with_after_delete(make: Make) -> None:
    """LIB: the end of `with` leaves alone whoever has the id after a delete."""
    with make() as container:
        container.delete()
        other = make()
    assert other.status == "created"


def test_open_nobody(root: Path) -> None:
    """LIB: an id without container is a NotFoundError, which is a LookupError."""
    with pytest.raises(pyrunc.NotFoundError) as caught:
        Container.open("nobody", root=root)
    assert isinstance(caught.value, LookupError)
    assert pyrunc.containers(root) == []


def test_open_what_the_command_line_made(bundle: Bundle, root: Path, mark: str) -> None:
    """LIB: the library and the command line see the same containers."""
    bundle.write()
    command = [sys.executable, "-m", "pyrunc", "--root", root]
    subprocess.run([*command, "create", "--bundle", bundle.path, mark], check=True, stdin=NULL,
                   stdout=NULL, stderr=NULL)  # fmt: skip
    with Container.open(mark, root=root) as container:
        container.start()
        shown = subprocess.run([*command, "state", mark], check=True, capture_output=True)
        assert container.state["status"] == "running"
        assert f'"pid": {container.pid}' in shown.stdout.decode()
        container.delete(force=True)


def test_wait_times_out(make: Make) -> None:
    """LIB: wait gives up after its timeout, and can be asked again."""
    container = make()
    container.start()
    for _ in range(2):
        with pytest.raises(pyrunc.WaitTimeoutError) as caught:
            container.wait(timeout=0.01)
        assert isinstance(caught.value, TimeoutError)
    container.kill("KILL")
    assert container.wait(timeout=10) == 128 + signal.SIGKILL


def test_wait_elsewhere(make: Make, root: Path) -> None:
    """LIB: only the parent can wait: a StateError at once in another process."""
    container = make()
    container.start()

    def other() -> None:
        for each in (container, Container.open(container.id, root=root)):
            with pytest.raises(pyrunc.StateError, match="not for this process to wait for"):
                each.wait()

    assert in_fork(other) == 0
    assert container.status == "running"


def test_wait_by_another_handle(make: Make, root: Path) -> None:
    """LIB: a handle opened in the process that created the container can wait; the status is given
    once."""
    container = make()
    container.start()
    opened = Container.open(container.id, root=root)
    container.kill("KILL")
    assert opened.wait() == 128 + signal.SIGKILL
    with pytest.raises(pyrunc.StateError, match="once"):
        container.wait()


def test_wait_is_interrupted(make: Make) -> None:
    """LIB: signals of the calling program are handled during wait; what they raise ends it."""

    def raising(*_: object) -> None:
        raise KeyError

    container = make()
    container.start()
    before = signal.signal(signal.SIGVTALRM, raising)
    killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.1; kill -VTALRM {os.getpid()}"])
    try:
        with pytest.raises(KeyError):
            container.wait()
    finally:
        signal.signal(signal.SIGVTALRM, before)
        killer.wait()
    container.kill("KILL")
    assert container.wait() == 128 + signal.SIGKILL


def test_fileno(make: Make) -> None:
    """LIB: a container can be polled: readable once its program has ended."""
    container = make()
    container.start()
    poller = select.poll()
    poller.register(container, select.POLLIN)
    assert poller.poll(0) == []
    container.kill("KILL")
    assert poller.poll(10_000) == [(container.fileno(), select.POLLIN)]
    container.wait()
    with pytest.raises(pyrunc.StateError):
        container.fileno()


def test_fork_inside_with(make: Make) -> None:
    """LIB: a forked child that leaves `with` does not touch the container."""
    with make() as container:
        container.start()
        child = os.fork()
        if child == 0:
            container.__exit__()
            os._exit(0)
        os.waitpid(child, 0)
        assert container.status == "running"


def test_ignored_sigchld(make: Make, bundle: Bundle) -> None:
    """LIB: where SIGCHLD is ignored the kernel keeps no status: wait says so, all else works."""
    bundle.sh("exit 3")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        container = make()
        container.start()
        assert ended(container.pid)
        with pytest.raises(pyrunc.StateError):
            container.wait()
        container.delete()
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_dropped(make: Make, root: Path, mark: str) -> None:
    """LIB: an object that is dropped closes its descriptors and leaves the container alone."""
    make()
    before = os.listdir("/proc/self/fd")
    opened = Container.open(f"{mark}-c", root=root)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    del opened
    assert os.listdir("/proc/self/fd") == before


NULL = subprocess.DEVNULL


def in_fork(call: object) -> int:
    """The exit status of a forked child that runs `call`: 0 when it raised nothing."""
    assert callable(call)
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
