# SPDX-License-Identifier: Apache-2.0
"""The foreground: what waits for the program of run and exec, in both faces, and how it ends."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Result, departs, needs, probes, until
from .harness.runtime import ENVIRONMENT
from .harness.sockets import Terminal
from .harness.waiting import alive
from .test_terminal import Caller

pytestmark = [departs("runc", "it has no front door"), departs("crun", "it has no front door")]

OPEN = {name: value for name, value in ENVIRONMENT.items() if name != "PYRUNC_DOOR"}
FACES = {"door": OPEN, "python": {**OPEN, "PYRUNC_DOOR": "off"}}
HOOK = {"path": "/bin/busybox"}


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment in which the front door waits, and the one in which Python does."""
    return FACES[request.param]


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    os.close(caller.ours)
    os.close(caller.theirs)


@pytest.fixture(autouse=True)
def nothing_goes_on(container: Container) -> Iterator[None]:
    """What a failing test leaves running would run for ever: nobody knows its pid."""
    yield
    if (container.runtime.root / container.id).exists():
        container.runtime.run("delete", "--force", container.id)


def begin(
    container: Container, *flags: str, env: dict[str, str] = OPEN, **how: Any
) -> subprocess.Popen[bytes]:
    """Start `run` in the foreground; returns when the program was executed and is waited for."""
    container.bundle.write()
    args = ["run", "--bundle", str(container.bundle.path), *flags, container.id]
    return waiting(container.runtime.spawn(*args, env=env, **how))


def waiting(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Wait until the runtime polls for signals and for the program's end (or has ended)."""

    def in_poll() -> bool:
        kinds = descriptors(process.pid)
        return "anon_inode:[signalfd]" in kinds.values() or process.poll() is not None

    until(in_poll, "the runtime to wait for its program")
    return process


def descriptors(pid: int) -> dict[int, str]:
    found = {}
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(entry)] = os.readlink(f"/proc/{pid}/fd/{entry}")
        except FileNotFoundError:
            continue
    return found


def end(process: subprocess.Popen[bytes], code: int) -> None:
    process.terminate()
    assert process.wait(20) == code


def door() -> str:
    found = shutil.which("pyrunc", path=os.path.dirname(os.path.realpath(command())))
    assert found
    return os.path.realpath(found)


def command() -> str:
    from .harness.runtime import command as words

    return words()[0]


def kib(pid: int, name: str) -> int:
    """A line of smaps_rollup. proc_pid_smaps_rollup(5)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name} of {pid}")


@pytest.fixture
def pausing(container: Container) -> Container:
    """A container whose program ends with 42 at SIGTERM, and says "signal N" of all others."""
    container.bundle.inside("trap")
    return container


# ---- what waits ----------------------------------------------------------------------------------


def test_the_front_door_waits_for_run(pausing: Container) -> None:
    """PERF: /proc/PID/exe of the process that was called is the static executable, under 1 MB."""
    process = begin(pausing)
    assert os.readlink(f"/proc/{process.pid}/exe") == door()
    assert (kib(process.pid, "Rss") < 1024, kib(process.pid, "Pss") < 1024) == (True, True)
    end(process, 42)
    pausing.absent()


def test_the_front_door_waits_for_exec(container: Container) -> None:
    """PERF: and so it does for exec, where there is nothing to delete."""
    container.up()
    process = waiting(container.runtime.spawn("exec", container.id, "inside", "trap", env=OPEN))
    assert os.readlink(f"/proc/{process.pid}/exe") == door()
    assert (kib(process.pid, "Rss") < 1024, kib(process.pid, "Pss") < 1024) == (True, True)
    end(process, 42)
    assert container.status == "running"


def test_python_waits_when_told_so(pausing: Container) -> None:
    """PERF: PYRUNC_DOOR=off keeps Python, with the same end."""
    process = begin(pausing, env=FACES["python"])
    assert "python3." in os.readlink(f"/proc/{process.pid}/exe")
    end(process, 42)
    pausing.absent()


def test_python_waits_when_traced(pausing: Container) -> None:
    """PERF: --trace is about the wait and the deletion too, so they are Python's then."""
    file = pausing.runtime.home / "trace.json"
    pausing.bundle.write()
    args = ["run", "-b", str(pausing.bundle.path), pausing.id]
    process = waiting(pausing.runtime.spawn(*args, top=["--trace", file], env=OPEN))
    assert "python3." in os.readlink(f"/proc/{process.pid}/exe")
    end(process, 42)
    names = [event["name"] for event in json.loads(file.read_text())["traceEvents"]]
    assert "wait for the program" in names and "remove the cgroups" in names


