# SPDX-License-Identifier: Apache-2.0
"""States, pause, top, events, health checks, cp, commit, diff, export."""

from __future__ import annotations

import json
import time
from pathlib import Path

from .engine import Container, Engine
from .sandbox import wait_until


def test_states_of_a_life(engine: Engine, image: str) -> None:
    """STA-8, OPS-T3: created, running, exited, as inspect tells them."""
    with engine.create(image, "sleep", "1000") as made:
        assert made.state()["Status"] in ("created", "configured")
        engine("start", made.name)
        state = made.state()
        assert (state["Status"], state["Running"], state["Paused"]) == ("running", True, False)
        assert engine.sandbox.run(["cat", f"/proc/{state['Pid']}/comm"]).stdout == "sleep\n"
        engine("kill", made.name)
        engine("wait", made.name)
        state = made.state()
        assert (state["Status"], state["Running"], state["Pid"]) == ("exited", False, 0)


def test_start_again(engine: Engine) -> None:
    """STA-8, OPS-T3: a container that has ended can be started again with its file system."""
    with engine.create("busybox:test", "sh", "-c", "echo x >> /count; wc -l < /count") as made:
        assert [engine.out("start", "-a", made.name) for _ in range(3)] == ["1", "2", "3"]


def test_pause_freezes(box: Container) -> None:
    """STA-8: while paused nothing runs; after unpause it goes on."""
    engine = box.engine
    engine("exec", "-d", box.name, "sh", "-c", "while :; do echo x >> /ticks; sleep 0.1; done")
    count = ["wc", "-l", f"/proc/{box.pid()}/root/ticks"]

    def ticks() -> int:
        return int((engine.sandbox.run(count, status=None).stdout or "0").split()[0])
    wait_until(lambda: ticks() > 1, "it ticks")
    engine("pause", box.name)
    state = box.state()
    assert (state["Status"], state["Paused"]) == ("paused", True)
    before = ticks()
    engine.sandbox.run(["sleep", "0.5"])
    assert ticks() == before
    engine("unpause", box.name)
    assert box.state()["Status"] == "running"
    wait_until(lambda: ticks() > before, "it ticks again")


def test_exec_in_a_paused_container_is_refused(box: Container) -> None:
    """STA-8: exec is refused while paused, with the word paused."""
    box.engine("pause", box.name)
    done = box.exec("true", status=None)
    box.engine("unpause", box.name)
    assert done.returncode != 0
    assert "paused" in done.stderr or "state improper" in done.stderr


def test_remove_a_paused_container(engine: Engine) -> None:
    """OPS-D3, LIF-1: a paused container is removed by force and leaves no process."""
    with engine.start("busybox:test", "sleep", "5432") as made:
        engine("pause", made.name)
        engine.remove(made.name)
        done = engine.sandbox.run(["pgrep", "-f", "^sleep 5432"], status=1)
        assert done.stdout == ""


def test_top(box: Container) -> None:
    """OPS-0: `top` lists the processes of the container."""
    box.engine("exec", "-d", box.name, "sleep", "222")
    wait_until(lambda: {"sleep 1000", "sleep 222"} <= {
        " ".join(line.split()[7:]) for line in box.engine.out("top", box.name).splitlines()},
        "both processes in top")


def test_events(engine: Engine) -> None:
    """STA-8, OPS-T3: the engine's events tell create, start, die with the exit code, in order."""
    begin = int(time.time())
    with engine.create("busybox:test", "sh", "-c", "exit 5") as made:
        engine("start", "-a", made.name, status=5)
        engine("wait", made.name)
        # podman stops reading at --until, whether or not it has read what there is by then
        end = ["--stream=false"] if engine.name == "podman" else [
            "--until", str(int(time.time()) + 1)]
        text = engine.out("events", "--since", str(begin), *end, "--filter",
                          f"container={made.name}", "--format", "{{json .}}")
    events = [json.loads(line) for line in text.splitlines()]
    names = [event.get("status") or event.get("Status") for event in events]
    names = [{"died": "die"}.get(name, name) for name in names]
    assert [name for name in names if name in ("create", "start", "die")] == [
        "create", "start", "die"]
    assert '"5"' in text or ":5" in text


def test_healthcheck(engine: Engine) -> None:
    """STA-10: a health check runs inside and its verdict follows the container's state."""
    with engine.start("--health-cmd", "test -e /healthy", "--health-interval=1s",
                      "--health-retries=1", "busybox:test", "sleep", "1000") as made:
        def verdict() -> str:
            if engine.name == "podman":  # no systemd timers here: podman runs it when asked
                engine("healthcheck", "run", made.name, status=None)
            state = made.state()
            return str((state.get("Health") or state["Healthcheck"])["Status"])
        wait_until(lambda: verdict() == "unhealthy", "unhealthy without the file")
        made.exec("touch", "/healthy")
        wait_until(lambda: verdict() == "healthy", "healthy with the file")


def test_cp_both_ways(box: Container, home: Path) -> None:
    """STA-8, OPS-T3: `cp` into and out of a running container."""
    source, back = home / f"{box.name}-in", home / f"{box.name}-out"
    source.write_text("copied\n")
    box.engine("cp", str(source), f"{box.name}:/tmp/there")
    assert box.out("cat", "/tmp/there") == "copied"
    box.engine("cp", f"{box.name}:/tmp/there", str(back))
    assert back.read_text() == "copied\n"


def test_commit(box: Container) -> None:
    """STA-8: `commit` (which pauses) makes an image with the container's files."""
    box.exec("sh", "-c", "echo baked > /baked")
    image = f"committed-{box.engine.name}:test"
    box.engine("commit", box.name, image)
    try:
        assert box.engine.run_out(image, "cat", "/baked") == "baked"
        assert box.state()["Status"] == "running"
    finally:
        box.engine("rmi", image)


def test_diff(box: Container) -> None:
    """ROOT-2: what the container changed is what was written, and no runtime's leavings."""
    box.exec("touch", "/made")
    changed = set(box.engine.out("diff", box.name).splitlines())
    assert "A /made" in changed
    assert {line.split(" ", 1)[1] for line in changed} <= {
        "/made", "/dev", "/dev/console", "/dev/pts", "/dev/shm", "/dev/mqueue", "/etc",
        "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/proc", "/sys", "/run",
        "/run/.containerenv", "/run/secrets", "/.dockerenv"}


def test_wait_tells_the_exit_code(engine: Engine) -> None:
    """STA-8, OPS-T3: `wait` on a detached container gives its exit status."""
    with engine.start("busybox:test", "sh", "-c", "sleep 0.5; exit 6") as made:
        assert engine.out("wait", made.name) == "6"


def test_nothing_is_left_of_a_container(engine: Engine) -> None:
    """OPS-D3, LIF-1: after rm no process, mount, cgroup or state file names the container."""
    with engine.start("--memory=64m", "--tmpfs=/scratch", "-v", "/data", "busybox:test", "sleep",
                      "6543") as made:
        made.exec("true")
        ident = made.id
    engine.sandbox.run(["pgrep", "-f", "^sleep 6543"], status=1)
    assert ident not in engine.sandbox.run(["cat", "/proc/mounts"]).stdout

    def leftovers() -> str:
        return engine.sandbox.run(["find", "/run", "/sys/fs/cgroup", "-name", f"*{ident}*"],
                                  status=None).stdout
    wait_until(lambda: not leftovers(), f"no file or cgroup named {ident}")
