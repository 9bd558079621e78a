# SPDX-License-Identifier: Apache-2.0
"""The front door serves verbs from the record alone; where it cannot, Python does the same."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import Container, Result, departs, enosys, needs, probes, until
from .harness.runtime import ENVIRONMENT
from .harness.waiting import ended

pytestmark = [departs("runc", "it has no front door"), departs("crun", "it has no front door")]

OPEN = {name: value for name, value in ENVIRONMENT.items() if name != "PYRUNC_DOOR"}
OFF = {**OPEN, "PYRUNC_DOOR": "off"}


class Watch:
    """Calls verbs under strace and tells which programs were executed."""

    def __init__(self, container: Container) -> None:
        assert shutil.which("strace"), "the suite needs strace"
        self.container = container
        self.log = container.runtime.home / "execve.log"

    def run(self, *args: str, **env: str) -> tuple[Result, bool]:
        """The result of the verb, and whether an interpreter was started for it."""
        prefix = ("strace", "-f", "-qq", "-e", "trace=execve", "-o", str(self.log))
        result = self.container.runtime.run(*args, prefix=prefix, env={**OPEN, **env})
        done = [line for line in self.log.read_text().splitlines() if line.endswith(" = 0")]
        if enosys.groups():  # its filter is one program more
            done.pop(0)
        assert "/pyrunc" in done[0], "strace did not see the front door"
        assert len(done) == 1 or "/python3." in done[1], done[1]
        return result, len(done) > 1

    def served(self, *args: str, **env: str) -> Result:
        """The verb succeeded in silence and, where the kernel has pidfds, without Python; to remove
        a systemd unit is Python's.
        """
        result, python = self.run(*args, **env)
        assert (result.code, result.err) == (0, "")
        unit = "delete" in args and probes.cgroupfs_driver()
        assert not python or unit or probes.pidfds(), "Python was started"
        return result

    def handed(self, *args: str, **env: str) -> Result:
        """Python did it, whatever came of it."""
        result, python = self.run(*args, **env)
        assert python, "no Python was started"
        return result


@pytest.fixture
def watch(container: Container) -> Watch:
    return Watch(container)


def record(container: Container) -> Path:
    return container.runtime.root / container.id / "record"


@pytest.mark.parametrize("flags", [(), ("--log", ""), ("--log-format=json", "--rootless", "auto")])
def test_state_of_a_created_container(watch: Watch, flags: tuple[str, ...]) -> None:
    """OPS-S1, PERF: `state` needs no interpreter, and says byte by byte what Python says."""
    container = watch.container
    container.bundle.config["annotations"] = {"org.example/x": 'a "quote"\n', "ü": "\\u"}
    container.create()
    short = watch.served(*flags, "state", container.id)
    long = container.runtime("state", container.id, env=OFF)
    assert short.out == long.out
    assert json.loads(short.out)["status"] == "created"


def test_start_kill_state_delete(watch: Watch) -> None:
    """OPS-T1, OPS-K1, OPS-D1, PERF: a whole life after create, and no interpreter in it."""
    container = watch.container
    container.create()
    watch.served("start", container.id)
    state = watch.served("state", container.id)
    assert json.loads(state.out)["status"] == "running"
    assert state.out == container.runtime("state", container.id, env=OFF).out
    watch.served("kill", container.id, "SIGKILL")
    until(lambda: json.loads(watch.served("state", container.id).out)["status"] == "stopped",
          "the container did not stop")
    stopped = watch.served("state", container.id)
    assert stopped.out == container.runtime("state", container.id, env=OFF).out
    watch.served("delete", container.id)
    container.absent()


@needs(probes.freezer)
@pytest.mark.parametrize("flag", ["--force", "-f"])
@pytest.mark.parametrize("verbs", [(), ("start",), ("start", "pause")])
def test_delete_force(watch: Watch, verbs: tuple[str, ...], flag: str) -> None:
    """OPS-D3, PERF: whatever the container does, --force ends and removes it at once."""
    watch.container.create()
    for verb in verbs:
        watch.served(verb, watch.container.id)
    watch.served("delete", flag, watch.container.id)
    watch.container.absent()


def test_delete_of_a_created_container(watch: Watch) -> None:
    """OPS-D2, PERF: the waiting first process is ended."""
    watch.container.create()
    watch.served("delete", watch.container.id)
    watch.container.absent()


@needs(probes.freezer)
def test_pause_and_resume(watch: Watch) -> None:
    """PERF: the freezer without an interpreter; status paused in between."""
    container = watch.container
    container.up()
    watch.served("pause", container.id)
    assert json.loads(watch.served("state", container.id).out)["status"] == "paused"
    watch.served("resume", container.id)
    assert json.loads(watch.served("state", container.id).out)["status"] == "running"
    watch.served("pause", container.id)
    watch.served("kill", container.id, "KILL")
    until(lambda: json.loads(watch.served("state", container.id).out)["status"] == "stopped",
          "a frozen container was not killed")


def test_ps_as_json(watch: Watch) -> None:
    """OPS-PS1, PERF: pids as numbers in order, null when there are none left."""
    container = watch.container
    container.bundle.sh("sleep 60 & sleep 60 & exec sleep 60")
    container.up()
    path = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    until(lambda: len(path.read_text().split()) == 2, "the shell started no children")
    shown = watch.served("ps", "-f", "json", container.id)
    assert shown.out == container.runtime("ps", "--format=json", container.id, env=OFF).out
    assert json.loads(shown.out) == sorted([container.pid, *map(int, path.read_text().split())])
    watch.served("kill", "--all", container.id, "9")
    until(lambda: watch.served("ps", "-f", "json", container.id).out == "null\n",
          "processes are left")


@needs(probes.new_proc)
def test_sigkill_in_a_shared_pid_namespace(watch: Watch) -> None:
    """OPS-K3: without a pid namespace SIGKILL reaches all of the cgroup."""
    container = watch.container
    container.bundle.no_namespace("pid")
    container.bundle.sh("sleep 60 & exec sleep 60")
    container.up()
    children = f"/proc/{container.pid}/task/{container.pid}/children"
    until(lambda: Path(children).read_text().split() != [], "the shell started no child")
    (child,) = Path(children).read_text().split()
    watch.served("kill", container.id, "KILL")
    assert ended(int(child))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def make_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: os.truncate(path, 100),
    "one bit": flip,
    "too long": lambda path: path.write_bytes(path.read_bytes() + b"\0" * 100_000),
    "a fifo": make_fifo,
    "another state.json": lambda path: os.utime(path.with_name("state.json")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_record_that_is_not_good(watch: Watch, damage: str) -> None:
    """ARCH: then Python serves, and nobody notices."""
    container = watch.container
    container.create()
    before = container.runtime("state", container.id).out
    DAMAGES[damage](record(container))
    after = watch.handed("state", container.id)
    assert (after.code, after.out, after.err) == (0, before, "")
    assert watch.handed("start", container.id).code == 0
    assert watch.handed("delete", "--force", container.id).code == 0
    container.absent()


@pytest.mark.parametrize(("verb", "why"), [
    (("pause",), 'container not paused'), (("start",), "cannot start an already running container"),
])  # fmt: skip
def test_what_is_refused_python_says(watch: Watch, verb: tuple[str, ...], why: str) -> None:
    """ERR-1: one source of messages: the door has none of its own."""
    container = watch.container
    container.up()
    result = watch.handed("resume" if verb == ("pause",) else verb[0], container.id)
    assert (result.code, result.error) == (1, why)


def test_a_hook_after_start_is_for_python(watch: Watch) -> None:
    """HK-1: poststart and poststop hooks run wherever the verb is served."""
    container = watch.container
    seen = container.bundle.path / "rootfs" / "seen"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"echo x >> {seen}"]}
    container.bundle.config["hooks"] = {"poststart": [hook], "poststop": [hook]}
    container.create()
    assert watch.handed("start", container.id).code == 0
    assert seen.read_text() == "x\n"
    assert watch.handed("delete", "--force", container.id).code == 0
    assert seen.read_text() == "x\nx\n"


def test_a_start_that_fails_in_the_stage(watch: Watch) -> None:
    """LIF-2: the door began it; Python says the stage's message and undoes the container."""
    container = watch.container
    container.bundle.config["hooks"] = {"startContainer": [{"path": "/bin/false"}]}
    container.create()
    result = watch.handed("start", container.id)
    assert result.code == 1
    assert result.error == (
        f"unable to start container {container.id}: error running startContainer hook #0: "
        "exit status 1")
    container.absent()