def test_descriptors_of_what_waits(pausing: Container, face: dict[str, str]) -> None:
    """FD-1: the caller's three, the process, the signals; no socket, directory or log."""
    log = pausing.runtime.home / "log"
    pausing.bundle.write()
    process = waiting(
        pausing.runtime.spawn(
            "run", "-b", str(pausing.bundle.path), pausing.id, top=["--log", log], env=face
        )
    )
    kinds = {target for fd, target in descriptors(process.pid).items() if fd > 2}
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    old = {f"/proc/{child}"} & kinds  # a kernel without pidfds, by PYRUNC_ENOSYS
    expected = {"anon_inode:[signalfd]", *(old or {"anon_inode:[pidfd]"})}
    if face is not OPEN:  # Python keeps the log open for what it may have to say
        expected.add(str(log))
    assert kinds == expected
    end(process, 42)


def test_descriptors_with_a_terminal(pausing: Container, caller: Caller) -> None:
    """FD-1, PRC-2: one more: the master of the program's terminal."""
    pausing.bundle.process["terminal"] = True
    pausing.bundle.write()
    process = waiting(caller.run(pausing, "run", "-b", str(pausing.bundle.path), pausing.id))
    assert len([fd for fd in descriptors(process.pid) if fd > 2]) == 3
    end(process, 42)


def test_a_descriptor_of_the_caller_stays(pausing: Container, face: dict[str, str]) -> None:
    """FD-1: what the caller left open for the runtime, it still has, and the program has not."""
    reader, writer = os.pipe()
    process = begin(pausing, env=face, pass_fds=[writer])
    os.close(writer)
    assert writer in descriptors(process.pid)
    os.close(reader)
    end(process, 42)


def test_nobody_else_can_call_for_it(container: Container) -> None:
    """HARD: the internal word counts for the parent of the process that it names, no other."""
    container.up()
    root, pid = str(container.runtime.root), str(container.pid)
    result = container.runtime.run(
        "foreground", pid, "0", "0", root, container.id, "state", container.id, root=False, env=OPEN
    )
    assert (result.code, result.error) == (3, "No help topic for 'foreground'")
    assert alive(container.pid) and container.status == "running"


# ---- signals -------------------------------------------------------------------------------------


def test_a_signal_from_before_is_not_lost(container: Container, face: dict[str, str]) -> None:
    """OPS-K3: one that comes between the start and the wait reaches the program."""
    ready = container.bundle.rootfs / "ready"
    script = f"while ! test -e {ready}; do sleep 0.01; done; kill -USR1 $PPID"
    hook = {**HOOK, "args": ["busybox", "sh", "-c", script], "timeout": 20}
    container.bundle.config["hooks"] = {"poststart": [hook]}
    container.bundle.sh("trap 'exit 17' USR1; echo > /ready; while :; do sleep 0.05; done")
    result = container.run(env=face)
    assert (result.code, result.err) == (17, "")
    container.absent()


