# SPDX-License-Identifier: Apache-2.0
"""The root filesystem: read-only, propagation, and the two ways to make it the root."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container, departs, mountinfo, probes, until
from .harness.mountinfo import MS_BIND, MS_PRIVATE, MS_REC, MS_SHARED

ROOTS = pytest.mark.parametrize("flags", [(), ("--no-pivot",)], ids=["pivot", "no-pivot"])
DEVICES = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")}


def test_readonly(container: Container) -> None:
    """ROOT-5: a read-only root cannot be written."""
    container.bundle.config["root"]["readonly"] = True
    container.bundle.sh("inside write /new x; inside mount none / none 0x20 ''")
    assert container.report()[0] == "EROFS"


def test_writable(container: Container) -> None:
    """ROOT-5: without readonly the root can be written, and the bundle has what was written."""
    container.bundle.sh("echo it > /new")
    container.report()
    assert (container.bundle.rootfs / "new").read_text() == "it\n"


def test_readonly_is_not_recursive(container: Container) -> None:
    """ROOT-6: mounts below a read-only root stay writable."""
    container.bundle.config["root"]["readonly"] = True
    container.bundle.mount("/tmp", "tmpfs", "tmpfs").sh("inside write /tmp/x x; inside write /x x")
    assert container.report() == ["ok", "EROFS"]


def test_readonly_leaves_the_host_alone(container: Container) -> None:
    """ROOT-5: the bundle's directory itself stays writable for the host."""
    container.bundle.config["root"]["readonly"] = True
    container.up()
    (container.bundle.rootfs / "late").write_text("x")


def test_readonly_makes_devices_and_targets_first(container: Container, home: Path) -> None:
    """ROOT-5, MNT-8: mountpoints are made below a root that becomes read-only."""
    container.bundle.config["root"]["readonly"] = True
    container.bundle.bind(home, "/not/there").sh("inside stat /not/there; inside write /x x")
    assert container.report()[1] == "EROFS"


def test_absolute_path(container: Container) -> None:
    """ROOT-2: root.path may be absolute."""
    container.bundle.config["root"]["path"] = str(container.bundle.rootfs)
    container.bundle.args("/bin/echo", "here")
    assert container.report() == ["here"]


def test_relative_path_is_the_bundles(container: Container) -> None:
    """ROOT-2: a relative root.path is taken from the bundle, whatever the caller's cwd."""
    container.bundle.args("/bin/echo", "here")
    container.up(cwd="/")
    assert (container.wait(), container.output()) == (0, "here\n")


@departs("runc", "refuses a root filesystem behind a link")
def test_link_to_the_root(container: Container) -> None:
    """ROOT-7: a root.path that is a link is followed on the host."""
    bundle = container.bundle
    (bundle.path / "link").symlink_to("rootfs")
    bundle.own.add("link")
    bundle.config["root"]["path"] = "link"
    bundle.args("/bin/echo", "here")
    assert container.report() == ["here"]


@ROOTS
def test_nothing_of_the_old_root(container: Container, flags: tuple[str, ...]) -> None:
    """NS-3: the container's mounts are the container's only: none shows the host's root."""
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    container.up(*flags)
    assert container.wait() == 0
    mounts = mountinfo.parse(container.output().splitlines())
    points = {mount.point for mount in mounts}
    bound = DEVICES if probes.device_nodes() else set()
    assert points == bound | {
        "/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys",
    }  # fmt: skip


@ROOTS
def test_dotdot_of_the_root(container: Container, flags: tuple[str, ...]) -> None:
    """NS-3: ".." at the root stays there."""
    container.bundle.sh("cd /; cd ../../..; ls bin/inside; inside cwd")
    container.up(*flags)
    assert container.wait() == 0 and container.output() == "bin/inside\n/\n"


@ROOTS
def test_works(container: Container, flags: tuple[str, ...]) -> None:
    """LIF-1: create, start, exec work with either way into the root."""
    container.up(*flags)
    assert container.exec("/bin/cat", "/etc/passwd").out.startswith("root:")


def below_the_root(pid: int, *names: str) -> list[list[str]]:
    """What a process of the container that may unmount finds when it takes the root away: the
    entries of each named directory of what lies below."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
        mountinfo.libc.setns(fd, 0)
        mountinfo.libc.umount2(b"/", mountinfo.MNT_DETACH)
        mountinfo.libc.setns(fd, 0)
        os.write(writer, json.dumps([os.listdir(name) for name in names]).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    return json.loads(data)  # type: ignore[no-any-return]


def test_no_pivot_hides_the_hosts_proc(container: Container) -> None:
    """NS-3, MSK-1: without pivot_root the old root lies below, but its procfs and sysfs are gone:
    they would undo every masked path."""
    container.create("--no-pivot")
    top, proc, sys = below_the_root(container.pid, "/", "/proc", "/sys")
    assert "boot" in top, "the old root was not reached: the test proves nothing"
    assert (proc, sys) == ([], [])


@pytest.fixture
def host(container: Container, home: Path) -> Iterator[Path]:
    """The bundle's rootfs on a mount of its own that is shared among the host's."""
    path = container.bundle.rootfs
    mountinfo.mount(path, path, None, MS_BIND | MS_REC)
    mountinfo.mount("", path, None, MS_PRIVATE)
    mountinfo.mount("", path, None, MS_SHARED)
    yield path
    container.clean()
    container.pid = 0
    mountinfo.unmount(path)


PROPAGATION = {
    None: (["master"], []),
    "slave": (["master"], []),
    "rslave": (["master"], []),
    "private": ([], []),
    "rprivate": ([], []),
    "shared": (["shared"], []),
    "rshared": (["shared"], ["shared"]),
    "unbindable": (["unbindable"], []),
    "runbindable": (["unbindable"], ["unbindable"]),
}


@pytest.mark.parametrize(
    "word",
    [
        *(word for word in PROPAGATION if word not in ("rshared", "shared", "runbindable")),
        pytest.param("runbindable", marks=departs("runc", "1.1 cannot bind the root then")),
    ],
)
def test_propagation_of_a_shared_root(container: Container, host: Path, word: str | None) -> None:
    """RFP-1, RFP-2: what "/" and a mount made for the container are to other mounts."""
    if word:
        container.bundle.linux["rootfsPropagation"] = word
    container.bundle.mount("/mnt", "tmpfs", "tmpfs").args("/bin/cat", "/proc/self/mountinfo")
    lines = container.report()
    top, below = PROPAGATION[word]
    assert set(mountinfo.at(lines, "/").peers) <= set(top)
    assert mountinfo.at(lines, "/mnt").peers == below


@departs("runc", '1.1 leaves "/" private')
@pytest.mark.parametrize("word", ["shared", "rshared"])
def test_shared(container: Container, host: Path, word: str) -> None:
    """RFP-2: with shared "/" is in a peer group, which is not the host's."""
    container.bundle.linux["rootfsPropagation"] = word
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    top = mountinfo.at(container.report(), "/")
    assert "shared" in top.peers
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        ours = mountinfo.at(file, str(host))
    assert set(top.propagation).isdisjoint(ours.propagation)


