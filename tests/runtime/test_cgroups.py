# SPDX-License-Identifier: Apache-2.0
"""Control groups: where a container's are, its limits in the real hierarchy and as felt inside."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, cgroupfs, departs, mountinfo, needs, probes, until

MIB = 1 << 20
MEMORY = needs(partial(probes.controller, "memory"))
CPU = needs(partial(probes.controller, "cpu"))
CPUSET = needs(partial(probes.controller, "cpuset"))
PIDS = needs(partial(probes.controller, "pids"))
V1 = needs(probes.v1_cgroups)
CGROUPFS = needs(probes.cgroupfs_driver)
VIEW = {
    "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
    "options": ["nosuid", "noexec", "nodev", "relatime"],
}  # fmt: skip


def resources(container: Container, **members: Any) -> Container:
    """Give the container these resources."""
    container.bundle.linux["resources"] = members
    return container


def value(container: Container, controller: str, v1: str, v2: str = "") -> str:
    """The content of a file of the container's cgroup, by its name in v1 or v2."""
    directory = cgroupfs.directory(container.bundle.cgroup, controller)
    return (directory / (v1 if controller in cgroupfs.hierarchies() else v2)).read_text().strip()


def paths_of(pid: int) -> dict[str, str]:
    """The cgroup of a process in each hierarchy that is mounted here, by controller."""
    found: dict[str, str] = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        found.update(dict.fromkeys(names.split(","), path))
    return {name: path for name, path in found.items() if name in cgroupfs.hierarchies()}


def test_absolute_path(container: Container) -> None:
    """CGP-1, CGP-3: an absolute cgroupsPath is taken from the mount point, in each hierarchy, and
    made when missing."""
    container.create()
    wanted = container.bundle.cgroup
    found = paths_of(container.pid)
    needed = [name for name in ("memory", "pids", "devices", "freezer", "") if name in found]
    on_v1 = [name for name in needed if name or cgroupfs.layout() == "v2"]
    assert on_v1 and all(found[name] == wanted for name in on_v1)


@CGROUPFS
def test_same_place_each_time(
    container: Container, make_container: Callable[[str], Container], mark: str
) -> None:
    """CGP-1: a relative cgroupsPath is the same place each time."""
    places = []
    for name in ("one", "two"):
        other = make_container(name)
        other.bundle.linux["cgroupsPath"] = f"{mark}-relative"
        other.create()
        places.append(paths_of(other.pid)["pids" if "pids" in paths_of(other.pid) else ""])
        other.delete("--force")
    assert places[0] == places[1] and places[0].endswith(f"{mark}-relative")


def test_default_path(container: Container) -> None:
    """CGP-1: without cgroupsPath the cgroup is named after the container, and goes with it."""
    del container.bundle.linux["cgroupsPath"]
    container.create()
    assert cgroupfs.named(container.id)
    container.delete("--force")
    assert not cgroupfs.named(container.id)


@pytest.fixture
def made_before(container: Container) -> Iterator[Container]:
    """The container's cgroups made by somebody else, with a limit in one of them."""
    path = container.bundle.cgroup
    directories = [top / path.strip("/") for top in set(cgroupfs.hierarchies().values())]
    for directory in directories:
        directory.mkdir(parents=True)
    yield container
    container.clean()
    for directory in directories:
        if directory.exists():
            directory.rmdir()


@PIDS
@CGROUPFS
def test_present_cgroup_keeps_its_limits(made_before: Container) -> None:
    """CGP-5: without resources an existing cgroup's limits stay."""
    directory = cgroupfs.directory(made_before.bundle.cgroup, "pids")
    cgroupfs.enable("pids", directory)
    (directory / "pids.max").write_text("77")
    made_before.create()
    assert (directory / "pids.max").read_text() == "77\n"


@pytest.mark.parametrize("path", ["../up", "/a/../../up", "a\nb"])
def test_bad_path(container: Container, path: str, mark: str) -> None:
    """CGP-2: a path that would leave the hierarchy never does."""
    container.bundle.linux["cgroupsPath"] = f"{path}-{mark}"
    container.bundle.write()
    container.bundle.args("/bin/true")
    container.run()
    assert not (cgroupfs.hierarchies().get("pids", Path("/x")).parent / f"up-{mark}").exists()
    for place in cgroupfs.named(mark):
        place.rmdir()


@MEMORY
def test_memory_limit(container: Container) -> None:
    """MEM-1: the limit is in the hierarchy, and a program that takes more is ended."""
    resources(container, memory={"limit": 48 * MIB}).bundle.inside("alloc", "200")
    container.create()
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") == str(48 * MIB)
    container.start()
    assert container.wait() == 137


@MEMORY
def test_memory_within_the_limit(container: Container) -> None:
    """MEM-1: a program that takes less is not."""
    resources(container, memory={"limit": 64 * MIB}).bundle.inside("alloc", "20")
    assert container.report() == ["ok"]


