# SPDX-License-Identifier: Apache-2.0
"""The systemd driver: names and properties, and the conversation on a private bus."""

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
from pyrunc.cgroups import gvariant, sdbus, unit_names, unit_properties, v1_values, v2_values
from pyrunc.cgroups.devices import rules_of
from pyrunc.cgroups.sdbus import Variant
from pyrunc.errors import ConfigError, PyruncError

from .conftest import Spawn, real_layout

REPO = Path(__file__).resolve().parents[3]
CONFIG = """<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


@pytest.mark.parametrize(("path", "user", "wanted"), [
    ("", False, ("system.slice", "runc-c1.scope")),
    ("", True, ("user.slice", "runc-c1.scope")),
    (":cri:abc", False, ("system.slice", "cri-abc.scope")),
    ("machine.slice:libpod:abc", False, ("machine.slice", "libpod-abc.scope")),
    ("machine.slice::abc", False, ("machine.slice", "abc.scope")),
    ("kube.slice::kube-pod1.slice", False, ("kube.slice", "kube-pod1.slice")),
])  # fmt: skip
def test_cgroups_path_names_slice_and_unit(path: str, user: bool, wanted: tuple[str, str]) -> None:
    """CGP-2: slice:prefix:name is a scope in a slice, or a slice itself; absent is :runc:ID."""
    assert unit_names.parse(path, "c1", user=user) == wanted


@pytest.mark.parametrize(("path", "reason"), [
    ("/a/b", ('expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, '
              'got "/a/b" instead')),
    ("a:b", "expected cgroupsPath to be of format"),
    ("a:b:c:d", "expected cgroupsPath to be of format"),
    ("machine:a:b", "'machine' is not the name of a systemd slice"),
    ("a/b.slice:a:b", "'a/b.slice' is not the name of a systemd slice"),
    ("a--b.slice:a:b", "'a--b.slice' is not the name of a systemd slice"),
    ("-a.slice:a:b", "'-a.slice' is not the name of a systemd slice"),
    (".slice:a:b", "'.slice' is not the name of a systemd slice"),
    ("a.slice:x:../y", "'x-../y.scope' cannot be a systemd unit's name"),
    ("a.slice:x:", "'x-.scope' cannot be a systemd unit's name"),
    ("a.slice:x:y\n", "'x-y\\n.scope' cannot be a systemd unit's name"),
])  # fmt: skip
def test_bad_unit_names(path: str, reason: str) -> None:
    """CGP-2: another form, or what systemd would not take as a name, is an error."""
    with pytest.raises(ConfigError) as caught:
        unit_names.parse(path, "c1", user=False)
    assert str(caught.value).startswith("linux.cgroupsPath")
    assert reason in str(caught.value)


@pytest.mark.parametrize(("parent", "unit", "path"), [
    ("system.slice", "a.scope", "system.slice/a.scope"),
    ("a-b-c.slice", "x.scope", "a.slice/a-b.slice/a-b-c.slice/x.scope"),
    ("-.slice", "x.scope", "x.scope"),
    ("kube.slice", "kube-pod.slice", "kube.slice/kube-pod.slice"),
])  # fmt: skip
def test_where_a_unit_is(parent: str, unit: str, path: str) -> None:
    """CGP-1: the dashes of a slice's name are its parents."""
    assert unit_names.unit_path(parent, unit) == path


def infinity(name: str) -> tuple[str, Variant]:
    return name, Variant("t", 2**64 - 1)


V2_PROPERTIES = [
    ({"memory": {"limit": 5, "reservation": 3, "swap": 9}},
     [("MemoryMax", Variant("t", 5)), ("MemoryLow", Variant("t", 3)),
      ("MemorySwapMax", Variant("t", 4))]),
    ({"memory": {"limit": -1}}, [infinity("MemoryMax"), infinity("MemorySwapMax")]),
    ({"unified": {"memory.high": "7"}, "cpu": {"shares": 1024}},
     [("MemoryHigh", Variant("t", 7)), ("CPUWeight", Variant("t", 100))]),
    ({"cpu": {"quota": 50001, "period": 100000}},
     [("CPUQuotaPeriodUSec", Variant("t", 100000)), ("CPUQuotaPerSecUSec", Variant("t", 510000))]),
    ({"cpu": {"quota": -1}}, [("CPUQuotaPeriodUSec", Variant("t", 100000)),
                              infinity("CPUQuotaPerSecUSec")]),
    ({"cpu": {"idle": 1}}, [("CPUWeight", Variant("t", 0))]),
    ({"cpu": {"cpus": "0-1,9", "mems": "0"}},
     [("AllowedCPUs", Variant("ay", b"\x03\x02")), ("AllowedMemoryNodes", Variant("ay", b"\x01"))]),
    ({"pids": {"limit": 5}}, [("TasksMax", Variant("t", 5))]),
    ({"pids": {"limit": 0}}, [("TasksMax", Variant("t", 1))]),
    ({"pids": {"limit": -1}}, [infinity("TasksMax")]),
    ({"unified": {"pids.max": "max", "io.max": "8:0 rbps=1", "memory.max": "1G"}},
     [infinity("TasksMax")]),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "wanted"), V2_PROPERTIES)
def test_v2_limits_as_properties(
    resources: dict[str, Any], wanted: list[tuple[str, Variant]]
) -> None:
    """PID-4, CPU-7, UNI-5: each limit, also one of unified, as systemd calls it."""
    assert unit_properties.from_writes(v2_values.writes(resources), 252) == wanted


