# SPDX-License-Identifier: Apache-2.0
"""linux.intelRdt against a resctrl tree laid out in a directory: the hardware is not here.

The runtime is pyrunc started by a wrapper that stands for the kernel in three places: where resctrl
is mounted, what a new group holds, and that a group is removed with what it holds.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Runtime, departs, limits
from .harness import runtime as runtime_module

WRAPPER = """
import os, sys
from pyrunc.runtime import resctrl

MOUNT = {mount!r}
resctrl.find_mount = lambda: MOUNT
mkdir, rmdir = os.mkdir, os.rmdir

def fill(path, mode=0o777, **more):
    mkdir(path, mode, **more)
    if str(path).startswith(MOUNT):
        for name, text in (("tasks", ""), ("schemata", "    L3:0=fffff;1=fffff\\n    MB:0=100\\n")):
            with open(f"{{path}}/{{name}}", "w") as file:
                file.write(text)
        if "mon_groups" not in str(path):
            mkdir(f"{{path}}/mon_groups")

def empty(path, **more):
    if str(path).startswith(MOUNT):
        for directory, names, files in os.walk(path, topdown=False):
            for name in files:
                os.unlink(f"{{directory}}/{{name}}")
            for name in names:
                rmdir(f"{{directory}}/{{name}}")
    rmdir(path, **more)

os.mkdir, os.rmdir = fill, empty
from pyrunc.cli.main import main
sys.argv[0] = "pyrunc"
sys.exit(main(sys.argv))
"""


@pytest.fixture
def resctrl(home: Path, runtime: Runtime) -> Path:
    """An empty resctrl tree that the runtime takes for the mounted one."""
    if runtime_module.name() != "pyrunc":
        pytest.skip("the stand-in for the kernel is made for pyrunc")
    mount = home / "resctrl"
    (mount / "info").mkdir(parents=True)
    (mount / "mon_groups").mkdir()
    (mount / "info/last_cmd_status").write_text("ok\n")
    (mount / "tasks").touch()
    (mount / "schemata").write_text("    L3:0=fffff;1=fffff\n")
    wrapper = home / "wrapper.py"
    wrapper.write_text(WRAPPER.format(mount=str(mount)))
    runtime.command = [sys.executable, "-I", str(wrapper)]
    return mount


def group(mount: Path, name: str, *lines: str) -> Path:
    """A group that was there before."""
    path = mount / name
    (path / "mon_groups").mkdir(parents=True)
    (path / "tasks").touch()
    (path / "schemata").write_text("".join(f"    {line}\n" for line in lines))
    return path


def ask(container: Container, **wanted: Any) -> None:
    container.bundle.linux["intelRdt"] = wanted


def schemata(path: Path, *lines: str) -> bool:
    """True when exactly these lines were written last."""
    text = (path / "schemata").read_text()
    return text.startswith("".join(f"{line}\n" for line in lines))


@departs("runc", "1.1 words the refusal otherwise")
def test_not_mounted(container: Container) -> None:
    """RDT-1: without resctrl the config is refused."""
    if "resctrl" in Path("/proc/self/mountinfo").read_text():
        pytest.skip("resctrl is mounted here")
    ask(container, closID="x", l3CacheSchema="L3:0=f")
    assert "linux.intelRdt: resctrl is not mounted" in container.fails()


def test_not_set(container: Container, resctrl: Path) -> None:
    """RDT-1: a container without intelRdt touches nothing of resctrl."""
    container.create()
    assert sorted(os.listdir(resctrl)) == ["info", "mon_groups", "schemata", "tasks"]
    assert (resctrl / "tasks").read_text() == ""


def test_own_group(container: Container, resctrl: Path) -> None:
    """RDT-1, RDT-2, RDT-8: without closID the group has the container's id, and its end."""
    ask(container, l3CacheSchema="L3:0=f;1=f0")
    container.create()
    path = resctrl / container.id
    assert (path / "tasks").read_text() == str(container.pid)
    assert schemata(path, "L3:0=f;1=f0")
    container.delete("--force")
    assert not path.exists()


def test_empty_object(container: Container, resctrl: Path) -> None:
    """RDT-2, RDT-5: with no member at all the group is made and no schema is written."""
    ask(container)
    container.create()
    text = (resctrl / container.id / "schemata").read_text()
    assert text == "    L3:0=fffff;1=fffff\n    MB:0=100\n"