@MEMORY
@pytest.mark.parametrize(
    ("member", "v1", "v2", "number"),
    [
        ("reservation", "memory.soft_limit_in_bytes", "memory.low", 32 * MIB),
        ("swappiness", "memory.swappiness", "", 40),
        ("disableOOMKiller", "memory.oom_control", "", True),
    ],
)
def test_memory_member(container: Container, member: str, v1: str, v2: str, number: int) -> None:
    """MEM-2, MEM-5, MEM-6: the member is in its file."""
    if not v2 and "memory" not in cgroupfs.hierarchies():
        pytest.skip(f"{v1} has no counterpart on v2")
    resources(container, memory={"limit": 64 * MIB, member: number}).create()
    wanted = "oom_kill_disable 1" if number is True else str(number)
    assert value(container, "memory", v1, v2).splitlines()[0] == wanted


@MEMORY
@pytest.mark.parametrize(
    "memory", [{"limit": -5}, {"swappiness": 101}, {"limit": 8 * MIB, "swap": MIB}], ids=str
)
def test_bad_memory(container: Container, memory: dict[str, int]) -> None:
    """MEM-5, MEM-9, MEM-10: values without a meaning are refused."""
    resources(container, memory=memory).fails()


@CPU
def test_cpu_quota(container: Container) -> None:
    """CPU-2, CPU-3: quota and period."""
    resources(container, cpu={"quota": 20000, "period": 50000}).create()
    if "cpu" in cgroupfs.hierarchies():
        assert value(container, "cpu", "cpu.cfs_quota_us") == "20000"
        assert value(container, "cpu", "cpu.cfs_period_us") == "50000"
    else:
        assert value(container, "cpu", "", "cpu.max") == "20000 50000"


@CPU
@pytest.mark.parametrize(
    ("shares", "weight"), [(2, "1"), (512, "59"), (1024, "100"), (262144, "10000")]
)
def test_cpu_shares(container: Container, shares: int, weight: str) -> None:
    """CPU-1, CONV-1: shares, on v2 as a weight."""
    resources(container, cpu={"shares": shares}).create()
    wanted = str(shares) if "cpu" in cgroupfs.hierarchies() else weight
    assert value(container, "cpu", "cpu.shares", "cpu.weight") == wanted


@CPU
def test_unset_cpu(container: Container) -> None:
    """CPU-8: zero shares, quota and period ask for nothing."""
    resources(container, cpu={"shares": 0, "quota": 0, "period": 0}).create()
    assert value(container, "cpu", "cpu.shares", "cpu.weight") in ("1024", "100")


@CPU
@pytest.mark.parametrize("idle", [0, 1])
@departs("runc", "1.1 writes it too late for the shares")
def test_cpu_idle(container: Container, idle: int) -> None:
    """CPU-7: idle is a value, 0 too."""
    resources(container, cpu={"idle": idle}).create()
    assert value(container, "cpu", "cpu.idle", "cpu.idle") == str(idle)


@CPUSET
def test_cpuset(container: Container) -> None:
    """CPU-6: the program runs on the listed CPUs only."""
    resources(container, cpu={"cpus": "0", "mems": "0"}).bundle.inside("sched")
    assert container.report()[2] == "cpus 0"


@CPUSET
@departs("runc", "1.1 adds a warning about the oom kill count")
def test_missing_cpu(container: Container) -> None:
    """CPU-6, OPS-C5: a CPU that the machine does not have is an error of create."""
    message = resources(container, cpu={"cpus": "4000"}).fails()
    assert "cpuset" in message


@PIDS
def test_pids(container: Container) -> None:
    """PID-1: no more processes than the limit."""
    resources(container, pids={"limit": 5}).bundle.inside("fork", "50")
    number, error = container.report()[0].split()
    assert int(number) == 4 and error == "EAGAIN"


@PIDS
def test_pids_unlimited(container: Container) -> None:
    """PID-2: -1 is no limit."""
    resources(container, pids={"limit": -1}).create()
    assert value(container, "pids", "pids.max", "pids.max") == "max"


@PIDS
@departs("runc", "1.1 takes 0 for no limit")
def test_pids_zero(container: Container) -> None:
    """PID-3: 0 is a limit: no further process can be made."""
    resources(container, pids={"limit": 0}).bundle.inside("fork", "2")
    assert container.report() == ["0 EAGAIN"]


@needs(probes.freezer)
def test_freeze(container: Container) -> None:
    """OPS-0: pause stops every process of the container, resume lets them go on."""
    container.bundle.sh("while :; do echo x; usleep 1000 || busybox usleep 1000; done")
    container.up()
    container.says("x")
    container.runtime("pause", container.id)
    assert container.status == "paused"
    before = len(container.output())
    os.sched_yield()
    assert len(container.output()) == before
    container.runtime("resume", container.id)
    until(lambda: len(container.output()) > before, "more output")


@needs(probes.freezer)
def test_delete_of_a_frozen_one(container: Container) -> None:
    """OPS-D3: delete --force ends a paused container."""
    container.up()
    container.runtime("pause", container.id)
    container.delete("--force")
    assert container.wait() == 137
    container.absent()