def test_an_end_from_before_is_not_lost(container: Container, face: dict[str, str]) -> None:
    """OPS-T3: a program that has ended when the wait begins gives its exit code."""
    script = (
        'read -r state; pid=${state##*pid\\":}; pid=${pid%%[,\\}]*}; '
        "while ! grep -q '^State:.Z' /proc/$pid/status; do sleep 0.01; done"
    )
    hook = {**HOOK, "args": ["busybox", "sh", "-c", script], "timeout": 20}
    container.bundle.config["hooks"] = {"poststart": [hook]}
    container.bundle.sh("exit 9")
    result = container.run(env=face)
    assert (result.code, result.err) == (9, "")
    container.absent()


def test_stop_and_continue(pausing: Container, face: dict[str, str], home: Path) -> None:
    """OPS-K3: a stopped foreground goes on where it was; the program is told of SIGCONT."""
    out = home / "out"
    with open(out, "wb") as file:
        process = begin(pausing, env=face, stdout=file)
    until(lambda: b"ready" in out.read_bytes(), "the program to be ready")
    process.send_signal(signal.SIGSTOP)
    until(lambda: letter(process.pid) == "T", "the runtime to be stopped")
    assert pausing.runtime("state", pausing.id).json()["status"] == "running"
    process.send_signal(signal.SIGUSR1)
    process.send_signal(signal.SIGCONT)
    for number in (signal.SIGUSR1, signal.SIGCONT):
        until(lambda n=number: b"signal %d\n" % n in out.read_bytes(), "the signal to arrive")
    end(process, 42)