def test_notify_socket_is_for_python(watch: Watch, home: Path) -> None:
    """NOTIFY: with a NOTIFY_SOCKET start waits for readiness, which the door does not."""
    container = watch.container
    container.bundle.sh("exit 0")
    path = home / "n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        container.create(env={**OPEN, "NOTIFY_SOCKET": str(path)})
        result = watch.handed("start", container.id, NOTIFY_SOCKET=str(path))
    assert result.code == 0


@pytest.mark.parametrize("args", [
    ("--debug", "state"), ("state", "--help"), ("-root", "/x", "state"), ("state", "--"),
    ("ps",), ("ps", "-f", "table"), ("kill", "--all=true"), ("list",),
    ("--log-format", "x", "state"),
])  # fmt: skip
def test_any_other_command_line_is_for_python(watch: Watch, args: tuple[str, ...]) -> None:
    """CLI 1.1: only the plain forms are read in C."""
    watch.container.create()
    watch.handed(*args, watch.container.id)


def test_switched_off(watch: Watch) -> None:
    """PERF: PYRUNC_DOOR=off hands everything to Python."""
    watch.container.create()
    assert watch.handed("state", watch.container.id, PYRUNC_DOOR="off").code == 0


def test_the_log_file_is_made(watch: Watch, home: Path) -> None:
    """ERR-1: --log makes its file whether there is something to say or not."""
    watch.container.create()
    watch.served("--log", str(home / "log"), "state", watch.container.id)
    assert (home / "log").read_bytes() == b""
    result = watch.handed("--log", str(home / "no" / "log"), "state", watch.container.id)
    assert result.code == 1
    assert result.error == f"open {home}/no/log: no such file or directory"


def test_a_reader_that_went_away(container: Container) -> None:
    """ERR-1: exit code 1 and no signal, as Python does it."""
    container.create()
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = container.runtime.spawn("state", container.id, stdout=writer, env=OPEN)
        assert process.wait(20) == 1
    finally:
        os.close(writer)
