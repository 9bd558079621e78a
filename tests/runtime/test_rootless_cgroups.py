# SPDX-License-Identifier: Apache-2.0
"""Cgroups of an unprivileged caller: none, one that was delegated, those of others."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, cgroupfs, departs, needs, probes, unprivileged, until
from .harness.unprivileged import AS_USER

pytestmark = needs(probes.root, unprivileged.unprivileged_user_namespaces)
WARNS = departs("runc", "1.1 says warnings on stderr for these verbs of a rootless caller")
PIDS = needs(partial(probes.controller, "pids"))
VIEW = {
    "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
    "options": ["nosuid", "noexec", "nodev", "relatime", "ro"],
}  # fmt: skip


def cgroups_of(pid: int | str) -> dict[str, str]:
    """Where a process is in each mounted hierarchy."""
    rows = [row.split(":", 2) for row in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    found = {name: path for _, names, path in rows for name in names.split(",")}
    return {name: path for name, path in found.items() if name in cgroupfs.hierarchies()}


@pytest.fixture
def delegated(mark: str) -> Iterator[dict[str, Any]]:
    """How to call as the user who stands in a cgroup of their own, in every hierarchy."""
    with unprivileged.delegated_cgroup(f"{mark}-delegated") as how:
        yield how


def up(container: Container, how: dict[str, Any]) -> Container:
    container.create(**how)
    container.runtime("start", container.id, **how)
    return container


def end(container: Container) -> None:
    """Delete the container as its user."""
    container.runtime("delete", "--force", container.id, **AS_USER)
    container.deleted = True
    container.wait()


def test_stays_in_the_callers(rootless: Container) -> None:
    """CGP-4: who may make no cgroup has none: the container stays in the caller's."""
    up(rootless, AS_USER)
    assert cgroups_of(rootless.pid) == cgroups_of("self")


@departs("runc", "1.1 leaves the tmpfs that holds v1's hierarchies writable")
def test_sees_the_callers(rootless: Container) -> None:
    """MNT-1: a cgroup mount without a cgroup of its own shows the caller's."""
    rootless.bundle.config["mounts"].append(VIEW)
    rootless.bundle.sh("find /sys/fs/cgroup -name cgroup.procs -maxdepth 2 | head -1; "
                       "touch /sys/fs/cgroup/x 2>/dev/null || echo read-only")  # fmt: skip
    result = rootless.run(**AS_USER)
    assert (result.code, result.err) == (0, ""), result.err
    assert result.lines[0].endswith("/cgroup.procs") and result.lines[1] == "read-only"


@WARNS
@PIDS
def test_limit(rootless: Container) -> None:
    """VAL-1: a limit that cannot be set is an error that names it, and nothing stays."""
    rootless.bundle.linux["resources"] = {"pids": {"limit": 5}}
    message = rootless.fails(**AS_USER)
    assert "linux.resources.pids.limit" in message and "delegated" in message


@WARNS
def test_chosen_path(rootless: Container, mark: str) -> None:
    """CGP-2: a cgroupsPath that may not be made is an error: it was asked for."""
    rootless.bundle.linux["cgroupsPath"] = f"/{mark}-chosen"
    assert "permission denied" in rootless.fails(**AS_USER)


@departs("runc", "1.1 takes the cgroup of the same name for the container's")
def test_cgroup_of_others(rootless: Container) -> None:
    """CGP-4: a cgroup of somebody else's that happens to have the container's name is not its,
    and who is in it lives."""
    tops = {name: top for name, top in cgroupfs.hierarchies().items() if name != "cpuset"}
    own = cgroups_of("self")
    version_two = cgroupfs.layout() == "v2"
    made, other = [], subprocess.Popen(["sleep", "300"])
    try:
        for name, path in own.items():
            base = os.path.dirname(path) if version_two else path
            where = cgroupfs.directory(base, name) / rootless.id
            if name in tops and not where.exists():
                where.mkdir()
                made.append(where)
                (where / "cgroup.procs").write_text(str(other.pid))
        assert made
        rootless.bundle.args("/bin/echo", "fine")
        result = rootless.run(**AS_USER)
        assert (result.code, result.out, result.err) == (0, "fine\n", "")
        assert other.poll() is None and all(where.exists() for where in made)
    finally:
        other.kill()
        other.wait()
        for where in made:
            where.rmdir()


