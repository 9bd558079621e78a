# SPDX-License-Identifier: Apache-2.0
"""A container in a user namespace: maps, ownership, joined, refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from .harness import Bundle, Container, departs, needs, probes

pytestmark = needs(probes.user_namespaces, probes.many_ids)
HOST = 100000
MAPS = [{"containerID": 0, "hostID": HOST, "size": 65536}]


def mapped(bundle: Bundle, maps: list[dict[str, Any]] | None = None) -> Bundle:
    """Give the bundle a new user namespace, and its files to that namespace's root."""
    bundle.namespace("user")
    bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = MAPS if maps is None else maps
    for where, _, names in os.walk(bundle.rootfs):
        for name in [where, *(os.path.join(where, name) for name in names)]:
            os.lchown(name, HOST, HOST)
    return bundle


def test_maps(container: Container) -> None:
    """UMP-1, UMP-2: the maps are those of the config, line by line."""
    maps = [
        {"containerID": 0, "hostID": HOST, "size": 1000},
        {"containerID": 1000, "hostID": 300000, "size": 1},
        {"containerID": 5000, "hostID": HOST + 5000, "size": 10},
    ]
    mapped(container.bundle, maps).sh("cat /proc/self/uid_map; cat /proc/self/gid_map")
    wanted = [[str(entry[name]) for name in entry] for entry in maps]
    assert [line.split() for line in container.report()] == wanted * 2


def test_different_maps(container: Container) -> None:
    """UMP-2: uid and gid maps are each their own."""
    mapped(container.bundle).linux["gidMappings"] = [
        {"containerID": 0, "hostID": 200000, "size": 10}
    ]
    container.bundle.sh("cat /proc/self/uid_map; cat /proc/self/gid_map")
    lines = [line.split() for line in container.report()]
    assert lines == [["0", str(HOST), "65536"], ["0", "200000", "10"]]


def test_host_sees_the_host_id(container: Container) -> None:
    """UMP-2, USR-1: the process' uid on the host is the mapped one."""
    mapped(container.bundle).process["user"] = {"uid": 1000, "gid": 2000}
    container.up()
    with open(f"/proc/{container.pid}/status", encoding="ascii") as file:
        ids = [line.split()[1:] for line in file if line.startswith(("Uid:", "Gid:"))]
    assert ids == [[str(HOST + 1000)] * 4, [str(HOST + 2000)] * 4]


def test_files_are_not_chowned(container: Container) -> None:
    """UMP-3: the runtime changes no owner in the root filesystem."""
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    container.bundle.sh("stat -c %u /etc/passwd")
    assert container.report() == ["65534"]
    assert (container.bundle.rootfs / "etc/passwd").stat().st_uid == 0


def test_root_inside_is_not_root_outside(container: Container) -> None:
    """UMP-2: root inside may do everything there and nothing to the host's files."""
    host = container.bundle.path / "hosts"
    container.bundle.own.add("hosts")
    host.write_text("mine")
    host.chmod(0o600)
    mapped(container.bundle)
    (container.bundle.rootfs / "mnt").mkdir()
    (container.bundle.rootfs / "mnt/f").touch()
    container.bundle.bind(host, "/mnt/f")
    container.bundle.sh("inside read /mnt/f 4; inside write /home/x x; id -u")
    assert container.report() == ["EACCES", "ok", "0"]


def test_capabilities_inside(container: Container) -> None:
    """CAP-2: capabilities are as listed, over the namespace's own things."""
    caps = ["CAP_SYS_ADMIN", "CAP_CHOWN"]
    mapped(container.bundle).process["capabilities"] = dict.fromkeys(
        ("bounding", "effective", "permitted"), caps
    )
    container.bundle.sh("inside mount tmpfs /tmp tmpfs 0 ''; inside mknod /tmp/x c 1 3")
    assert container.report() == ["ok", "EPERM"]


