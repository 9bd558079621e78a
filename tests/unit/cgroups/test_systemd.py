# SPDX-License-Identifier: Apache-2.0
"""The systemd driver in conversation with a small systemd on a private bus."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyrunc import cgroups
from pyrunc.errors import PyruncError

from .conftest import Spawn, real_layout

REPO = Path(__file__).resolve().parents[3]
CONFIG = """<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


class Told:
    """What the fake systemd was told."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def calls(self, member: str) -> list[Any]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [arguments for name, arguments in map(json.loads, lines) if name == member]


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """The address of a private bus."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("dbus-daemon is not installed")
    path = tmp_path / "bus"
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    process = subprocess.Popen([daemon, f"--config-file={config}", "--nofork", "--print-address=1"],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    yield f"unix:path={path}"
    process.kill()
    process.wait()
    process.stdout.close()


StartFake = Callable[..., Told]


@pytest.fixture
def fake(bus: str, tmp_path: Path) -> Iterator[StartFake]:
    """Starts the fake systemd: fake(roots, result="done", failed=""); returns what it is told."""
    started: list[subprocess.Popen[str]] = []

    def start(roots: list[str], result: str = "done", failed: str = "") -> Told:
        told = tmp_path / "told"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.cgroups.fake_systemd", bus, str(told),
             json.dumps(roots), result], cwd=REPO, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "FAKE_FAILED": failed})  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return Told(told)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def open_v2(bus: str, name: str, **more: Any) -> cgroups.Manager:
    return cgroups.open_manager(f"pyrunctest.slice:t:{name}", name, driver="systemd",
                                layout=real_layout(2), bus_address=bus, **more)  # fmt: skip


@pytest.fixture
def name() -> Iterator[str]:
    """A unique container id; the slice that the fake systemd made for it goes at the end."""
    unique = uuid.uuid4().hex[:12]
    yield unique
    top = Path(real_layout(2).mounts[""].mountpoint) / "pyrunctest.slice"
    for path in (top / f"t-{unique}.scope", top):
        try:
            path.rmdir()
        except OSError:
            pass  # another test's scope is in it, or it is gone


def test_a_scope_from_start_to_end(bus: str, fake: StartFake, spawn: Spawn, name: str) -> None:
    """The unit is started with its process and limits, the cgroup is used, the unit is stopped."""
    root = real_layout(2).mounts[""].mountpoint
    told = fake([root])
    manager = open_v2(bus, name, annotations={"org.systemd.property.CollectMode": "'x'"})
    assert manager.needs_pid
    process = spawn()
    manager.create(process.pid, {"pids": {"limit": 5}})
    try:
        (arguments,) = told.calls("StartTransientUnit")
        properties = dict(arguments[2])
        assert arguments[:2] == [f"t-{name}.scope", "fail"]
        assert properties["Slice"] == {"s": "pyrunctest.slice"}
        assert properties["PIDs"] == {"au": [process.pid]}
        assert properties["Delegate"] == {"b": True}
        assert properties["TasksMax"] == {"t": 5}
        assert properties["CollectMode"] == {"s": "x"}
        assert manager.paths == {"": f"{root}/pyrunctest.slice/t-{name}.scope"}
        assert manager.pids() == [process.pid]
    finally:
        again = cgroups.from_state({"cgroup": json.loads(json.dumps(manager.record()))})
        again.kill()
        process.wait()
        again.remove()
    assert told.calls("StopUnit") == [[f"t-{name}.scope", "replace"]]
    assert told.calls("ResetFailedUnit") == [[f"t-{name}.scope"]]
    assert not os.path.exists(manager.paths[""])


def test_a_failed_unit_of_that_name_is_cleared(
    bus: str, fake: StartFake, spawn: Spawn, name: str
) -> None:
    """UnitExists: the failed unit is reset and the start tried once more."""
    told = fake([real_layout(2).mounts[""].mountpoint], failed=f"t-{name}.scope")
    manager = open_v2(bus, name)
    process = spawn()
    manager.create(process.pid)
    assert len(told.calls("StartTransientUnit")) == 2
    manager.kill()
    process.wait()
    manager.remove()


def test_a_job_that_fails_is_told(bus: str, fake: StartFake, spawn: Spawn, name: str) -> None:
    """A job that does not end as done is an error with unit and result."""
    fake([], result="timeout")
    with pytest.raises(PyruncError) as caught:
        open_v2(bus, name).create(spawn().pid)
    assert str(caught.value) == (f"systemd: StartTransientUnit of unit t-{name}.scope: "
                                 "the job ended with 'timeout'")  # fmt: skip


def test_update_tells_systemd(bus: str, fake: StartFake, spawn: Spawn, name: str) -> None:
    """update: systemd gets the new limits too, or a reload would bring the old ones back."""
    told = fake([real_layout(2).mounts[""].mountpoint])
    manager = open_v2(bus, name)
    process = spawn()
    manager.create(process.pid)
    try:
        # The inner manager's controllers are not on every host: what it is told is enough here.
        manager.inner.update = lambda _current, _changes: {"done": True}  # type: ignore[attr-defined]
        manager.inner.check_before = lambda _changes, _wanted: None  # type: ignore[attr-defined]
        assert manager.update({}, {"pids": {"limit": 8}}) == {"done": True}
        assert told.calls("SetUnitProperties") == [
            [f"t-{name}.scope", True, [["TasksMax", {"t": 8}]]]
        ]
    finally:
        manager.kill()
        process.wait()
        manager.remove()


