# SPDX-License-Identifier: Apache-2.0
"""linux.namespaces: each type new, left out, joined by path; wrong paths; offsets of the clocks."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Container, cgroupfs, departs, needs, probes

# type of the config: name below /proc/PID/ns
FILES = {
    "pid": "pid", "ipc": "ipc", "uts": "uts", "mount": "mnt", "network": "net",
    "cgroup": "cgroup", "user": "user", "time": "time",
}  # fmt: skip
SIMPLE = ["pid", "ipc", "uts", "mount", "network", "cgroup"]
JOINABLE = ["pid", "ipc", "uts", "network", "cgroup"]
MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]
ADMIN = {name: ["CAP_SYS_ADMIN"] for name in ("bounding", "effective", "permitted")}


def inode(pid: int | str, type: str) -> int:
    """The inode of a process' namespace; of its children's for those that only children enter."""
    return os.stat(f"/proc/{pid}/ns/{FILES[type]}").st_ino


def end(container: Container) -> None:
    """End and reap: a zombie of ours in another container's pid namespace keeps that one alive."""
    container.kill("KILL")
    container.wait()
    container.delete()


@pytest.fixture
def other(make_container: Callable[[str], Container]) -> Container:
    """A running container with namespaces to join."""
    container = make_container("other")
    container.bundle.namespace("cgroup")
    return container.up()


@pytest.mark.parametrize("type", SIMPLE)
def test_new(container: Container, type: str) -> None:
    """NS-3: a listed namespace without path is a new one."""
    container.bundle.namespace(type)
    container.create()
    assert inode(container.pid, type) != inode("self", type)


@needs(probes.user_namespaces)
def test_new_user(container: Container) -> None:
    """NS-3: a new user namespace."""
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    container.create()
    assert inode(container.pid, "user") != inode("self", "user")


@needs(probes.time_namespaces)
@departs("runc", "1.1 does not know the time namespace")
def test_new_time(container: Container) -> None:
    """NS-3: a new time namespace."""
    container.bundle.namespace("time")
    container.create()
    assert inode(container.pid, "time") != inode("self", "time")


@pytest.mark.parametrize("type", [
    pytest.param("ipc", marks=needs(probes.new_mqueue)),
    "uts", "network", "cgroup", "user", "time",
])
def test_not_listed(container: Container, type: str) -> None:
    """NS-4: a type that is not listed is the caller's namespace."""
    container.bundle.no_namespace(type)
    container.bundle.config.pop("hostname")
    if type == "network":
        container.bundle.config["mounts"][-1] = {
            "destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"],
        }  # fmt: skip
    container.create()
    assert inode(container.pid, type) == inode("self", type)


@needs(probes.new_proc)
def test_no_pid_namespace(container: Container) -> None:
    """NS-4: without a pid namespace the program has the pid that the host sees."""
    container.bundle.no_namespace("pid").sh("echo $$")
    container.up()
    container.wait()
    assert container.output() == f"{container.pid}\n"


@pytest.mark.parametrize("type", JOINABLE)
def test_joined(container: Container, other: Container, type: str) -> None:
    """NS-2: with a path the program is in that very namespace."""
    if type == "uts":
        container.bundle.config.pop("hostname")
    container.bundle.namespace(type, f"/proc/{other.pid}/ns/{FILES[type]}")
    container.up()
    rest = set(JOINABLE) - {type, "cgroup"}
    assert inode(container.pid, type) == inode(other.pid, type)
    assert all(inode(container.pid, name) != inode(other.pid, name) for name in rest)
    end(container)


@needs(probes.mount_api)  # mount(2) by descriptor needs /proc/self: that is another namespace's
def test_joined_mount_namespace(container: Container, other: Container) -> None:
    """NS-2: a mount namespace can be joined by path."""
    container.bundle.namespace("mount", f"/proc/{other.pid}/ns/mnt")
    container.bundle.config["root"]["path"] = "/"
    container.bundle.config["mounts"] = []
    container.bundle.no_namespace("network")
    container.bundle.write()
    result = container.runtime.run(
        "create", "--bundle", container.bundle.path, "--pid-file", container.pid_file, container.id
    )
    if result.code == 0:
        container.pid = int(container.pid_file.read_text())
        assert inode(container.pid, "mount") == inode(other.pid, "mount")
    else:
        assert "mount" in result.error


def test_joined_pid_namespace_is_shared(container: Container, other: Container) -> None:
    """NS-2: in a joined pid namespace the program sees the other's processes and is not 1."""
    container.bundle.namespace("pid", f"/proc/{other.pid}/ns/pid")
    container.bundle.sh("echo $$; cat /proc/1/cmdline | tr '\\0' ' '")
    container.up()
    container.wait()
    number, line = container.output().splitlines()
    assert int(number) > 1 and line == "/bin/inside pause "


