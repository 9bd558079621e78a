# SPDX-License-Identifier: Apache-2.0
"""The six hooks: order, place, namespaces, the state they read, and what their failure does."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs
from .harness.cgroupfs import named

CREATE = ("prestart", "createRuntime", "createContainer")
OUTSIDE = ("prestart", "createRuntime", "poststart", "poststop")
BUSYBOX = "/bin/busybox"


class Hooks:
    """Hooks that append lines to one file, reachable under the same path on both sides."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.shared = container.runtime.home / "shared"
        self.shared.mkdir(mode=0o777)
        self.file = self.shared / "lines"
        (container.bundle.rootfs / str(self.shared).lstrip("/")).mkdir(parents=True)
        container.bundle.bind(self.shared, str(self.shared))

    def add(self, kind: str, script: str, **more: Any) -> None:
        """Append a shell hook of this kind; busybox is at /bin/busybox on both sides."""
        entry = {"path": BUSYBOX, "args": ["busybox", "sh", "-c", script], **more}
        hooks = self.container.bundle.config.setdefault("hooks", {})
        hooks.setdefault(kind, []).append(entry)

    def note(self, kind: str, text: str = "") -> None:
        """Append a hook that notes its kind."""
        self.add(kind, f"echo {text or kind} >> {self.file}")

    def lines(self) -> list[str]:
        """What the hooks have noted."""
        return self.file.read_text().splitlines() if self.file.exists() else []

    def state(self, kind: str) -> dict[str, Any]:
        """The state that keep(kind) kept."""
        got: dict[str, Any] = json.loads((self.shared / kind).read_text())
        return got

    def keep(self, kind: str) -> None:
        """Append a hook that keeps its stdin."""
        self.add(kind, f"busybox cat > {self.shared}/{kind}")


@pytest.fixture
def hooks(container: Container) -> Hooks:
    """Hooks for `container`, whose program notes "program"."""
    hooks = Hooks(container)
    container.bundle.sh(f"echo program >> {hooks.file}")
    return hooks


ALL = (*CREATE, "startContainer", "poststart", "poststop")


EARLY_POSTSTART = departs("runc", "1.1 runs poststart hooks at the end of create")


@EARLY_POSTSTART
def test_order(container: Container, hooks: Hooks) -> None:
    """HK-9, LIF-1: create runs prestart, createRuntime, createContainer in that order, start and
    delete run the rest."""
    for kind in reversed(ALL):
        hooks.note(kind)
    container.create()
    assert hooks.lines() == list(CREATE)
    container.start()
    container.wait()
    lines = hooks.lines()
    assert lines[:4] == [*CREATE, "startContainer"]
    assert sorted(lines[4:]) == ["poststart", "program"]
    container.delete()
    assert hooks.lines()[6:] == ["poststop"]


