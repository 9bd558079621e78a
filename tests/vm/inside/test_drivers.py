# SPDX-License-Identifier: Apache-2.0
"""Limits through the cgroup driver of this run, as root and as a user with a delegated cgroup."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .bundle import Bundle, driver, rootless

MEBI = 1024 * 1024
Place = Callable[[Bundle], None]
undelegated = os.getenv("USER") == "plain"
systemd_only = pytest.mark.skipif(driver() != "systemd", reason="about the systemd driver")
needs_cgroup = pytest.mark.skipif(undelegated, reason="plain has no cgroup of its own")


def container_cgroup(bundle: Bundle) -> Path:
    """Return the directory of the running container's cgroup."""
    state = bundle.runtime("state", bundle.name).stdout
    pid = state.split('"pid":')[1].split(",")[0].strip()
    path = Path(f"/proc/{pid}/cgroup").read_text().split("::/")[1].strip()
    return Path("/sys/fs/cgroup") / path


def unit(bundle: Bundle, *properties: str) -> dict[str, str]:
    """Return properties of the container's transient scope."""
    manager = ["--user"] if rootless() else []
    shown = subprocess.run(
        ["systemctl", *manager, "show", f"pyrunc-{bundle.name}.scope",
         *[f"--property={name}" for name in properties]],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return dict(line.split("=", 1) for line in shown.splitlines())


@pytest.fixture
def in_own_cgroup(own_cgroup: Path) -> Callable[[Bundle], None]:
    """With the cgroupfs driver puts a bundle's container below this session's cgroup."""

    def put(bundle: Bundle) -> None:
        if driver() == "cgroupfs":
            bundle.cgroup("/" + str((own_cgroup / bundle.name).relative_to("/sys/fs/cgroup")))

    return put


def cmdline(pid: int) -> bytes:
    """Return the arguments of a process, as seen by the host."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@needs_cgroup
def test_limits_are_in_the_files(bundle: Bundle, in_own_cgroup: Place) -> None:
    """CGP-1, CGP-3, UNI-2: memory, pids and cpu limits reach the v2 files of the cgroup."""
    in_own_cgroup(bundle)
    bundle.limit(
        memory={"limit": 64 * MEBI, "reservation": 32 * MEBI},
        pids={"limit": 20},
        cpu={"quota": 50000, "period": 100000},
    )
    bundle.start("/bin/sleep", "300")
    where = container_cgroup(bundle)
    names = ("memory.max", "memory.low", "pids.max", "cpu.max")
    found = [(where / name).read_text().strip() for name in names]
    assert found == [str(64 * MEBI), str(32 * MEBI), "20", "50000 100000"]
    bundle.runtime("delete", "--force", bundle.name)
    assert not where.exists()


@needs_cgroup
@systemd_only
def test_scope_has_the_limits(bundle: Bundle) -> None:
    """CGP-3: the transient scope is in the slice, delegated, and shows the limits."""
    bundle.limit(
        memory={"limit": 64 * MEBI}, pids={"limit": 20}, cpu={"quota": 50000, "period": 100000}
    )
    bundle.start("/bin/sleep", "300")
    assert unit(
        bundle, "ActiveState", "Slice", "Delegate", "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec"
    ) == {
        "ActiveState": "active",
        "Slice": "user.slice" if rootless() else "system.slice",
        "Delegate": "yes",
        "MemoryMax": str(64 * MEBI),
        "TasksMax": "20",
        "CPUQuotaPerSecUSec": "500ms",
    }
    bundle.runtime("delete", "--force", bundle.name)
    assert unit(bundle, "LoadState") == {"LoadState": "not-found"}


@needs_cgroup
@systemd_only
def test_property_annotation(bundle: Bundle) -> None:
    """An org.systemd.property annotation sets that property of the scope."""
    bundle.config["annotations"] = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000"}
    bundle.start("/bin/sleep", "300")
    assert unit(bundle, "TimeoutStopUSec") == {"TimeoutStopUSec": "7s"}


@needs_cgroup
@systemd_only
def test_update_reaches_the_scope(bundle: Bundle) -> None:
    """update changes the unit's property as well as the cgroup's file."""
    bundle.limit(memory={"limit": 64 * MEBI}, pids={"limit": 20})
    bundle.start("/bin/sleep", "300")
    bundle.runtime("update", "--memory", str(96 * MEBI), "--pids-limit", "30", bundle.name)
    assert unit(bundle, "MemoryMax", "TasksMax") == {
        "MemoryMax": str(96 * MEBI),
        "TasksMax": "30",
    }
    assert (container_cgroup(bundle) / "memory.max").read_text() == f"{96 * MEBI}\n"


@systemd_only
def test_a_path_is_not_a_scope(bundle: Bundle) -> None:
    """CGP-2: the systemd driver refuses a cgroupsPath that is not slice:prefix:name."""
    bundle.cgroup("/some/path")
    assert "slice:prefix:name" in bundle.fails("/bin/true")


@pytest.mark.skipif(not undelegated, reason="about a user without a cgroup")
def test_limit_without_a_cgroup_is_an_error(bundle: Bundle) -> None:
    """A limit that cannot be set is an error, and nothing is left behind."""
    bundle.limit(pids={"limit": 20})
    message = bundle.fails("/bin/true")
    assert "linux.resources.pids.limit" in message and "delegated" in message


@pytest.mark.skipif(not undelegated, reason="about a user without a cgroup")
def test_chosen_path_without_a_cgroup_is_an_error(bundle: Bundle) -> None:
    """A cgroupsPath that the caller may not make is an error: only a cgroup that nobody asked for
    can be done without."""
    bundle.cgroup(f"/{bundle.name}")
    assert "permission denied" in bundle.fails("/bin/true")


@needs_cgroup
@systemd_only
def test_unit_of_others_is_left_alone(bundle: Bundle) -> None:
    """CGP-6: a create that is refused because its unit exists does not stop that unit."""
    bundle.start("/bin/sleep", "300")
    call = ["run", "--bundle", str(bundle.path), f"{bundle.name}b"]
    done = bundle.runtime(*call, check=False)
    assert (done.returncode, "not empty" in done.stderr) == (1, True), done.stderr
    assert unit(bundle, "ActiveState") == {"ActiveState": "active"}
    assert bundle.runtime("exec", bundle.name, "/bin/echo", "well").stdout == "well\n"


@needs_cgroup
def test_pause_and_resume(bundle: Bundle, in_own_cgroup: Place) -> None:
    """pause freezes, resume thaws, through the driver's cgroup."""
    in_own_cgroup(bundle)
    bundle.start("/bin/sleep", "300")
    bundle.runtime("pause", bundle.name)
    where = container_cgroup(bundle)
    assert (bundle.status(), (where / "cgroup.freeze").read_text()) == ("paused", "1\n")
    bundle.runtime("resume", bundle.name)
    assert (bundle.status(), (where / "cgroup.freeze").read_text()) == ("running", "0\n")


@needs_cgroup
def test_exec_is_in_the_cgroup(bundle: Bundle, in_own_cgroup: Place) -> None:
    """An exec'd process is in the container's cgroup, and ps shows both."""
    in_own_cgroup(bundle)
    bundle.start("/bin/sleep", "300")
    bundle.runtime("exec", "--detach", bundle.name, "/bin/sleep", "300")
    pids = json.loads(bundle.runtime("ps", "--format", "json", bundle.name).stdout)
    assert len(pids) == 2 and all(b"sleep" in cmdline(pid) for pid in pids)


@needs_cgroup
def test_update_and_events(bundle: Bundle, in_own_cgroup: Place) -> None:
    """update changes a limit in force, and events --stats shows it."""
    in_own_cgroup(bundle)
    bundle.limit(pids={"limit": 20})
    bundle.start("/bin/sleep", "300")
    bundle.runtime("update", "--pids-limit", "30", bundle.name)
    event = json.loads(bundle.runtime("events", "--stats", bundle.name).stdout)
    assert event["data"]["pids"] == {"current": 1, "limit": 30}


@needs_cgroup
@pytest.mark.skipif(not rootless(), reason="root has every controller")
def test_controller_that_is_not_delegated(bundle: Bundle, in_own_cgroup: Place) -> None:
    """UNI-4: a limit whose controller was not delegated is an error that names field and
    controller."""
    in_own_cgroup(bundle)
    bundle.limit(hugepageLimits=[{"pageSize": "2MB", "limit": 2 * MEBI}])
    message = bundle.fails("/bin/true")
    wanted = ("linux.resources.hugepageLimits", "hugetlb cgroup controller was not delegated")
    assert all(words in message for words in wanted), message


@needs_cgroup
@pytest.mark.skipif(not rootless() or driver() == "systemd", reason="about no cgroupsPath")
def test_limit_without_a_path(bundle: Bundle) -> None:
    """CGP-4: without a cgroupsPath the cgroup is beside the caller's, where it was delegated, and
    limits work."""
    bundle.limit(pids={"limit": 20})
    bundle.start("/bin/sleep", "300")
    where = container_cgroup(bundle)
    assert (where.name, (where / "pids.max").read_text()) == (bundle.name, "20\n")
    bundle.runtime("delete", "--force", bundle.name)
    assert not where.exists()


@systemd_only
@pytest.mark.skipif(not rootless(), reason="about the user's bus")
def test_bus_by_runtime_directory(bundle: Bundle) -> None:
    """XDG_RUNTIME_DIR alone leads to the user's bus."""
    env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    bundle.args("/bin/echo", "hello")
    done = bundle.runtime("run", "--bundle", str(bundle.path), bundle.name, env=env)
    assert done.stdout == "hello\n"


@systemd_only
@pytest.mark.skipif(not rootless(), reason="about the user's bus")
def test_no_bus(bundle: Bundle) -> None:
    """Without a user bus the systemd driver is an error that says what it looked for."""
    message = bundle.fails("/bin/true", env={"PATH": os.environ["PATH"]})
    assert "user bus" in message and "XDG_RUNTIME_DIR" in message
    message = bundle.fails(
        "/bin/true", env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": "/tmp/none"}
    )
    assert "user bus at /tmp/none/bus: there is none" in message
