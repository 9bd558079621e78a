# SPDX-License-Identifier: Apache-2.0
"""linux.devices, the devices and links that every container has, and /dev itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, needs, probes

DEFAULTS = {
    "/dev/null": "1:3",
    "/dev/zero": "1:5",
    "/dev/full": "1:7",
    "/dev/random": "1:8",
    "/dev/urandom": "1:9",
    "/dev/tty": "5:0",
}
LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/ptmx": "pts/ptmx",
}


def device(container: Container, **entry: Any) -> dict[str, Any]:
    """Add an entry to linux.devices: a second name of /dev/null unless told otherwise."""
    whole = {"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, **entry}
    container.bundle.linux.setdefault("devices", []).append(whole)
    return whole


def seen(container: Container, path: str) -> str:
    """What the witness says of one path: "TYPE MODE UID GID MAJOR:MINOR MAGIC"."""
    container.bundle.inside("stat", path)
    return container.report()[0]


@needs(probes.device_nodes)
@pytest.mark.parametrize("path", DEFAULTS)
def test_default_device(container: Container, path: str) -> None:
    """DEV-8: the device is there with its numbers, readable and writable for all."""
    assert seen(container, path).startswith(f"c 0666 0 0 {DEFAULTS[path]} ")


def test_default_devices_work(container: Container) -> None:
    """DEV-8: what the devices are for works."""
    container.bundle.sh(
        "inside write /dev/null x; inside read /dev/zero 7; inside write /dev/full x;"
        "inside read /dev/urandom 9; inside read /dev/null 1"
    )
    assert container.report() == ["ok", "7", "ENOSPC", "9", "0"]


@pytest.mark.parametrize("link", LINKS)
def test_link(container: Container, link: str) -> None:
    """LNK-1, DEV-8: the link is there."""
    container.bundle.args("/bin/readlink", link)
    assert container.report() == [LINKS[link]]


@departs("runc", "1.1 needs a /proc")
def test_no_links_without_proc(container: Container) -> None:
    """LNK-1: without a procfs links to it may be left out, and create works."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if entry["destination"] != "/proc"
    ]
    container.bundle.args("/bin/echo", "works")
    assert container.report() == ["works"]


def test_present_link_is_left(container: Container) -> None:
    """LNK-1: what the image has in place of a link is left as it is."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    (container.bundle.rootfs / "dev/fd").symlink_to("elsewhere")
    container.bundle.args("/bin/readlink", "/dev/fd")
    assert container.report() == ["elsewhere"]


def test_ptmx_of_the_image_is_replaced(container: Container) -> None:
    """DEV-8: /dev/ptmx is the container's own, whatever the image has there."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if entry["destination"] != "/dev"
    ]
    (container.bundle.rootfs / "dev/ptmx").write_text("trap")
    container.bundle.args("/bin/readlink", "/dev/ptmx")
    assert container.report() == ["pts/ptmx"]


def test_ptmx_works(container: Container) -> None:
    """DEV-8: a terminal pair can be made inside, and it is in the container's own devpts."""
    container.bundle.sh("inside open /dev/ptmx 0x102; ls /dev/pts")
    assert container.report() == ["ok", "ptmx"]


@needs(probes.device_nodes)
@pytest.mark.parametrize("kind", ["c", "u", "b"])
def test_device(container: Container, kind: str) -> None:
    """DEV-1, DEV-2: a listed device is there with its type and numbers; u is another word for c."""
    device(container, type=kind, major=7, minor=200)
    letter = "b" if kind == "b" else "c"
    assert seen(container, "/dev/mine").startswith(f"{letter} 0666 0 0 7:200 ")


def test_fifo(container: Container) -> None:
    """DEV-2: a fifo needs no numbers."""
    container.bundle.linux["devices"] = [{"path": "/dev/fifo", "type": "p"}]
    assert seen(container, "/dev/fifo").startswith("p 0666 0 0 ")


@needs(probes.device_nodes)
@pytest.mark.parametrize("mode", [0, 0o600, 0o640, 0o777])
def test_mode(container: Container, mode: int) -> None:
    """DEV-5: fileMode is the mode, whatever the caller's umask."""
    device(container, fileMode=mode)
    container.bundle.inside("stat", "/dev/mine")
    result = container.run(preexec_fn=lambda: os.umask(0o077) and None)
    assert result.out.startswith(f"c {mode:04o} ")


@needs(probes.device_nodes)
def test_default_mode(container: Container) -> None:
    """DEV-5: without fileMode it is 0666, whatever the caller's umask."""
    device(container)
    container.bundle.inside("stat", "/dev/mine")
    assert container.run(preexec_fn=lambda: os.umask(0o077) and None).out.startswith("c 0666 ")