@pytest.mark.parametrize("kind", ALL)
def test_listed_order(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-5: hooks of one kind run one after another in the listed order."""
    hooks.add(kind, f"busybox sleep 0.1; echo one >> {hooks.file}")
    hooks.note(kind, "two")
    hooks.note(kind, "three")
    container.finish()
    assert [line for line in hooks.lines() if line != "program"] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("prestart", "creating"),
        ("createRuntime", "creating"),
        ("createContainer", "creating"),
        ("startContainer", "created"),
        pytest.param("poststart", "running", marks=EARLY_POSTSTART),
        ("poststop", "stopped"),
    ],
)
def test_state_on_stdin(container: Container, hooks: Hooks, kind: str, status: str) -> None:
    """HK-6, HK-13: each hook reads the container's state with the status of its moment."""
    container.bundle.config["annotations"] = {"org.example.a": "b"}
    container.bundle.inside("pause")
    hooks.keep(kind)
    container.up()
    container.kill("KILL")
    container.wait()
    container.delete()
    state = hooks.state(kind)
    assert state["ociVersion"].startswith("1.")
    assert (state["id"], state["status"]) == (container.id, status)
    assert state["bundle"] == str(container.bundle.path)
    assert state["annotations"]["org.example.a"] == "b"


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "poststart"])
def test_pid_outside(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-12: hooks of the runtime's namespaces read the pid as the runtime sees it."""
    container.bundle.inside("pause")
    hooks.keep(kind)
    container.up()
    assert hooks.state(kind)["pid"] == container.pid


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_pid_inside(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-12: hooks of the container's namespaces read the pid as the container sees it."""
    hooks.keep(kind)
    container.finish()
    assert hooks.state(kind)["pid"] == 1


NS = "mnt pid net ipc uts".split()


@pytest.mark.parametrize("kind", OUTSIDE)
def test_namespaces_outside(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-9: these hooks run in the runtime's namespaces."""
    links = " ".join(f"/proc/self/ns/{name}" for name in NS)
    hooks.add(kind, f"for l in {links}; do busybox readlink $l; done > {hooks.shared}/ns")
    container.finish()
    ours = [os.readlink(f"/proc/self/ns/{name}") for name in NS]
    assert (hooks.shared / "ns").read_text().split() == ours


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_namespaces_inside(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-9: these hooks run in the container's namespaces."""
    links = " ".join(f"/proc/self/ns/{name}" for name in NS)
    hooks.add(kind, f"for l in {links}; do busybox readlink $l; done > {hooks.shared}/ns")
    container.bundle.inside("pause")
    container.up()
    theirs = [os.readlink(f"/proc/{container.pid}/ns/{name}") for name in NS]
    assert (hooks.shared / "ns").read_text().split() == theirs


@pytest.mark.parametrize("kind", (*CREATE, "poststart", "poststop"))
def test_path_outside(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-9: the path of these hooks is looked up on the host, before the root changes."""
    script = container.runtime.home / "hook"
    script.write_text(f"#!/bin/sh\necho host >> {hooks.file}\n")
    script.chmod(0o755)
    container.bundle.config["hooks"] = {kind: [{"path": str(script)}]}
    container.finish()
    assert "host" in hooks.lines()


def test_path_inside(container: Container, hooks: Hooks) -> None:
    """HK-9: the path of a startContainer hook is looked up in the container."""
    container.bundle.file("only-inside", f"#!/bin/sh\necho inside >> {hooks.file}\n")
    container.bundle.config["hooks"] = {"startContainer": [{"path": "/only-inside"}]}
    container.finish()
    assert "inside" in hooks.lines()


# How a shell hook finds the container's process: by the pid in its state, or as itself.
INIT = {
    "prestart": r"$(busybox sed -n 's/.*\"pid\": *\([0-9]*\).*/\1/p')",
    "createRuntime": r"$(busybox sed -n 's/.*\"pid\": *\([0-9]*\).*/\1/p')",
    "createContainer": "self",
}


@pytest.mark.parametrize("kind", CREATE)
def test_mounts_are_made(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-9: at these hooks the container's mounts exist and the root has not changed yet."""
    hooks.add(kind, f"busybox cat /proc/{INIT[kind]}/mountinfo > {hooks.shared}/mounts")
    container.finish()
    text = (hooks.shared / "mounts").read_text()
    assert f"{container.bundle.rootfs}/dev/pts" in [line.split()[4] for line in text.splitlines()]


@pytest.mark.parametrize("kind", ALL)
def test_arguments(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-2: args is the hook's argv in full, argv[0] included."""
    script = f"echo $0-$1 >> {hooks.file}"
    entry = {"path": BUSYBOX, "args": ["sh", "-c", script, "zero", "one"]}
    container.bundle.config["hooks"] = {kind: [entry]}
    container.finish()
    assert "zero-one" in hooks.lines()


@pytest.mark.parametrize("kind", ALL)
def test_environment(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-3: env is the hook's environment, and all of it."""
    hooks.add(kind, f"busybox env > {hooks.shared}/env", env=["A=b c", "PATH=/bin"])
    container.finish()
    names = {line.partition("=")[0] for line in (hooks.shared / "env").read_text().splitlines()}
    assert names - {"SHLVL", "PWD", "OLDPWD"} == {"A", "PATH"}


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "poststart", "poststop"])
def test_environment_absent(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-8: without env the hook has the runtime's environment."""
    hooks.add(kind, f"echo got-$MARKER >> {hooks.file}")
    env = {"PATH": os.environ["PATH"], "MARKER": "x"}
    container.create(env=env)
    container.runtime("start", container.id, env=env)
    container.wait()
    container.runtime("delete", container.id, env=env)
    container.deleted = True
    assert "got-x" in hooks.lines()


FAILURES = {
    "exit": {"path": BUSYBOX, "args": ["busybox", "sh", "-c", "exit 3"]},
    "signal": {"path": BUSYBOX, "args": ["busybox", "sh", "-c", "kill -9 $$"]},
    "missing": {"path": "/nothing/like/it"},
    "timeout": {"path": BUSYBOX, "args": ["busybox", "sleep", "1000"], "timeout": 1},
}


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("kind", CREATE)
def test_failing_create_hook(container: Container, hooks: Hooks, kind: str, how: str) -> None:
    """HK-10, HK-8b, LIF-2: a failing hook of create is an error; later hooks do not run, the
    container is removed."""
    container.bundle.config["hooks"] = {kind: [FAILURES[how]]}
    hooks.note(kind, "later")
    begin = time.monotonic()
    message = container.fails()
    assert time.monotonic() - begin < 8
    assert re.search(rf"error running ({kind} )?hook #0( \(\S+\))?: ", message)
    assert hooks.lines() == []


@departs("runc", "1.1 names the hook's number but not its kind")
@pytest.mark.parametrize("kind", CREATE)
def test_failing_hook_is_named(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-10: the error names the hook's kind and its place in the list, counted from 0."""
    hooks.note(kind)
    hooks.add(kind, "exit 3")
    assert f"error running {kind} hook #1" in container.fails()


@departs("runc", "1.1 does not run poststop hooks after a failing create")
@pytest.mark.parametrize("kind", CREATE)
def test_poststop_after_failing_create(container: Container, hooks: Hooks, kind: str) -> None:
    """HK-10: after a failing hook of create the poststop hooks do run."""
    container.bundle.config["hooks"] = {kind: [FAILURES["exit"]]}
    hooks.note("poststop")
    container.fails()
    assert hooks.lines() == ["poststop"]


def test_failing_start_container(container: Container, hooks: Hooks) -> None:
    """LIF-2: when a startContainer hook fails the program does not run and the container ends (it
    is stopped, or removed at once)."""
    hooks.add("startContainer", "exit 3")
    container.create()
    container.runtime.run("start", container.id)
    assert container.wait() != 0
    assert hooks.lines() == []
    state = container.runtime.run("state", container.id)
    assert state.code == 1 or state.json()["status"] == "stopped"


@departs("runc", "1.1 does not report it")
def test_failing_start_container_is_reported(container: Container, hooks: Hooks) -> None:
    """LIF-2: start says that a startContainer hook failed."""
    hooks.add("startContainer", "exit 3")
    container.create()
    assert "error running startContainer hook" in container.runtime.fails("start", container.id)
    container.wait()


@EARLY_POSTSTART
@pytest.mark.parametrize("how", FAILURES)
def test_failing_poststart(container: Container, hooks: Hooks, how: str) -> None:
    """LIF-3: a failing poststart hook is an error of start, and the container is ended."""
    container.bundle.inside("pause")
    container.bundle.config["hooks"] = {"poststart": [FAILURES[how]]}
    container.create()
    message = container.runtime.fails("start", container.id)
    assert "error running poststart hook #0" in message
    assert container.wait() == 137


def test_failing_poststop_is_no_error(container: Container, hooks: Hooks) -> None:
    """HK-11, LIF-4: a failing poststop hook does not stop delete."""
    hooks.add("poststop", "exit 3")
    container.up()
    container.wait()
    container.runtime.run("delete", container.id)
    container.deleted = True
    container.absent()


@departs("runc", "stops at the first failing poststop hook and reports it as an error")
def test_later_poststop_hooks_run(container: Container, hooks: Hooks) -> None:
    """HK-11: the poststop hooks after a failing one run, and delete succeeds."""
    hooks.add("poststop", "exit 3")
    hooks.note("poststop", "second")
    container.up()
    container.wait()
    result = container.runtime.run("delete", container.id)
    container.deleted = True
    assert (result.code, hooks.lines()[1:]) == (0, ["second"])


def test_poststop_after_the_removal(container: Container, hooks: Hooks) -> None:
    """HK-9: a poststop hook runs when the container's cgroups are gone."""
    path = container.bundle.cgroup
    hooks.add(
        "poststop", f"busybox find /sys/fs/cgroup -name '{Path(path).name}' > {hooks.shared}/f"
    )
    container.finish()
    assert (hooks.shared / "f").read_text() == ""
    assert named(container.id) == []


def test_hook_output_of_success(container: Container, hooks: Hooks) -> None:
    """HK-9: what a successful hook prints is not taken for the runtime's own output."""
    hooks.add("createRuntime", "echo noise; echo noise >&2")
    assert (container.create().out, container.errors()) == ("", "")


def test_failing_hook_output_is_in_the_message(container: Container, hooks: Hooks) -> None:
    """HK-9: a failing hook's stderr is part of the error, which stays one line."""
    hooks.add("createRuntime", "echo the reason >&2; exit 3")
    message = container.fails()
    assert "exit status 3" in message and "the reason" in message


def test_timeout_long_enough(container: Container, hooks: Hooks) -> None:
    """HK-7: a hook that ends within its timeout is no failure."""
    hooks.add("createRuntime", f"echo ok >> {hooks.file}", timeout=20)
    container.finish()
    assert hooks.lines()[0] == "ok"


def test_unknown_hook_name(container: Container, hooks: Hooks) -> None:
    """EXT-1: hooks under an unknown name are ignored."""
    hooks.note("somethingElse")
    container.finish()
    assert hooks.lines() == ["program"]