def test_all_of_another(container: Container, other: Container) -> None:
    """NS-2, NS-6: all that can be joined of another container at once, in any order."""
    bundle = container.bundle
    bundle.config.pop("hostname")
    for type in reversed(JOINABLE):
        bundle.namespace(type, f"/proc/{other.pid}/ns/{FILES[type]}")
    container.up()
    assert all(inode(container.pid, type) == inode(other.pid, type) for type in JOINABLE)
    assert container.exec("/bin/hostname").out == "inside\n"
    end(container)


@needs(probes.user_namespaces)
@departs("runc", "1.1 wants maps with a joined user namespace")
def test_all_of_another_with_user(
    container: Container, make_container: Callable[[str], Container]
) -> None:
    """NS-6: the namespaces of another container that are owned by its user namespace, and that
    one itself, are joined in whatever order the kernel needs."""
    other = make_container("other")
    other.bundle.namespace("user")
    other.bundle.linux["uidMappings"] = other.bundle.linux["gidMappings"] = MAPS
    other.up()
    bundle = container.bundle
    bundle.config.pop("hostname")
    types = ["user", "pid", "ipc", "uts", "network"]
    for type in types:
        bundle.namespace(type, f"/proc/{other.pid}/ns/{FILES[type]}")
    container.up()
    assert all(inode(container.pid, type) == inode(other.pid, type) for type in types)
    assert container.exec("/bin/id", "-u").out == "0\n"
    end(container)


def test_pinned(container: Container, home: Path) -> None:
    """NS-2: a namespace that lives on only as a bind-mounted file can be joined; the waiting
    container does not keep that mount busy."""
    pinned = home / "netns"
    pinned.touch()
    subprocess.run(
        ["unshare", "--net", "mount", "--bind", "/proc/self/ns/net", pinned],
        check=True, capture_output=True,
    )  # fmt: skip
    container.bundle.namespace("network", str(pinned))
    container.create()
    wanted = pinned.stat().st_ino
    assert inode(container.pid, "network") == wanted
    subprocess.run(["umount", pinned], check=True)


@departs("runc", "1.1 says it in several lines")
@pytest.mark.parametrize("type", SIMPLE)
def test_wrong_type(container: Container, type: str) -> None:
    """NS-2: a path to a namespace of another type is an error that names it."""
    wrong = "uts" if type != "uts" else "ipc"
    container.bundle.config.pop("hostname")
    container.bundle.namespace(type, f"/proc/self/ns/{FILES[wrong]}")
    container.fails()


@departs("runc", "1.1 says it in several lines")
@pytest.mark.parametrize("path", ["/etc/passwd", "/dev/null", "/proc/self/ns"])
def test_not_a_namespace(container: Container, path: str) -> None:
    """NS-2: a path to what is no namespace is an error."""
    container.bundle.namespace("network", path)
    container.fails()


def test_relative_path(container: Container) -> None:
    """NS-2: a relative path is refused."""
    container.bundle.namespace("network", "proc/self/ns/net")
    container.fails()


@departs("runc", "1.1 takes the last one")
def test_twice(container: Container) -> None:
    """NS-5: the same type twice is an error."""
    container.bundle.linux["namespaces"] += [{"type": "ipc"}]
    assert "ipc" in container.fails()


def test_empty_path(container: Container) -> None:
    """NS-7: an empty path counts as none."""
    container.bundle.no_namespace("ipc").linux["namespaces"].append({"type": "ipc", "path": ""})
    container.create()
    assert inode(container.pid, "ipc") != inode("self", "ipc")


def test_loopback_is_up(container: Container) -> None:
    """NS-3: in a new network namespace lo is there and up."""
    container.bundle.args("/bin/cat", "/sys/class/net/lo/flags")
    assert int(container.report()[0], 16) & 1


def test_hostname_of_a_joined_namespace(container: Container, other: Container) -> None:
    """NS-2, HST-1: a hostname given with a joined UTS namespace is set there."""
    container.bundle.config["hostname"] = "renamed"
    container.bundle.namespace("uts", f"/proc/{other.pid}/ns/uts")
    container.bundle.args("/bin/hostname")
    container.up()
    container.wait()
    assert container.output() == "renamed\n"
    assert other.exec("/bin/hostname").out == "renamed\n"