def test_order_of_schemas(container: Container, resctrl: Path) -> None:
    """RDT-3, RDT-4, RDT-5: l3CacheSchema, memBwSchema, then schemata, a line each."""
    ask(container, schemata=["L2:0=3", "L3CODE:0=1"], memBwSchema="MB:0=20", l3CacheSchema="L3:0=f")
    container.create()
    assert schemata(resctrl / container.id, "L3:0=f", "MB:0=20", "L2:0=3", "L3CODE:0=1")


def test_named_group_is_made_and_stays(container: Container, resctrl: Path) -> None:
    """RDT-6, RDT-8: a closID whose directory is missing is made, and outlives the container."""
    ask(container, closID="gold", memBwSchema="MB:0=20")
    container.create()
    assert schemata(resctrl / "gold", "MB:0=20")
    container.delete("--force")
    assert (resctrl / "gold").exists()


@pytest.mark.parametrize("line", ["L3:0=f;1=f0", "L3:1=00f0;0=0F", " L3:0=f", "L3:01=f0"])
def test_named_group_that_agrees(container: Container, resctrl: Path, line: str) -> None:
    """RDT-6: zeros, case, blanks and order do not matter when schemas are compared."""
    path = group(resctrl, "gold", "MB:0=100;1=100", "L3:0=0000f;1=000f0")
    before = (path / "schemata").read_text()
    ask(container, closID="gold", l3CacheSchema=line)
    container.create()
    assert (path / "tasks").read_text() == str(container.pid)
    assert (path / "schemata").read_text() == before


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("L3:0=e", "L3 of 0 is f, wanted is e"),
        ("L3:2=f", "L3 of 2 is not there, wanted is f"),
        ("MB:0=10", "MB of 0 is 100, wanted is 10"),
        ("L2:0=1", "L2 of 0 is not there, wanted is 1"),
    ],
)
def test_named_group_that_differs(
    container: Container, resctrl: Path, line: str, text: str
) -> None:
    """RDT-6: a group that is there with another schema is an error, and stays as it is."""
    path = group(resctrl, "gold", "MB:0=100", "L3:0=0000f;1=000f0")
    ask(container, closID="gold", schemata=[line])
    assert text in container.fails()
    assert (path / "tasks").read_text() == ""


def test_named_group_without_schema(container: Container, resctrl: Path) -> None:
    """RDT-7: closID alone joins the group that is there."""
    path = group(resctrl, "gold", "L3:0=f")
    ask(container, closID="gold")
    container.create()
    assert (path / "tasks").read_text() == str(container.pid)
    container.delete("--force")
    assert path.exists()


def test_missing_group_without_schema(container: Container, resctrl: Path) -> None:
    """RDT-7: closID alone is an error when there is no such group."""
    ask(container, closID="gold")
    assert f"there is no {resctrl}/gold" in container.fails()


def test_default_class(container: Container, resctrl: Path) -> None:
    """RDT-2: closID "/" is the root class."""
    ask(container, closID="/")
    container.create()
    assert (resctrl / "tasks").read_text() == str(container.pid)


@pytest.mark.parametrize("name", [".", "..", "a/b", "info", "mon_groups", "mon_data"])
def test_bad_names(container: Container, resctrl: Path, name: str) -> None:
    """RDT-11: closID is one directory that is a group."""
    ask(container, closID=name, l3CacheSchema="L3:0=f")
    assert "closID" in container.fails()


def test_newline(container: Container, resctrl: Path) -> None:
    """RDT-4: a newline inside an element of schemata is refused."""
    ask(container, schemata=["L3:0=f\nMB:0=10"])
    assert "schemata[0]" in container.fails()


@pytest.mark.parametrize("name", ["", "gold"])
def test_monitoring(container: Container, resctrl: Path, name: str) -> None:
    """RDT-9: the monitoring group is made below the container's group, and removed with it."""
    if name:
        group(resctrl, name, "L3:0=f")
    ask(container, enableMonitoring=True, **({"closID": name} if name else {}))
    container.create()
    parent = resctrl / (name or container.id)
    path = parent / "mon_groups" / container.id
    assert (path / "tasks").read_text() == str(container.pid)
    container.delete("--force")
    assert not path.exists() and parent.exists() == bool(name)