@pytest.mark.parametrize("word", ["private", "rprivate", "unbindable"])
def test_private(container: Container, host: Path, word: str) -> None:
    """RFP-2: with private and unbindable "/" belongs to no peer group."""
    container.bundle.linux["rootfsPropagation"] = word
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    assert not {"shared", "master"} & set(mountinfo.at(container.report(), "/").peers)


@departs("runc", "1.1 makes the host's root unbindable first and cannot bind then")
def test_unbindable(container: Container) -> None:
    """RFP-2: an unbindable root cannot be bind-mounted."""
    container.bundle.linux["rootfsPropagation"] = "unbindable"
    caps = ["CAP_SYS_ADMIN"]
    container.bundle.process["capabilities"] = dict.fromkeys(
        ("bounding", "effective", "permitted"), caps
    )
    container.bundle.inside("mount", "/", "/tmp", "none", "0x1000", "")
    assert container.report() == ["EINVAL"]


@pytest.fixture
def shared(home: Path) -> Iterator[Path]:
    """A shared mount on the host to be bound into a container."""
    path = home / "shared"
    path.mkdir()
    mountinfo.mount("tmpfs", path, "tmpfs", 0)
    mountinfo.mount("", path, None, MS_PRIVATE)
    mountinfo.mount("", path, None, MS_SHARED)
    (path / "later").mkdir()
    yield path
    mountinfo.unmount(path)


def appears(container: Container, name: str) -> bool:
    """Say whether the running container sees the file `name`."""
    return container.exec("/bin/test", "-e", name).code == 0


def test_slave_volume_sees_later_mounts(container: Container, shared: Path) -> None:
    """RFP-2, OPT-1: what the host mounts later appears in a container's slave volume."""
    container.bundle.bind(shared, "/mnt", "rslave")
    container.up()
    mountinfo.mount("tmpfs", shared / "later", "tmpfs", 0)
    (shared / "later/file").write_text("x")
    assert appears(container, "/mnt/later/file")


def test_private_volume_does_not(container: Container, shared: Path) -> None:
    """RFP-2, OPT-1: it does not appear in a private volume."""
    container.bundle.bind(shared, "/mnt", "rprivate")
    container.up()
    mountinfo.mount("tmpfs", shared / "later", "tmpfs", 0)
    (shared / "later/file").write_text("x")
    assert not appears(container, "/mnt/later/file")


@pytest.mark.parametrize(("word", "seen"), [("rshared", True), ("rslave", False)])
def test_mounts_from_inside(container: Container, shared: Path, word: str, seen: bool) -> None:
    """RFP-2, OPT-1: what a container mounts in a shared volume reaches the host, and only then."""
    container.bundle.linux["rootfsPropagation"] = "shared" if seen else "slave"
    container.bundle.process["capabilities"] = {
        name: ["CAP_SYS_ADMIN"] for name in ("bounding", "effective", "permitted")
    }
    container.bundle.bind(shared, "/mnt", word)
    container.up()
    done = container.exec("inside", "mount", "tmpfs", "/mnt/later", "tmpfs", "0", "size=1m")
    assert done.out == "ok\n"
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [mount.point for mount in mountinfo.parse(file)]
    assert (str(shared / "later") in points) is seen


@departs("runc", "1.1 needs a /proc")
def test_no_mount_namespace(container: Container) -> None:
    """NS-4: without a mount namespace the root is changed and nothing is mounted on the host."""
    container.bundle.no_namespace("mount")
    container.bundle.config["mounts"] = []
    container.bundle.args("/bin/ls", "/")
    before = os.stat("/proc/self/ns/mnt").st_ino
    container.create()
    assert os.stat(f"/proc/{container.pid}/ns/mnt").st_ino == before
    container.start()
    assert container.wait() == 0
    assert "bin" in container.output().split() and "boot" not in container.output().split()


def test_deleted_rootfs(container: Container) -> None:
    """OPS-D1: delete works although somebody removed the root filesystem."""
    container.up()
    container.kill("KILL")
    container.wait()
    shutil.rmtree(container.bundle.rootfs)
    until(lambda: container.status == "stopped", "stopped")
    container.delete()