@needs(probes.freezer, probes.cgroupfs_driver)
def test_frozen_cgroup_is_refused(made_before: Container) -> None:
    """CGP-6: a cgroup that is frozen is no place for a new container."""
    directory = cgroupfs.directory(made_before.bundle.cgroup, "freezer")
    frozen, word, thawed = (
        ("freezer.state", "FROZEN", "THAWED")
        if (directory / "freezer.state").exists()
        else ("cgroup.freeze", "1", "0")
    )
    (directory / frozen).write_text(word)
    made_before.bundle.write()
    try:
        result = made_before.runtime.run(
            "create", "--bundle", made_before.bundle.path, made_before.id, timeout=10
        )
        assert result.code != 0 and "frozen" in result.err
    finally:
        if directory.exists():
            (directory / frozen).write_text(thawed)


def test_all_processes_are_in_it(container: Container) -> None:
    """CGP-1: what the program starts, and what exec runs, are in the container's cgroup."""
    container.up()
    wanted = container.bundle.cgroup
    lines = container.exec("/bin/cat", "/proc/self/cgroup").lines
    # In a v2 view of a hybrid host /proc/PID/cgroup goes on to list the v1 hierarchies.
    mine = "0::" if cgroupfs.layout() == "v2" else ":pids:"
    inside = [line for line in lines if mine in line]
    assert inside and all(line.endswith(wanted) for line in inside)


@needs(probes.new_proc)
@departs("runc", "1.1 warns when the first try to remove the cgroup comes too early")
def test_kill_reaches_all(container: Container) -> None:
    """OPS-D3: without a pid namespace delete --force ends every process of the cgroup."""
    container.bundle.no_namespace("pid").sh("sleep 1000 & sleep 1000 & echo ready; wait")
    container.up()
    container.says("ready")
    path = container.bundle.cgroup
    directory = cgroupfs.directory(path, "pids")
    pids = [int(line) for line in (directory / "cgroup.procs").read_text().split()]
    assert len(pids) == 3
    container.delete("--force")
    until(lambda: not [pid for pid in pids if _runs(pid)], "all to end")
    container.absent()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def viewed(container: Container) -> Container:
    """A container with a view of its cgroups mounted."""
    container.bundle.config["mounts"].append(copy.deepcopy(VIEW))
    return container


@V1
@pytest.mark.parametrize("private", [True, False], ids=["new namespace", "no namespace"])
def test_view_v1(viewed: Container, private: bool) -> None:
    """MNT-11: on v1 /sys/fs/cgroup is a tmpfs with a mount for each hierarchy, each showing the
    container's own group."""
    if private:
        viewed.bundle.namespace("cgroup")
    viewed.bundle.sh("cat /proc/self/mountinfo; echo =; cat /sys/fs/cgroup/pids/cgroup.procs")
    lines = viewed.report()
    mounts = mountinfo.parse(lines[: lines.index("=")])
    assert mountinfo.at(lines[: lines.index("=")], "/sys/fs/cgroup").type == "tmpfs"
    points = {m.point for m in mounts if m.type == "cgroup"}
    assert {f"/sys/fs/cgroup/{name}" for name in ("memory", "pids", "devices")} <= points
    assert "1" in lines[lines.index("=") :]


@V1
def test_read_only_view(viewed: Container) -> None:
    """MNT-11: a read-only view is so in each part: no cgroup can be made or joined."""
    viewed.bundle.config["mounts"][-1]["options"].append("ro")
    viewed.bundle.namespace("cgroup").sh(
        "mkdir /sys/fs/cgroup/x; mkdir /sys/fs/cgroup/pids/x; inside write"
        " /sys/fs/cgroup/memory/memory.limit_in_bytes -1; ls -d /sys/fs/cgroup/*/x"
    )
    viewed.up()
    viewed.wait()
    assert viewed.output() == "EROFS\n"


@V1
def test_writable_view_is_its_own(viewed: Container) -> None:
    """MNT-11, NS-6: in a writable view with a cgroup namespace a group made inside is a child of
    the container's own, and goes with the container."""
    viewed.bundle.namespace("cgroup").sh("mkdir /sys/fs/cgroup/pids/child; sleep 1000")
    viewed.up()
    place = cgroupfs.directory(viewed.bundle.cgroup, "pids") / "child"
    until(place.is_dir, "the child group")
    viewed.delete("--force")
    viewed.absent()


def test_removed_after_the_end(container: Container) -> None:
    """OPS-D3: delete removes all cgroups that create made."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    until(lambda: container.status == "stopped", "stopped")
    container.delete()
    container.absent()


@needs(probes.v1_cgroups)
@pytest.mark.parametrize("unified", [{"memory.max": "100000000"}])
def test_unified_on_v1(container: Container, unified: dict[str, str]) -> None:
    """UNI-5: unified on a host without v2 controllers is an error."""
    resources(container, unified=unified).fails()


@MEMORY
def test_update(container: Container) -> None:
    """MEM-1: update changes the limit of a running container."""
    resources(container, memory={"limit": 64 * MIB}).up()
    container.runtime("update", "--memory", str(96 * MIB), container.id)
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") == str(96 * MIB)
