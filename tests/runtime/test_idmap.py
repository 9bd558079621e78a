# SPDX-License-Identifier: Apache-2.0
"""Id-mapped mounts: whose files they show, with and without a user namespace."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, idmapping, needs, probes

MAP = [{"containerID": 0, "hostID": 5000, "size": 1000}]
USERS = [{"containerID": 0, "hostID": 100000, "size": 65536}]

pytestmark = [
    needs(idmapping.of_tests, probes.mount_api, probes.mount_setattr),
    departs("runc", "1.1 has no id-mapped mounts (standard 1.2)"),
]


@pytest.fixture
def data(home: Path) -> Path:
    """A directory with files of 0:1, 7:8 and, in a directory, 8:9."""
    path = home / "data"
    (path / "below").mkdir(parents=True)
    for name, owner in (("root", 0), ("seven", 7), ("below/eight", 8)):
        (path / name).touch()
        os.chown(path / name, owner, owner + 1)
    return path


def mount(container: Container, source: Path, *options: str, **more: Any) -> None:
    (container.bundle.rootfs / "data").mkdir()  # which a user namespace could not make
    container.bundle.config["mounts"].append(
        {"destination": "/data", "source": str(source), "options": list(options), **more}
    )


def owners(container: Container, *names: str) -> list[str]:
    """uid:gid of files below /data, as the container sees them."""
    files = [f"/data/{name}" for name in names]
    container.bundle.args("/bin/stat", "-c", "%u:%g", *files)
    return container.report()


def user_namespace(container: Container) -> None:
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = USERS
    container.bundle.linux["gidMappings"] = USERS
    for path in container.bundle.path.parents:
        if path.stat().st_mode & 0o1 == 0:
            path.chmod(path.stat().st_mode | 0o1)


@pytest.mark.parametrize("word", ["idmap", "ridmap"])
def test_own_mappings(container: Container, data: Path, word: str) -> None:
    """IDM-1, IDM-4, IDM-5: exactly the mount's own mappings decide whose the files are."""
    mount(container, data, "bind", word, uidMappings=MAP, gidMappings=MAP)
    assert owners(container, "root", "seven") == ["5000:5001", "5007:5008"]


def test_uids_and_gids_apart(container: Container, data: Path) -> None:
    """IDM-5: users and groups each have their own mappings."""
    gids = [{"containerID": 0, "hostID": 9000, "size": 1000}]
    mount(container, data, "rbind", "idmap", uidMappings=MAP, gidMappings=gids)
    assert owners(container, "seven") == ["5007:9008"]


def test_mappings_without_a_word(container: Container, data: Path) -> None:
    """IDM-3: mappings alone mean idmap."""
    mount(container, data, "bind", uidMappings=MAP, gidMappings=MAP)
    assert owners(container, "seven") == ["5007:5008"]


def test_unmapped_ids(container: Container, data: Path) -> None:
    """IDM-4: what the mappings leave out belongs to nobody."""
    small = [{"containerID": 0, "hostID": 5000, "size": 1}]
    mount(container, data, "bind", "idmap", uidMappings=small, gidMappings=small)
    assert owners(container, "root", "seven") == ["5000:65534", "65534:65534"]


def test_new_files(container: Container, data: Path) -> None:
    """IDM-4: what the container makes is stored with the id on the file system."""
    mount(container, data, "bind", "idmap", uidMappings=MAP, gidMappings=MAP)
    container.bundle.process["user"] = {"uid": 5007, "gid": 5007}
    (data / "below").chmod(0o777)
    container.bundle.args("/bin/touch", "/data/below/new")
    assert container.report() == []
    assert (data / "below/new").stat().st_uid == 7


@pytest.mark.parametrize("word", ["idmap", "ridmap"])
def test_attributes(container: Container, data: Path, word: str) -> None:
    """IDM-8: the word is no file system data, and other options work beside it."""
    mount(container, data, "rbind", word, "ro", "rnosuid", uidMappings=MAP, gidMappings=MAP)
    container.bundle.sh("touch /data/x 2>&1; grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6")
    refusal, flags = container.report()
    assert "Read-only file system" in refusal
    assert {"ro", "nosuid", "idmapped"} <= set(flags.split(","))


