# SPDX-License-Identifier: Apache-2.0
"""The lifecycle as the standard words it: what a failing hook stops, undoes and lets run."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Runtime, departs, needs
from .harness.waiting import PATIENCE, alive, until

BUSYBOX = "/bin/busybox"
FAILING = {"path": BUSYBOX, "args": ["busybox", "false"]}
RUNC = departs("runc", "1.1 warns of poststart hooks and keeps the container of a failing hook")


class Marks:
    """Hooks and programs that leave marks in a directory that has one path on both sides."""

    def __init__(self, container: Container) -> None:
        self.directory = container.runtime.home / "marks"
        self.directory.mkdir(mode=0o777)
        (container.bundle.rootfs / str(self.directory).lstrip("/")).mkdir(parents=True)
        container.bundle.bind(self.directory, str(self.directory))

    def hook(self, name: str) -> dict[str, Any]:
        """A hook that leaves the mark `name`."""
        return {"path": BUSYBOX, "args": ["busybox", "touch", str(self.directory / name)]}

    def left(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}


@pytest.fixture
def marks(container: Container) -> Marks:
    """Marks for `container`, whose program leaves "program" and then waits."""
    marks = Marks(container)
    container.bundle.sh(f"touch {marks.directory}/program; exec inside pause")
    return marks


@RUNC
@pytest.mark.parametrize("kind", ["startContainer", "poststart"])
def test_later_hooks_of_start_do_not_run(container: Container, marks: Marks, kind: str) -> None:
    """HK-8b: after a failing hook of start the later ones of its array do not run."""
    container.bundle.config["hooks"] = {kind: [marks.hook("first"), FAILING, marks.hook("later")]}
    container.create()
    message = container.runtime.fails("start", container.id)
    assert f"error running {kind} hook #1" in message
    container.wait()
    assert "first" in marks.left() and "later" not in marks.left()


@RUNC
@pytest.mark.parametrize("kind", ["startContainer", "poststart"])
def test_failing_hook_of_start_undoes_all(container: Container, marks: Marks, kind: str) -> None:
    """LIF-2, LIF-3: after a failing hook of start the container is removed, poststop hooks run."""
    container.bundle.config["hooks"] = {kind: [FAILING], "poststop": [marks.hook("poststop")]}
    container.create()
    container.runtime.fails("start", container.id)
    container.wait()
    assert "poststop" in marks.left()
    container.absent()
    assert container.runtime.fails("state", container.id) == "container does not exist"
    container.deleted = True


@RUNC
def test_program_does_not_run_after_a_failing_hook(container: Container, marks: Marks) -> None:
    """LIF-2, LIF-1: when a startContainer hook fails the program never runs."""
    container.bundle.config["hooks"] = {"startContainer": [FAILING]}
    container.create()
    container.runtime.fails("start", container.id)
    container.wait()
    assert marks.left() == set()


@RUNC
def test_timeout_of_a_hook_of_start(container: Container, marks: Marks) -> None:
    """HK-7, LIF-3: a poststart hook that outlives its timeout is killed and ends the container."""
    pid = marks.directory / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 1000"
    hook = {"path": BUSYBOX, "args": ["busybox", "sh", "-c", script], "timeout": ceil(PATIENCE)}
    container.bundle.config["hooks"] = {"poststart": [hook]}
    container.create()
    assert "poststart hook #0" in container.runtime.fails("start", container.id)
    assert container.wait() == 137
    until(lambda: not alive(int(pid.read_text())), "the hook's end")


def test_unlisted_reserved_annotation(container: Container) -> None:
    """ANN-6, ANN-5: a reserved key that is not listed is kept and means nothing."""
    key = "org.opencontainers.image.nothing.like.it"
    container.bundle.config["annotations"] = {key: "x", "org.opencontainers.y": ""}
    container.create()
    assert container.state()["annotations"][key] == "x"


def no_apparmor() -> str | None:
    """AppArmor is off, so that asking for a profile must be an error."""
    switch = Path("/sys/module/apparmor/parameters/enabled")
    return "AppArmor is enabled here" if switch.exists() and "Y" in switch.read_text() else None


def no_selinux() -> str | None:
    """SELinux is off, so that asking for a label must be an error."""
    return "SELinux is enabled here" if Path("/sys/fs/selinux/enforce").exists() else None


@needs(no_apparmor)
def test_apparmor_profile_without_apparmor(container: Container) -> None:
    """AA-1, VAL-1: a profile on a host without AppArmor is an error, not ignored."""
    container.bundle.process["apparmorProfile"] = "box"
    assert "apparmor" in container.fails().lower()


@needs(no_selinux)
def test_selinux_label_without_selinux(container: Container) -> None:
    """SEL-1, VAL-1: a label on a host without SELinux is an error, not ignored."""
    container.bundle.process["selinuxLabel"] = "system_u:system_r:container_t:s0"
    assert "selinux" in container.fails().lower()


@departs("runc", "1.1 ignores it")
@needs(no_selinux)
def test_mount_label_without_selinux(container: Container) -> None:
    """LBL-1, VAL-1: a label for mounts on a host without SELinux is an error, not ignored."""
    container.bundle.linux["mountLabel"] = "system_u:object_r:container_file_t:s0"
    assert "linux.mountLabel: SELinux is not enabled" in container.fails()


@departs("runc", "1.1 does not report intelRdt")
def test_features_of_hardware_and_modules(runtime: Runtime) -> None:
    """FEA-9: apparmor, selinux and intelRdt are built in, whatever this host has."""
    linux = runtime("features", root=False).json()["linux"]
    assert linux["apparmor"] == linux["selinux"] == {"enabled": True}
    assert linux["intelRdt"] == {"enabled": True, "schemata": True, "monitoring": True}


@departs("runc", "1.1 knows neither rdma nor network devices")
def test_features_of_cgroups_and_devices(runtime: Runtime) -> None:
    """FEA-7, FEA-12: both drivers and rdma are built in, and network devices are moved."""
    linux = runtime("features", root=False).json()["linux"]
    wanted = dict.fromkeys(("v1", "v2", "systemd", "systemdUser", "rdma"), True)
    assert linux["cgroup"] == wanted
    assert linux["netDevices"] == {"enabled": True}