@needs(probes.device_nodes)
@pytest.mark.parametrize("mode", [8630, 25008])
def test_mode_with_a_type(container: Container, mode: int) -> None:
    """DEV-5: engines of old put the file type into fileMode: it plays no part."""
    device(container, fileMode=mode)
    container.bundle.inside("stat", "/dev/mine")
    assert container.run().out.startswith(f"c {mode & 0o777:04o} ")


@needs(probes.device_nodes)
def test_owner(container: Container) -> None:
    """DEV-5: uid and gid own the node."""
    device(container, uid=1000, gid=2000)
    assert seen(container, "/dev/mine").startswith("c 0666 1000 2000 ")


@needs(probes.device_nodes)
def test_elsewhere(container: Container) -> None:
    """DEV-4: a device may be anywhere; missing directories are made."""
    device(container, path="/opt/deep/er/null")
    assert seen(container, "/opt/deep/er/null").startswith("c 0666 0 0 1:3 ")


@needs(probes.device_nodes)
def test_below_dev(container: Container) -> None:
    """DEV-4: and in a directory below /dev."""
    device(container, path="/dev/net/tun", major=10, minor=200)
    assert seen(container, "/dev/net/tun").startswith("c 0666 0 0 10:200 ")


@needs(probes.device_nodes)
def test_replaces_a_default(container: Container) -> None:
    """DEV-9: a listed device with the path of a default one takes its place."""
    device(container, path="/dev/null", minor=5, fileMode=0o600)
    assert seen(container, "/dev/null").startswith("c 0600 0 0 1:5 ")


def without_dev(container: Container) -> Path:
    """Leave /dev to the image; return where it is on the host."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    return container.bundle.rootfs / "dev"


@needs(probes.device_nodes)
@departs("runc", "1.1 leaves the mode as it is")
def test_matching_node_is_kept(container: Container) -> None:
    """DEV-3: a node of the image that is the device asked for is fine."""
    os.mknod(without_dev(container) / "mine", 0o020600, os.makedev(1, 3))
    device(container)
    assert seen(container, "/dev/mine").startswith("c 0666 0 0 1:3 ")


@needs(probes.device_nodes)
@departs("runc", "takes whatever is there for the device")
@pytest.mark.parametrize("what", ["other device", "file", "directory", "link"])
def test_something_else_is_there(container: Container, what: str) -> None:
    """DEV-3: anything else at the path is an error, and stays as it was."""
    path = without_dev(container) / "mine"
    if what == "other device":
        os.mknod(path, 0o020666, os.makedev(1, 5))
    elif what == "file":
        path.write_text("mine")
    elif what == "directory":
        path.mkdir()
    else:
        path.symlink_to("null")
    before = path.lstat()
    device(container)
    assert "/dev/mine" in container.fails()
    assert path.lstat().st_ino == before.st_ino


@needs(probes.device_nodes)
def test_access(container: Container) -> None:
    """DEV-7, CGD-1: a listed device that the cgroup does not allow exists and cannot be opened."""
    device(container, major=1, minor=1)
    container.bundle.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    container.bundle.inside("open", "/dev/mine", "0")
    assert container.report() == ["EPERM"]


def test_dev_of_the_host(container: Container) -> None:
    """DEV-10: a /dev that is a bind of the host's is left alone."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    before = {entry: os.lstat(f"/dev/{entry}").st_ino for entry in os.listdir("/dev")}
    container.bundle.bind("/dev", "/dev").args("/bin/echo", "works")
    assert container.report() == ["works"]
    assert before == {entry: os.lstat(f"/dev/{entry}").st_ino for entry in os.listdir("/dev")}


def test_read_only_dev(container: Container) -> None:
    """OPT-1, DEV-8: a read-only /dev has its devices and links and is read-only then."""
    container.bundle.config["mounts"][1]["options"].append("ro")
    container.bundle.sh("inside write /dev/new x; inside write /dev/null x; readlink /dev/fd")
    assert container.report() == ["EROFS", "ok", "/proc/self/fd"]


@needs(probes.user_namespaces)
def test_in_a_user_namespace(container: Container) -> None:
    """DEV-9: in a user namespace the devices are the host's nodes, bound; they work."""
    bundle = container.bundle
    bundle.namespace("user")
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = maps
    bundle.inside("stat", *DEFAULTS)
    got = {line.split()[4] for line in container.report()}
    assert got == set(DEFAULTS.values())