def letter(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


# ---- streams and terminals -----------------------------------------------------------------------


def test_closed_streams(container: Container, face: dict[str, str]) -> None:
    """FD-3: a caller without standard streams gets the exit code all the same."""
    container.bundle.sh("exit 11")

    def close() -> None:
        for fd in range(3):
            os.close(fd)

    assert container.run(env=face, preexec_fn=close).code == 11
    container.absent()


def test_a_terminal_with_a_full_pipe(container: Container, face: dict[str, str]) -> None:
    """PRC-2: with a stdout that nobody reads, signals still reach the program, and SIGTERM after
    its end ends the wait for a reader.
    """
    seen = container.runtime.home / "seen"
    seen.mkdir(mode=0o777)
    container.bundle.process["terminal"] = True
    (container.bundle.rootfs / "seen").mkdir()
    container.bundle.bind(seen, "/seen")
    script = (
        "trap 'echo x > /seen/signal; exit 13' USR1;"
        "(while :; do echo 0123456789; done) & "
        "while :; do sleep 0.05; done"
    )
    container.bundle.sh(script)
    reader, writer = os.pipe()
    process = begin(container, env=face, stdout=writer)
    until(lambda: not select.select([], [writer], [], 0)[1], "the pipe to be full")
    process.send_signal(signal.SIGUSR1)
    until((seen / "signal").exists, "the signal to arrive")
    assert process.poll() is None
    until(lambda: not running(container), "the program to end")
    process.terminate()
    assert process.wait(20) == 13
    os.close(reader)
    os.close(writer)
    container.absent()


def running(container: Container) -> bool:
    result = container.runtime.run("state", container.id)
    return bool(result.code == 0 and result.json()["status"] == "running")


def test_a_detached_terminal_leaves_no_waiter(container: Container) -> None:
    """PRC-2: with --detach and a console socket nothing of the runtime stays."""
    from .harness.sockets import Receiver

    container.bundle.process["terminal"] = True
    container.bundle.inside("winch")
    with Receiver(container.runtime.home / "console") as receiver:
        container.run_detached("--console-socket", str(receiver.path), env=OPEN)
        _, (master,) = receiver.take()
        Terminal(master).read_until("size")
        stat = Path(f"/proc/{container.pid}/stat").read_text()
        assert int(stat.rpartition(")")[2].split()[1]) == os.getpid()
        os.write(master, b"x\r")
        assert container.wait() == 0


# ---- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 2, 42, 127, 128, 137, 254, 255])
def test_exit_code(container: Container, face: dict[str, str], code: int) -> None:
    """OPS-T3: the program's exit code, of exec too."""
    container.bundle.sh(f"exit {code}")
    assert container.run(env=face).code == code
    container.absent()


def test_exit_code_of_exec(container: Container, face: dict[str, str]) -> None:
    """OPS-T3: 128+N for a program that signal N ended, and any code."""
    container.up()
    for code in (0, 1, 128, 255):
        assert container.exec("sh", "-c", f"exit {code}", env=face).code == code
    for name in ("KILL", "TERM", "SEGV", "USR2"):
        number = signal.Signals[f"SIG{name}"]
        assert container.exec("sh", "-c", f"kill -{name} $$", env=face).code == 128 + number


class Programs:
    """Which programs the process that was called became, by strace."""

    def __init__(self, container: Container) -> None:
        assert shutil.which("strace"), "the suite needs strace"
        self.container = container
        self.log = container.runtime.home / "execve.log"

    def run(self, *args: str | Path, **how: Any) -> tuple[Result, list[str]]:
        prefix = ("strace", "-f", "-qq", "-e", "trace=execve", "-o", str(self.log))
        result = self.container.runtime.run(*args, prefix=prefix, env=OPEN, **how)
        lines = [line.split(maxsplit=1) for line in self.log.read_text().splitlines()]
        mine = [text for pid, text in lines if pid == lines[0][0] and text.startswith("execve(")]
        names = [os.path.basename(text.split('"')[1]) for text in mine if " = -1 " not in text]
        names = names[names.index("pyrunc") :]  # PYRUNC_ENOSYS puts a program before it
        return result, ["python" if "python3." in name else name for name in names]


def test_python_runs_once(container: Container) -> None:
    """PERF: after the program has begun no interpreter is needed: the door deletes."""
    container.bundle.sh("exit 3")
    container.bundle.write()
    programs = Programs(container)
    result, names = programs.run("run", "-b", container.bundle.path, container.id)
    assert (result.code, result.err, names) == (3, "", ["pyrunc", "python", "pyrunc"])
    container.absent()


@pytest.mark.parametrize("failing", [False, True])
def test_poststop_hooks_bring_python_back(container: Container, failing: bool) -> None:
    """HK-1, HK-11: Python deletes and runs them, says what fails in the same log, and the exit
    code is the program's.
    """
    log, seen = container.runtime.home / "log", container.runtime.home / "seen"
    script = f"busybox cat > {seen}; exit {int(failing)}"
    hook = {**HOOK, "args": ["busybox", "sh", "-c", script]}
    container.bundle.config["hooks"] = {"poststop": [hook]}
    container.bundle.sh("exit 5")
    container.bundle.write()
    args = ["run", "-b", container.bundle.path, container.id]
    result, names = Programs(container).run(*args, top=["--log", log])
    assert (result.code, result.err) == (5, "")
    assert names == ["pyrunc", "python", "pyrunc", "python"]
    assert '"status":"stopped"' in seen.read_text().replace(" ", "")
    assert ("error running poststop hook #0: /bin/busybox: exit status 1" in log.read_text()
            ) == failing  # fmt: skip
    container.absent()


def test_keep_leaves_it_all(container: Container, face: dict[str, str]) -> None:
    """OPS-D3: --keep deletes nothing and runs no poststop hook; delete does both."""
    seen = container.runtime.home / "seen"
    hook = {**HOOK, "args": ["busybox", "sh", "-c", f"echo x >> {seen}"]}
    container.bundle.config["hooks"] = {"poststop": [hook]}
    container.bundle.sh("exit 6")
    assert container.run("--keep", "--pid-file", container.pid_file, env=face).code == 6
    assert container.state()["status"] == "stopped" and not seen.exists()
    container.delete()
    assert seen.read_text() == "x\n"
    container.absent()


@needs(probes.new_proc)
def test_what_outlives_the_program_is_ended(container: Container, face: dict[str, str]) -> None:
    """OPS-D3: without a pid namespace of its own too."""
    container.bundle.no_namespace("pid")
    container.bundle.sh("sleep 1000 & echo $!; exit 7")
    result = container.run(env=face)
    assert result.code == 7
    until(lambda: not alive(int(result.out)), "the child to end")
    container.absent()


@needs(probes.new_proc)
def test_orphans_are_reaped(container: Container, face: dict[str, str], home: Path) -> None:
    """OPS-T3: what the program orphans where it has no pid namespace does not stay as zombies."""
    container.bundle.no_namespace("pid")
    orphan = "sh -c 'echo $$; exec sleep 0.1' &"
    container.bundle.sh(f"({orphan}); ({orphan}); trap 'exit 8' TERM; while :; do sleep 0.05; done")
    out = home / "out"
    with open(out, "wb") as file:
        process = begin(container, env=face, stdout=file)
    pids = until(lambda: len(found := out.read_text().split()) == 2 and found, "two orphans")
    assert pids
    for pid in pids:
        until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), f"{pid} to be reaped")
    end(process, 8)