def test_monitoring_that_fails(container: Container, resctrl: Path) -> None:
    """RDT-9: a monitoring group that cannot be made is an error, and another's is not removed."""
    path = group(resctrl, "gold", "L3:0=f")
    (path / "mon_groups" / container.id).mkdir()
    ask(container, enableMonitoring=True, closID="gold")
    text = f"linux.intelRdt: make {path}/mon_groups/{container.id}: file exists"
    assert text in container.fails()
    assert (path / "mon_groups" / container.id).exists()


def refusing(runtime: Runtime) -> None:
    """From now on the kernel refuses every write to resctrl."""
    wrapper = Path(runtime.command[-1])
    refuse = "def refuse(*_):\n    raise OSError(22, '')\n\nresctrl._write = refuse\n"
    wrapper.write_text(wrapper.read_text().replace("def fill", refuse + "\ndef fill"))


def test_refused_schema(container: Container, resctrl: Path, runtime: Runtime) -> None:
    """RDT-6: when the kernel refuses a schema its reason is told and the new group is gone."""
    refusing(runtime)
    (resctrl / "info/last_cmd_status").write_text("mask 0 is not allowed\n")
    ask(container, closID="gold", l3CacheSchema="L3:0=0")
    message = container.fails()
    path = resctrl / "gold"
    assert f"write L3:0=0 to {path}/schemata: invalid argument" in message
    assert "mask 0 is not allowed" in message
    assert not path.exists()


def test_exec(container: Container, resctrl: Path) -> None:
    """RDT-1: a process of exec joins the group too."""
    ask(container, l3CacheSchema="L3:0=f", enableMonitoring=True)
    container.up()
    tasks = resctrl / container.id / "tasks"
    tasks.write_text("")
    assert container.exec("/bin/true").code == 0
    assert tasks.read_text().isdigit() and tasks.read_text() != str(container.pid)


def test_removed_members(container: Container, resctrl: Path) -> None:
    """RDT-10: enableCMT and enableMBM, which 1.3 removed, are ignored."""
    ask(container, enableCMT=True, enableMBM=True)
    container.create()
    assert not (resctrl / container.id / "mon_groups" / container.id).exists()


def test_failed_create(container: Container, resctrl: Path) -> None:
    """RDT-8, ERR-1: a create that fails later removes the container's own group."""
    ask(container, l3CacheSchema="L3:0=f", enableMonitoring=True)
    container.bundle.args("/bin/not-there")
    container.fails()
    assert not (resctrl / container.id).exists()


def test_state_json(container: Container, resctrl: Path, runtime: Runtime) -> None:
    """RDT-8: the record names what delete removes."""
    ask(container, closID="gold", l3CacheSchema="L3:0=f", enableMonitoring=True)
    container.create()
    record = json.loads((runtime.root / container.id / "state.json").read_text())
    monitor = str(resctrl / "gold/mon_groups" / container.id)
    assert record["intel_rdt"] == {
        "path": str(resctrl / "gold"), "monitor": monitor, "remove": [monitor],
    }  # fmt: skip


def test_update(container: Container, resctrl: Path) -> None:
    """RDT-3, RDT-5: update writes the new schemas to the container's group, the cache's first."""
    ask(container, closID="gold", l3CacheSchema="L3:0=f")
    container.up()
    flags = ["--mem-bw-schema", "MB:0=20", "--l3-cache-schema", "L3:0=ff"]
    container.runtime("update", *flags, container.id)
    assert schemata(resctrl / "gold", "L3:0=ff", "MB:0=20")
    assert (resctrl / "gold/tasks").read_text() == str(container.pid)


def test_update_makes_the_group(container: Container, resctrl: Path) -> None:
    """RDT-1, RDT-2, RDT-8: a container without intelRdt gets a group of its own, into which its
    processes go and those of exec, and which delete removes."""
    container.bundle.sh("sleep 1000 & echo up; wait")
    container.up()
    container.says("up")
    container.runtime("update", "--l3-cache-schema", "L3:0=f", container.id)
    path = resctrl / container.id
    assert schemata(path, "L3:0=f")
    pids = container.runtime("ps", "-f", "json", container.id).json()
    last = (path / "tasks").read_text()  # a plain file keeps what was written last
    assert len(pids) == 2 and int(last) in pids
    (path / "tasks").write_text("")
    assert container.exec("/bin/true").code == 0
    assert (path / "tasks").read_text().isdigit()
    container.delete("--force")
    assert not path.exists()