def test_v1_limits_as_properties() -> None:
    """MEM-1, CPU-1, CPU-2: v1's files have properties of their own."""
    resources = {"memory": {"limit": 5}, "cpu": {"shares": 1024, "quota": 5000, "period": 10000}}
    assert unit_properties.from_writes(v1_values.writes(resources), 252) == [
        ("MemoryLimit", Variant("t", 5)), ("CPUShares", Variant("t", 1024)),
        ("CPUQuotaPeriodUSec", Variant("t", 10000)), ("CPUQuotaPerSecUSec", Variant("t", 500000)),
    ]  # fmt: skip


def test_old_systemd_is_not_told_what_it_does_not_know() -> None:
    """Properties are those of systemd's version: 241 has neither the period nor cpusets."""
    resources = {"cpu": {"quota": 5000, "period": 10000, "cpus": "0", "idle": 1}}
    found = unit_properties.from_writes(v2_values.writes(resources), 241)
    assert found == [("CPUQuotaPerSecUSec", Variant("t", 500000))]


def test_device_rules_as_properties() -> None:
    """CGD-8: strict policy with one entry for each allowed device, groups by their name."""
    names = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n"
    rule = {"allow": True, "type": "b", "major": 8, "access": "r"}
    policy, (name, allow) = unit_properties.devices(rules_of([rule]), names)
    assert policy == ("DevicePolicy", Variant("s", "strict"))
    assert (name, allow.signature) == ("DeviceAllow", "a(ss)")
    wanted = {("block-sd", "r"), ("char-*", "m"), ("char-pts", "rwm"), ("/dev/char/1:3", "rwm")}
    assert wanted <= set(allow.value)


def test_all_devices_as_properties() -> None:
    """CGD-8: a container that may use every device has no device policy."""
    rules = rules_of([{"allow": True, "access": "rwm"}])
    assert unit_properties.devices(rules, "") == [
        ("DevicePolicy", Variant("s", "auto")), ("DeviceAllow", Variant("a(ss)", []))]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [
    ("true", Variant("b", True)), ("5", Variant("i", 5)), ("-7", Variant("i", -7)),
    ("uint64 5", Variant("t", 5)), ("0x10", Variant("i", 16)), ("1.5", Variant("d", 1.5)),
    ("'a b'", Variant("s", "a b")), ('"it\'s"', Variant("s", "it's")),
    (r"'a\'b\n'", Variant("s", "a'b\n")), ("objectpath '/a'", Variant("o", "/a")),
    ("['a', 'b']", Variant("as", ["a", "b"])), ("@as []", Variant("as", [])),
    ("[uint32 1, 2]", None), ("@au [1, 2]", Variant("au", [1, 2])),
    ("(1, 'x')", Variant("(is)", (1, "x"))), ("[('a', true)]", Variant("a(sb)", [("a", True)])),
    ("<'x'>", Variant("v", Variant("s", "x"))),
    ("", None), ("word", None), ("[1, 'a']", None), ("[]", None), ("'open", None),
    ("5 6", None), ("byte 256", None), ("(1", None), ("string 5", None),
])  # fmt: skip
def test_gvariant_text(text: str, value: Variant | None) -> None:
    """org.systemd.property.*: the text format of GVariant, refused where it is not."""
    if value is None:
        with pytest.raises(ValueError):
            gvariant.parse(text)
    else:
        assert gvariant.parse(text) == value


def test_annotations_become_properties() -> None:
    """org.systemd.property.NAME sets NAME; a time in seconds becomes microseconds."""
    annotations = {"org.systemd.property.TimeoutStopSec": "uint64 5", "other": "x",
                   "org.systemd.property.CollectMode": "'inactive-or-failed'"}
    assert unit_properties.from_annotations(annotations) == [
        ("TimeoutStopUSec", Variant("t", 5000000)),
        ("CollectMode", Variant("s", "inactive-or-failed"))]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "reason"), [
    ("Exec;Start", "'x'", "'Exec;Start' is not the name of a unit's property"),
    ("CollectMode", "x", "'x' is no GVariant text: 'x' is no value (strings are quoted)"),
    ("TimeoutStopSec", "'x'", "'x' is not a number of seconds"),
])  # fmt: skip
def test_bad_annotations(key: str, text: str, reason: str) -> None:
    """org.systemd.property.*: a bad name or value is an error that names the annotation."""
    with pytest.raises(ConfigError) as caught:
        unit_properties.from_annotations({f"org.systemd.property.{key}": text})
    assert str(caught.value) == f"annotation org.systemd.property.{key}: {reason}"


@pytest.mark.parametrize(("signature", "types"), [
    ("", []), ("sas", ["s", "as"]), ("ssa(sv)a(sa(sv))", ["s", "s", "a(sv)", "a(sa(sv))"]),
    ("aau(i)a{sv}", ["aau", "(i)", "a{sv}"]),
])  # fmt: skip
def test_signatures(signature: str, types: list[str]) -> None:
    """A D-Bus signature falls into its complete types."""
    assert sdbus.split_signature(signature) == types


# -- on a bus ------------------------------------------------------------------------------------


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


def test_no_bus_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Without a bus the error says what could not be reached."""
    with pytest.raises(PyruncError) as caught:
        open_v2(f"unix:path={tmp_path}/none", name).create(os.getpid())
    assert str(caught.value) == f"connect to unix:path={tmp_path}/none: no such file or directory"


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
