# SPDX-License-Identifier: Apache-2.0
"""Where linux.cgroupsPath leads, and which mounts a host's hierarchies are."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import hierarchies, paths
from pyrunc.cgroups.hierarchies import Layout
from pyrunc.errors import ConfigError, NativeError


def place(path: str, version: int = 1, own: str = "/user/me", **more: bool) -> str:
    return paths.place(path, "c1", version=version, own_path=lambda: own, **more)


@pytest.mark.parametrize(
    ("path", "version", "wanted"),
    [
        ("/a/b", 1, "a/b"),
        ("/a/b", 2, "a/b"),
        ("//a/./b/", 1, "a/b"),
        ("a/b", 1, "user/me/a/b"),
        ("a/b", 2, "user/a/b"),
        ("", 1, "c1"),
        ("", 2, "c1"),
    ],
)
def test_places(path: str, version: int, wanted: str) -> None:
    """CGP-1, CGP-3, CGP-4: absolute, relative to the caller's (v2: beside it), absent: /ID."""
    assert place(path, version) == wanted


def test_relative_from_the_root_cgroup() -> None:
    """CGP-4: a caller in the root cgroup has the container right below it."""
    assert place("a", 2, "/") == "a"


def test_rootless_default_is_beside_the_caller() -> None:
    """CGP-3: an unprivileged caller's default place is one that may have been delegated to it."""
    assert place("", 2, "/user/me/term", delegated=True) == "user/me/c1"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a/../b", 'contains ".."'),
        ("..", 'contains ".."'),
        ("/a\0b", "contains a NUL byte"),
        ("/a\nb", "contains a newline"),
        ("/", "the root cgroup cannot be a container's"),
        ("/" + "x" * 256, "a name is longer than 255 bytes"),
        ("/xy" * 2000, "longer than 3800 bytes"),
    ],
)
def test_bad_paths(path: str, reason: str) -> None:
    """CGP-2: a path that could lead elsewhere or be refused by the kernel is an error."""
    with pytest.raises(ConfigError) as caught:
        place(path)
    assert str(caught.value).startswith("linux.cgroupsPath ")
    assert reason in str(caught.value)


HYBRID = b"""\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpu\\040set rw - cgroup cgroup rw,cpuset,clone_children
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
50 31 0:29 /box /var/box/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
"""


def test_hybrid_mountinfo() -> None:
    """CGP-1: v1 controllers and named hierarchies, without copies elsewhere."""
    layout = hierarchies.layout_of(HYBRID, "/sys/fs/cgroup")
    assert layout.version == 1
    assert {name: mount.mountpoint for name, mount in layout.mounts.items()} == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuset": "/sys/fs/cgroup/cpu set",
        "name=systemd": "/sys/fs/cgroup/systemd",
    }


def test_v2_elsewhere() -> None:
    """CGP-1: without v1 controllers a v2 hierarchy is used wherever it is mounted."""
    line = b"41 31 0:38 /box /mnt/cg rw - cgroup2 cgroup2 rw\n"
    layout = hierarchies.layout_of(line, "/sys/fs/cgroup")
    assert (layout.version, layout.mounts[""].mountpoint, layout.mounts[""].root) == (
        2,
        "/mnt/cg",
        "/box",
    )


def test_mounted_over() -> None:
    """CGP-3: where a hierarchy is mounted over another, as by root of a user namespace, the upper
    one is what paths lead to."""
    lines = (
        b"47 44 0:27 /.. /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        b"48 44 0:28 /.. /sys/fs/cgroup/pids,misc rw - cgroup cgroup rw,pids\n"
        b"65 60 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        b"66 60 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    )
    mounts = hierarchies.layout_of(lines, "/sys/fs/cgroup").mounts
    assert {name: (mount.mountpoint, mount.root) for name, mount in mounts.items()} == {
        "cpu": ("/sys/fs/cgroup/cpu", "/"),
        "pids": ("/sys/fs/cgroup/pids", "/"),
    }


def test_no_cgroups_at_all() -> None:
    """CGP-1: a host without cgroups is told so."""
    with pytest.raises(ConfigError, match=r"^no cgroup file system is mounted at /sys/fs/cgroup$"):
        hierarchies.layout_of(b"22 1 0:20 / /proc rw - proc proc rw\n", "/sys/fs/cgroup")


def test_proc_cgroup() -> None:
    """CGP-4: every controller of a line has the line's path, which may contain colons."""
    assert hierarchies.parse_proc_cgroup(b"4:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/x\n") == [
        ("cpu", "/a:b"),
        ("cpuacct", "/a:b"),
        ("name=systemd", "/"),
        ("", "/x"),
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_a_link_below_the_mount_point_leads_nowhere(
    version: int, fake_v1: Layout, fake_v2: Layout, tmp_path: Path
) -> None:
    """CGP-2: a link in the place of a cgroup (no cgroup file system has any, a mount below it may)
    is not followed: nothing is made where it leads."""
    layout = fake_v1 if version == 1 else fake_v2
    outside = tmp_path / "outside"
    outside.mkdir()
    for mount in layout.mounts.values():
        (Path(mount.mountpoint) / "link").symlink_to(outside)
    with pytest.raises(NativeError) as caught:
        cgroups.open_manager("/link/c", "c", layout=layout).create()
    assert caught.value.errno == errno.ELOOP
    assert "link/c" in str(caught.value)
    assert not list(outside.iterdir())