def test_a_failing_wait_is_told_alike(container: Container) -> None:
    """ERR-1: when the kernel has no descriptor left for the wait both faces say so and exit with 1,
    and the container goes on, to be deleted.
    """
    assert shutil.which("strace"), "the suite needs strace"
    inject = "inject=signalfd4:error=ENFILE"
    prefix = ("strace", "-qq", "-o", "/dev/null", "-e", "trace=signalfd4", "-e", inject)
    for env in FACES.values():
        container.bundle.inside("pause")
        result = container.run("--pid-file", container.pid_file, env=env, prefix=prefix)
        assert result.code == 1
        assert result.error == "pyrunc run failed: too many open files in system"
        container.pid = int(container.pid_file.read_text())
        assert container.status == "running"
        container.runtime("delete", "--force", container.id)
        assert container.wait() == 137
        container.absent()


def test_a_failing_delete_is_told_alike(container: Container) -> None:
    """ERR-1: the same sentence and exit code from both faces, and the delete can be repeated."""
    told = []
    for env in FACES.values():
        out = container.runtime.home / "out"
        with open(out, "wb") as file:
            container.bundle.inside("trap")
            process = begin(container, env=env, stderr=file)
        block = container.runtime.root / container.id / "block"
        block.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(block)], check=True)
        try:
            end(process, 1)
        finally:
            subprocess.run(["umount", str(block)], check=True)
        told.append(out.read_text().partition(" level=")[2])
        shutil.rmtree(block.parent)
    assert told[0] == told[1]
    assert "run failed: remove " in told[0] and "device or resource busy" in told[0]


def test_deleted_by_others(pausing: Container, face: dict[str, str]) -> None:
    """OPS-D3: another delete --force meanwhile: the exit code is the program's, nothing is said."""
    err = pausing.runtime.home / "err"
    with open(err, "wb") as file:
        process = begin(pausing, env=face, stderr=file)
    pausing.runtime("delete", "--force", pausing.id)
    assert (process.wait(20), err.read_bytes()) == (137, b"")


def test_another_container_of_the_same_id(pausing: Container, face: dict[str, str]) -> None:
    """OPS-D1, OPS-C2: what was made under the id meanwhile is not deleted."""
    process = begin(pausing, env=face)
    process.send_signal(signal.SIGSTOP)
    until(lambda: letter(process.pid) == "T", "the runtime to be stopped")
    pausing.runtime("delete", "--force", pausing.id)
    pausing.up()
    process.send_signal(signal.SIGCONT)
    assert process.wait(20) == 137
    assert pausing.status == "running" and alive(pausing.pid)


def test_killed(pausing: Container, face: dict[str, str]) -> None:
    """OPS-D3: when what waits is killed, the container goes on, and delete --force removes it."""
    process = begin(pausing, "--pid-file", str(pausing.pid_file), env=face)
    pausing.pid = int(pausing.pid_file.read_text())
    process.kill()
    process.wait(20)
    assert pausing.status == "running"
    pausing.delete("--force")
    assert pausing.wait() == 137
    pausing.absent()