def with_mount_below(data: Path, call: Callable[[], list[str]]) -> list[str]:
    """Call while another file system with a file of 8 is mounted on data/below."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", data / "below"], check=True)
    try:
        (data / "below/eight").touch()
        os.chown(data / "below/eight", 8, 9)
        return call()
    finally:
        subprocess.run(["umount", data / "below"], check=True)


@pytest.mark.parametrize(
    ("word", "below"),
    [
        ("idmap", "8:9"),
        pytest.param("ridmap", "5008:5009", marks=needs(idmapping.of_tmpfs)),
    ],
)
def test_recursion(container: Container, data: Path, word: str, below: str) -> None:
    """IDM-9: ridmap maps the mounts below too, idmap only the top one."""
    mount(container, data, "rbind", word, uidMappings=MAP, gidMappings=MAP)
    got = with_mount_below(data, lambda: owners(container, "seven", "below/eight"))
    assert got == ["5007:5008", below]


@needs(probes.user_namespaces)
def test_mapping_of_the_container(container: Container, data: Path) -> None:
    """IDM-6: without mappings those of the container's user namespace are used."""
    user_namespace(container)
    mount(container, data, "bind", "idmap")
    assert owners(container, "root", "seven") == ["0:1", "7:8"]


@needs(probes.user_namespaces)
def test_own_mappings_in_a_user_namespace(container: Container, data: Path) -> None:
    """IDM-5: in a user namespace too the mount's own mappings are the ones."""
    user_namespace(container)
    host = [{"containerID": 0, "hostID": 100500, "size": 100}]
    mount(container, data, "bind", "idmap", uidMappings=host, gidMappings=host)
    assert owners(container, "root", "seven") == ["500:501", "507:508"]


@needs(probes.user_namespaces)
def test_joined_user_namespace(make_container: Callable[..., Container], data: Path) -> None:
    """IDM-6: a joined user namespace gives its mapping as well."""
    first, second = make_container("a"), make_container("b")
    user_namespace(first)
    first.up()
    second.bundle.namespace("user", f"/proc/{first.pid}/ns/user")
    mount(second, data, "bind", "ridmap")
    assert owners(second, "root", "seven") == ["0:1", "7:8"]


def test_no_mapping(container: Container, data: Path) -> None:
    """IDM-7: idmap without mappings and without a user namespace is refused."""
    mount(container, data, "bind", "idmap")
    assert "idmap is asked for" in container.fails()


def test_half_a_mapping(container: Container, data: Path) -> None:
    """IDM-2: uidMappings without gidMappings is refused."""
    mount(container, data, "bind", "idmap", uidMappings=MAP)
    assert "gidMappings" in container.fails()


def test_not_a_bind(container: Container) -> None:
    """IDM-10: only binds are id-mapped."""
    more = {"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["idmap"]}
    container.bundle.config["mounts"].append({**more, "uidMappings": MAP, "gidMappings": MAP})
    assert "only bind mounts can be idmapped" in container.fails()


def test_what_cannot_be_mapped(container: Container) -> None:
    """IDM-4: a source that the kernel cannot id-map is an error that names it."""
    mount(container, Path("/proc/sys"), "bind", "idmap", uidMappings=MAP, gidMappings=MAP)
    message = container.fails()
    assert "idmap mount source /proc/sys: mount_setattr: invalid argument" in message
    assert "its file system cannot be id-mapped" in message


def test_missing_source(container: Container, home: Path) -> None:
    """MNT-3, IDM-4: a source that is not there is named."""
    mount(container, home / "gone", "bind", "idmap", uidMappings=MAP, gidMappings=MAP)
    text = f"idmap mount source {home}/gone: open_tree: no such file or directory"
    assert text in container.fails()


def test_overlapping_mapping(container: Container, data: Path) -> None:
    """IDM-1: mappings that the kernel would refuse are refused with their place."""
    mount(container, data, "bind", "idmap", uidMappings=MAP + MAP, gidMappings=MAP)
    assert "mounts[6].uidMappings" in container.fails()