@WARNS
def test_pause(rootless: Container) -> None:
    """Without a cgroup pause is an error that says why, and the container goes on."""
    up(rootless, AS_USER)
    message = rootless.runtime.fails("pause", rootless.id, **AS_USER)
    assert "cgroup not exist" in message
    assert rootless.runtime("state", rootless.id, **AS_USER).json()["status"] == "running"


@WARNS
@pytest.mark.parametrize("verb", [["update", "--pids-limit", "9"], ["events", "--stats"]])
def test_update_and_events(rootless: Container, verb: list[str]) -> None:
    """Without a cgroup update and events are errors that say why."""
    up(rootless, AS_USER)
    assert "cgroup not exist" in rootless.runtime.fails(*verb, rootless.id, **AS_USER)


@departs("runc", "1.1 cannot tell without a cgroup")
def test_ps(rootless: Container) -> None:
    """Without a cgroup ps shows the processes of the container's pid namespace."""
    rootless.bundle.sh("sleep 300 & sleep 301; true")
    up(rootless, AS_USER)

    def names() -> list[bytes]:
        pids = rootless.runtime("ps", "-f", "json", rootless.id, **AS_USER).json()
        return sorted(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2] for pid in pids)

    until(lambda: names() == [b"300", b"301", b"sleep 300 & sleep 301; true"], "three processes")


@PIDS
def test_delegated_limit(delegated: dict[str, Any], rootless: Container) -> None:
    """CGP-4: with a delegated cgroup a limit works without a cgroupsPath, and delete removes the
    cgroup."""
    rootless.bundle.linux["resources"] = {"pids": {"limit": 12}}
    up(rootless, delegated)
    controller = "" if cgroupfs.layout() == "v2" else "pids"
    where = cgroupfs.directory(cgroups_of(rootless.pid)[controller], controller)
    assert (where.name, (where / "pids.max").read_text()) == (rootless.id, "12\n")
    end(rootless)
    assert not cgroupfs.named(rootless.id)


@WARNS
@needs(probes.freezer)
def test_delegated_freezer(delegated: dict[str, Any], rootless: Container) -> None:
    """With a delegated cgroup the user pauses, resumes and deletes."""
    up(rootless, delegated)
    rootless.runtime("pause", rootless.id, **AS_USER)
    assert rootless.runtime("state", rootless.id, **AS_USER).json()["status"] == "paused"
    rootless.runtime("resume", rootless.id, **AS_USER)
    assert rootless.runtime("state", rootless.id, **AS_USER).json()["status"] == "running"
    end(rootless)
    assert not cgroupfs.named(rootless.id)


@WARNS
@PIDS
def test_delegated_update_and_exec(delegated: dict[str, Any], rootless: Container) -> None:
    """With a delegated cgroup update works, exec joins the cgroup and ps shows who is in it."""
    rootless.bundle.linux["resources"] = {"pids": {"limit": 12}}
    up(rootless, delegated)
    runtime = rootless.runtime
    runtime("update", "--pids-limit", "9", rootless.id, **delegated)
    inside = runtime.spawn("exec", rootless.id, "sleep", "300", **delegated)
    until(lambda: len(runtime("ps", "-f", "json", rootless.id, **delegated).json()) == 2, "both")
    event = runtime("events", "--stats", rootless.id, **delegated).json()
    assert event["data"]["pids"] == {"current": 2, "limit": 9}
    end(rootless)
    assert inside.wait(10) == 137