def test_update_twice(container: Container, resctrl: Path) -> None:
    """RDT-5: a second update writes to the group that the first has made."""
    container.up()
    for schema in ("L3:0=f", "L3:0=1"):
        container.runtime("update", "--l3-cache-schema", schema, container.id)
        assert schemata(resctrl / container.id, schema)


def test_update_with_resources(container: Container, resctrl: Path) -> None:
    """RDT-5: the flags count beside --resources, which has no member for them."""
    container.up()
    flags = ["-r", "-", "--mem-bw-schema", "MB:0=30"]
    container.runtime("update", *flags, container.id, stdin='{"pids": {"limit": 44}}')
    assert schemata(resctrl / container.id, "MB:0=30")
    assert limits.value(container, "pids", "pids.max", "pids.max") == "44"


@pytest.mark.parametrize("group_before", [True, False])
def test_update_is_all_or_nothing(
    container: Container, resctrl: Path, group_before: bool
) -> None:
    """ERR-1: when a limit of the same update is refused, the schemas are as before, or the group
    that was made for them is gone."""
    if group_before:
        ask(container, l3CacheSchema="L3:0=f;1=fffff")
    container.up()
    path = resctrl / container.id
    flags = ["--l3-cache-schema", "L3:0=1", "--pids-limit", str(2**62)]
    assert "pids.limit" in container.runtime.fails("update", *flags, container.id)
    if group_before:
        assert schemata(path, "L3:0=f;1=fffff")
    else:
        assert not path.exists()
    container.runtime("update", "--l3-cache-schema", "L3:0=1;1=fffff", container.id)
    assert schemata(path, "L3:0=1;1=fffff")


@pytest.mark.parametrize("group_before", [True, False])
def test_update_refused_schema(
    container: Container, resctrl: Path, runtime: Runtime, group_before: bool
) -> None:
    """RDT-6: a schema that the kernel refuses is told with its reason, and changes nothing."""
    if group_before:
        ask(container, l3CacheSchema="L3:0=f")
    container.up()
    refusing(runtime)
    (resctrl / "info/last_cmd_status").write_text("mask 0 is not allowed\n")
    flags = ["--l3-cache-schema", "L3:0=0", "--pids-limit", "7"]
    message = container.runtime.fails("update", *flags, container.id)
    path = resctrl / container.id
    assert f"write L3:0=0 to {path}/schemata: invalid argument" in message
    assert "mask 0 is not allowed" in message
    assert path.exists() == group_before
    assert limits.value(container, "pids", "pids.max", "pids.max") != "7"


@pytest.mark.parametrize(
    ("flag", "text"),
    [("--l3-cache-schema", "L3:0=f\nMB:0=10"), ("--mem-bw-schema", "MB:0=1\n"),
     ("--mem-bw-schema", "L3:0=f")],
)  # fmt: skip
def test_update_bad_schema(container: Container, resctrl: Path, flag: str, text: str) -> None:
    """RDT-3: a schema is one line, the bandwidth's starts with MB:."""
    container.up()
    member = "l3CacheSchema" if "l3" in flag else "memBwSchema"
    assert f"linux.intelRdt.{member}" in container.runtime.fails("update", flag, text, container.id)
    assert not (resctrl / container.id).exists()


@departs("runc", "1.1 words the refusal otherwise")
def test_update_not_mounted(container: Container) -> None:
    """RDT-1: without resctrl the flags are refused and nothing is changed."""
    if "resctrl" in Path("/proc/self/mountinfo").read_text():
        pytest.skip("resctrl is mounted here")
    container.up()
    before = limits.value(container, "pids", "pids.max", "pids.max")
    flags = ["--l3-cache-schema", "L3:0=f", "--pids-limit", "7"]
    message = container.runtime.fails("update", *flags, container.id)
    assert "linux.intelRdt: resctrl is not mounted" in message
    assert limits.value(container, "pids", "pids.max", "pids.max") == before