def test_all_the_rest(container: Container) -> None:
    """UMP-2: hostname, sysctls, masks, devices, a read-only root all work in it."""
    bundle = mapped(container.bundle)
    bundle.config["root"]["readonly"] = True
    bundle.config["hostname"] = "mapped"
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"}
    bundle.linux["maskedPaths"], bundle.linux["readonlyPaths"] = ["/proc/keys"], ["/proc/sys"]
    bundle.sh(
        "hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/keys;"
        "inside write /x x; inside write /dev/null x"
    )
    assert container.report() == ["mapped", "1", "9000", "EROFS", "ok"]


def test_groups(container: Container) -> None:
    """USR-4: additionalGids work with a mapped root."""
    mapped(container.bundle).process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5, 6]}
    container.bundle.args("/bin/grep", "Groups", "/proc/self/status")
    assert container.report()[0].split() == ["Groups:", "5", "6"]


@pytest.mark.parametrize("user", [{"uid": 70000, "gid": 0}, {"uid": 0, "gid": 70000}])
def test_unmapped_user(container: Container, user: dict[str, int]) -> None:
    """USR-5: a user that is not mapped is an error of create."""
    mapped(container.bundle).process["user"] = user
    container.fails()


def test_exec(container: Container) -> None:
    """NS-2: exec enters the user namespace and has its ids."""
    mapped(container.bundle)
    container.up()
    assert container.exec("/bin/id", "-u").out == "0\n"
    assert container.exec_with(["--user", "7:8"], "/bin/inside", "ids").lines[0] == "7 7 7 8 8 8"


@departs("runc", "1.1 wants maps with a joined user namespace")
def test_joined(container: Container, make_container: Callable[[str], Container]) -> None:
    """NS-2, UMP-5: another container's user namespace joined by path, without maps of its own."""
    other = make_container("other")
    mapped(other.bundle)
    other.up()
    mapped(container.bundle).namespace("user", f"/proc/{other.pid}/ns/user")
    del container.bundle.linux["uidMappings"], container.bundle.linux["gidMappings"]
    container.bundle.sh("id -u; cat /proc/self/uid_map")
    container.up()
    container.wait()
    first, second = container.output().splitlines()
    assert first == "0" and second.split() == ["0", str(HOST), "65536"]


@departs("runc", "1.1 ignores them")
def test_maps_without_a_namespace(container: Container) -> None:
    """UMP-5: maps without a user namespace are refused."""
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    container.fails()


def test_namespace_without_maps(container: Container) -> None:
    """UMP-5: a new user namespace without maps is refused."""
    container.bundle.namespace("user")
    container.fails()


@pytest.mark.parametrize(
    "maps",
    [
        [{"containerID": 0, "hostID": HOST, "size": 0}],
        [{"containerID": 0, "hostID": 4294967290, "size": 100}],
        [
            {"containerID": 0, "hostID": HOST, "size": 10},
            {"containerID": 5, "hostID": 1, "size": 9},
        ],
    ],
    ids=["empty", "overflow", "overlap"],
)
@departs("runc", "1.1 leaves a warning of its own beside the error")
def test_bad_maps(container: Container, maps: list[dict[str, int]]) -> None:
    """UMP-5: empty, overflowing and overlapping ranges are refused."""
    mapped(container.bundle, maps)
    assert "Mappings" in container.fails()


@departs("runc", "1.1 walks the path as the container's root")
@needs(probes.mount_api)  # mount(2) leaves no descriptor of what it mounted: the path is walked
def test_deeper_paths_of_the_host(container: Container) -> None:
    """UMP-3: a bundle below directories that only the host's root may enter works."""
    mapped(container.bundle)
    container.bundle.path.chmod(0o700)
    container.bundle.args("/bin/echo", "works")
    assert container.report() == ["works"]


def test_source_that_only_root_may_reach(container: Container) -> None:
    """MNT-3: a bind source below such a directory works too."""
    secret = container.bundle.path / "secret/inner"
    container.bundle.own.add("secret")
    secret.mkdir(parents=True)
    secret.parent.chmod(0o700)
    (secret / "file").write_text("there")
    mapped(container.bundle)
    (container.bundle.rootfs / "mnt").mkdir()
    container.bundle.bind(secret, "/mnt").args("/bin/cat", "/mnt/file")
    assert container.report() == ["there"]