def test_delete_leaves_the_joined_one(container: Container, other: Container) -> None:
    """OPS-D4: deleting a container leaves the namespace that it joined alone."""
    container.bundle.namespace("ipc", f"/proc/{other.pid}/ns/ipc")
    container.up()
    before = inode(other.pid, "ipc")
    container.delete("--force")
    assert inode(other.pid, "ipc") == before
    assert other.exec("/bin/true").code == 0


def test_cgroup_namespace_is_rooted_in_the_containers_cgroup(container: Container) -> None:
    """NS-6: a new cgroup namespace has the container's own cgroup for its root."""
    container.bundle.namespace("cgroup").args("/bin/cat", "/proc/self/cgroup")
    lines = container.report()
    if cgroupfs.layout() != "v2":  # beside v1 the hierarchy of v2 has no controllers
        lines = [line for line in lines if "::" not in line]
    assert {line.split(":", 2)[2] for line in lines} == {"/"}


@pytest.fixture
def offsets(container: Container) -> Iterator[Container]:
    """A container with its own clocks."""
    container.bundle.namespace("time")
    yield container


TIME = [needs(probes.time_namespaces), departs("runc", "1.1 does not know the time namespace")]


class TestTime:
    """linux.timeOffsets."""

    pytestmark = TIME

    @pytest.mark.parametrize(("clock", "number"), [("monotonic", 1), ("boottime", 7)])
    @pytest.mark.parametrize("seconds", [100000, -40])  # a clock below 0 is refused: after boot
    def test_offset(self, offsets: Container, clock: str, number: int, seconds: int) -> None:
        """TIM-2: the clock inside is ahead of the host's by so much."""
        offsets.bundle.linux["timeOffsets"] = {clock: {"secs": seconds, "nanosecs": 0}}
        offsets.bundle.inside("clock", str(number))
        (inside,) = offsets.report()
        assert abs(int(inside) - time.clock_gettime(number) - seconds) < 30

    def test_file(self, offsets: Container) -> None:
        """TIM-2: /proc/self/timens_offsets shows both offsets."""
        wanted = {"monotonic": {"secs": 5, "nanosecs": 7}, "boottime": {"secs": 1 << 32}}
        offsets.bundle.linux["timeOffsets"] = wanted
        offsets.bundle.args("/bin/cat", "/proc/self/timens_offsets")
        lines = [line.split() for line in offsets.report()]
        assert lines == [["monotonic", "5", "7"], ["boottime", str(1 << 32), "0"]]

    @needs(probes.user_namespaces)
    def test_in_a_user_namespace(self, offsets: Container) -> None:
        """TIM-2: offsets work with a new user namespace."""
        offsets.bundle.namespace("user")
        offsets.bundle.linux["uidMappings"] = offsets.bundle.linux["gidMappings"] = MAPS
        offsets.bundle.linux["timeOffsets"] = {"monotonic": {"secs": 100000}}
        offsets.bundle.args("/bin/cat", "/proc/self/timens_offsets")
        assert offsets.report()[0].split() == ["monotonic", "100000", "0"]

    def test_exec(self, offsets: Container) -> None:
        """NS-2, TIM-2: an exec'd program has the container's clocks."""
        offsets.bundle.linux["timeOffsets"] = {"boottime": {"secs": 100000}}
        offsets.up()
        inside = int(offsets.exec("inside", "clock", "7").out)
        assert abs(inside - time.clock_gettime(7) - 100000) < 30

    @pytest.mark.parametrize("clock", ["realtime", "tai", ""])
    def test_other_clock(self, offsets: Container, clock: str) -> None:
        """TIM-1: other clocks are refused."""
        offsets.bundle.linux["timeOffsets"] = {clock: {"secs": 1}}
        offsets.fails()

    def test_nanoseconds(self, offsets: Container) -> None:
        """TIM-3: a second's worth of nanoseconds is refused."""
        offsets.bundle.linux["timeOffsets"] = {"monotonic": {"nanosecs": 1000000000}}
        assert "nanosecs" in offsets.fails()

    def test_without_namespace(self, container: Container) -> None:
        """TIM-3: offsets without a time namespace are refused."""
        container.bundle.linux["timeOffsets"] = {"monotonic": {"secs": 1}}
        assert "time" in container.fails()

    def test_joined(self, offsets: Container, make_container: Callable[[str], Container]) -> None:
        """NS-2: a time namespace joined by path."""
        offsets.bundle.linux["timeOffsets"] = {"monotonic": {"secs": 100000}}
        offsets.up()
        other = make_container("second")
        other.bundle.namespace("time", f"/proc/{offsets.pid}/ns/time")
        other.up()
        assert inode(other.pid, "time") == inode(offsets.pid, "time")