def test_a_refused_update_gives_systemd_its_values_back(
    bus: str, fake: StartFake, spawn: Spawn, name: str
) -> None:
    """update: when the kernel refuses what systemd took, systemd gets the values it had."""
    told = fake([real_layout(2).mounts[""].mountpoint])
    manager = open_v2(bus, name)
    process = spawn()
    manager.create(process.pid)

    def refuse(_current: object, _changes: object) -> None:
        raise PyruncError("refused")

    try:
        manager.inner.update = refuse  # type: ignore[attr-defined]
        manager.inner.check_before = lambda _changes, _wanted: None  # type: ignore[attr-defined]
        with pytest.raises(PyruncError, match=r"^refused$"):
            manager.update({}, {"pids": {"limit": 8}})
        assert [call[2] for call in told.calls("SetUnitProperties")] == [
            [["TasksMax", {"t": 8}]],
            [["TasksMax", {"t": 77}]],
        ]
    finally:
        manager.kill()
        process.wait()
        manager.remove()


def test_update_of_devices_tells_systemd(
    bus: str, fake: StartFake, spawn: Spawn, name: str
) -> None:
    """update: systemd is told the new device rules, and what it writes itself is waited for, so
    that the exact list comes after it."""
    told = fake([real_layout(2).mounts[""].mountpoint])
    manager = open_v2(bus, name)
    process = spawn()
    manager.create(process.pid)
    inner = manager.inner  # type: ignore[attr-defined]
    members: list[list[str]] = []

    def look(_current: object, _changes: object) -> dict[str, bool]:
        members.append([json.loads(line)[0] for line in told.path.read_text().splitlines()])
        return {"done": True}

    try:
        inner.update = look
        rules = [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]
        assert manager.update({}, {"devices": rules}) == {"done": True}
        (arguments,) = told.calls("SetUnitProperties")
        properties = dict(arguments[2])
        assert properties["DevicePolicy"] == {"s": "strict"}
        assert ["/dev/char/10:229", "rw"] in properties["DeviceAllow"]["a(ss)"]
        assert members[0][-2:] == ["SetUnitProperties", "Get"]
        assert manager.update({"devices": rules}, {"devices": rules}) == {"done": True}
        assert len(told.calls("SetUnitProperties")) == 1
    finally:
        manager.kill()
        process.wait()
        manager.remove()


def test_no_bus_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Without a bus the error says what could not be reached."""
    with pytest.raises(PyruncError) as caught:
        open_v2(f"unix:path={tmp_path}/none", name).create(os.getpid())
    assert str(caught.value) == f"connect to unix:path={tmp_path}/none: no such file or directory"


@pytest.mark.parametrize(
    ("environ", "where"),
    [
        ({}, "user bus: there is none (the user needs a session"),
        ({"XDG_RUNTIME_DIR": "/no/run"}, "user bus at /no/run/bus: there is none ("),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/no/bus"}, "at unix:path=/no/bus: there is none"),
    ],
)
def test_no_user_bus(
    monkeypatch: pytest.MonkeyPatch, name: str, environ: dict[str, str], where: str
) -> None:
    """A rootless caller without a bus is told where it was looked for and what to do."""
    for variable in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(PyruncError, match=r"^systemd cgroup driver: connect to the ") as caught:
        cgroups.open_manager("", name, driver="systemd", rootless=True, layout=real_layout(2))
    assert where in str(caught.value) and "XDG_RUNTIME_DIR" in str(caught.value)


def test_exec_enters_the_scope(bus: str, fake: StartFake, spawn: Spawn, name: str) -> None:
    """exec: the new process is born in the cgroup of the unit; systemd is not asked."""
    told = fake([real_layout(2).mounts[""].mountpoint])
    manager = open_v2(bus, name)
    process = spawn()
    manager.create(process.pid)
    try:
        before = told.path.read_text()
        entering = manager.for_exec([], process.pid)
        assert entering.paths == manager.paths
        assert told.path.read_text() == before
    finally:
        manager.kill()
        process.wait()
        manager.remove()


def test_v1_takes_what_systemd_leaves_out(
    bus: str, fake: StartFake, spawn: Spawn, name: str
) -> None:
    """On v1 the hierarchies that systemd does not manage get the scope's path and lose it again."""
    layout = real_layout(1)
    root = layout.mounts.get("name=systemd")
    if root is None:
        pytest.skip("no hierarchy name=systemd is mounted")
    fake([root.mountpoint])
    unit = f"pyrunctest{name}.slice:t:{name}"
    manager = cgroups.open_manager(unit, name, driver="systemd", layout=layout, bus_address=bus)
    process = spawn()
    manager.create(process.pid)
    own = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
    wanted = f"/pyrunctest{name}.slice/t-{name}.scope"
    assert {line.split(":", 2)[2] for line in own if not line.startswith("0::")} == {wanted}
    manager.kill()
    process.wait()
    manager.remove()
    left = {
        controller
        for controller, mount in layout.mounts.items()
        if os.path.exists(f"{mount.mountpoint}/pyrunctest{name}.slice")
    }
    for controller in left:
        os.rmdir(f"{layout.mounts[controller].mountpoint}/pyrunctest{name}.slice")
    assert "freezer" not in left
