# SPDX-License-Identifier: Apache-2.0
"""Mounts and devices as ops: their order, flags, sources, the cgroup view, and what is refused."""

from __future__ import annotations

import pytest

from pyrunc.errors import ConfigError
from pyrunc.plan import ops
from pyrunc.plan.facts import Facts

from .conftest import Config, MakePlan, between, codes, only, strings_of


def test_dev_bound_from_the_host(container_plan: MakePlan, config: Config) -> None:
    """DEV-10: a /dev that is a bind of the host's is left alone."""
    config["mounts"] = [{"destination": "/dev/", "source": "/dev", "options": ["rbind"]}]
    found = codes(container_plan())
    assert between(found, "ROOTFS", "PIVOT") == ["ROOTFS", "BIND", "PIVOT"]


def test_own_device_in_the_place_of_a_default(container_plan: MakePlan, config: Config) -> None:
    """DEV-8: a listed device takes the place of the default of the same path."""
    config["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3,
                                   "fileMode": 0o600}]  # fmt: skip
    plan = container_plan()
    nodes = [op for op in plan.ops if strings_of(plan, op)[0] == "/dev/null"]
    assert [node.numbers[0] for node in nodes] == [0o020600]


def test_working_directory_is_made(container_plan: MakePlan, config: Config) -> None:
    """PRC-2: a cwd that is not there is made, before hooks and the switch."""
    config["process"]["cwd"] = "/a/b"
    found = codes(container_plan())
    assert between(found, "UNLINK", "PIVOT")[2:] == ["MKDIR", "PIVOT"]


def test_read_only_dev(container_plan: MakePlan, config: Config) -> None:
    """MNT: /dev becomes read-only after its nodes were made."""
    config["mounts"] = [{"destination": "/dev", "type": "tmpfs", "options": ["ro", "nosuid"]}]
    plan = container_plan()
    assert only(plan, "MOUNT").numbers[0] == 2 and only(plan, "MOUNT").numbers[3] == 0
    assert only(plan, "SETATTR").words == "make /dev read-only"
    assert between(codes(plan), "PIVOT", "SETATTR") == ["PIVOT", "SETATTR"]


@pytest.mark.parametrize("namespaced", [True, False])
def test_cgroup_view_v1(
    container_plan: MakePlan, config: Config, facts: Facts, namespaced: bool
) -> None:
    """MNT-11: v1: a tmpfs, a mount a hierarchy, links for joint controllers, attributes last."""
    facts.cgroup_mounts = [("cpu,cpuacct", ["cpu", "cpuacct"], "/sys/fs/cgroup/cpu/c1")]
    config["mounts"] = [{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro"]}]
    if namespaced:
        config["linux"]["namespaces"].append({"type": "cgroup"})
    plan = container_plan()
    view = between(codes(plan), "ROOTFS", "DEVICE")[1:-1]
    assert view == ["MOUNT", "MOUNT" if namespaced else "BIND", "SYMLINK", "SYMLINK", "SETATTR"]
    assert only(plan, "SETATTR").numbers[0] == 1


@pytest.mark.parametrize("namespaced", [True, False])
def test_cgroup_view_v2(
    container_plan: MakePlan, config: Config, facts: Facts, namespaced: bool
) -> None:
    """MNT-11: v2 is one mount, or a bind of the container's own group without a namespace."""
    facts.cgroup_version = 2
    facts.cgroup_mounts = [("", [], "/sys/fs/cgroup/c1")]
    config["mounts"] = [{"destination": "/sys/fs/cgroup", "type": "cgroup"}]
    if namespaced:
        config["linux"]["namespaces"].append({"type": "cgroup"})
    plan = container_plan()
    view = between(codes(plan), "ROOTFS", "DEVICE")[1:-1]
    assert view == ["MOUNT" if namespaced else "BIND"]


def test_many_sources(container_plan: MakePlan, config: Config, facts: Facts) -> None:
    """MNT: descriptors of sources come in as many messages as the mounts need."""
    facts.open_sources = True
    config["mounts"] = [
        {"destination": f"/m{n}", "source": "/s", "options": ["bind"]} for n in range(600)
    ]
    plan = container_plan()
    assert codes(plan).count("SYNC:SOURCES") == 3 and len(facts.sources) == 601
    indexes = [op.numbers[3] for op in plan.ops if op.code == "BIND"]
    assert indexes == list(range(1, 601))


def test_bind_source_is_relative_to_the_bundle(container_plan: MakePlan, config: Config) -> None:
    """MNT-3: a relative source of a bind is taken from the bundle."""
    config["mounts"] = [{"destination": "d", "source": "s", "options": ["rbind", "ro"]}]
    plan = container_plan()
    op = only(plan, "BIND")
    assert strings_of(plan, op)[1:3] == ["/b/s", "/d"]
    assert (op.numbers[0], op.flags, op.words) == (1, ops.MOUNT_RECURSIVE, "mount /b/s on /d")


@pytest.mark.parametrize(
    ("mount", "flags"),
    [
        ({"destination": "/proc", "type": "proc"}, ops.MOUNT_IN_PROC | ops.MOUNT_PLAIN_DIR),
        ({"destination": "/sys", "type": "sysfs"}, ops.MOUNT_PLAIN_DIR),
        ({"destination": "/t", "type": "tmpfs", "options": ["tmpcopyup"]}, ops.MOUNT_COPYUP),
        ({"destination": "/proc/uptime", "source": "/u", "options": ["bind"]}, ops.MOUNT_IN_PROC),
        ({"destination": "/proc", "source": "/proc", "options": ["rbind"]},
         ops.MOUNT_IN_PROC | ops.MOUNT_FROM_PROC | ops.MOUNT_RECURSIVE),
    ],
)  # fmt: skip
def test_mount_flags(container_plan: MakePlan, config: Config, mount: Config, flags: int) -> None:
    """MNT-8: proc and sysfs want plain directories; /proc only takes procfs and lxcfs' files."""
    config["mounts"] = [mount]
    plan = container_plan()
    (op,) = (op for op in plan.ops if op.code in ("MOUNT", "BIND"))
    assert op.flags == flags


@pytest.mark.parametrize(
    ("mount", "text"),
    [
        ({"destination": "/.", "type": "tmpfs"},
         "mounts[0].destination: a mount on / would cover the root filesystem"),
        ({"destination": "/x", "source": "/s", "options": ["bind", "size=1", "y"]},
         "mounts[0].options: a bind mount cannot have filesystem-specific options: size=1,y"),
        ({"destination": "/x", "options": ["bind"]},
         "mounts[0].source: a bind mount needs a source"),
        ({"destination": "/x"}, "mounts[0].type: a mount that is not a bind needs a type"),
        ({"destination": "/x", "type": "tmpfs", "options": ["idmap"]},
         "mounts[0].options: idmap is for bind mounts only"),
        ({"destination": "/proc", "type": "tmpfs"},
         "mounts[0].destination: only procfs may be mounted on /proc, not tmpfs"),
        ({"destination": "/x/../proc/sys/kernel", "type": "tmpfs"},
         'mounts[0].destination: "/proc/sys/kernel" cannot be mounted because it is inside /proc'),
    ],
)  # fmt: skip
def test_refused_mounts(container_plan: MakePlan, config: Config, mount: Config, text: str) -> None:
    """MNT-9, VAL-1: what may not be mounted is refused by its place in the config."""
    config["mounts"] = [mount]
    with pytest.raises(ConfigError) as caught:
        container_plan()
    assert str(caught.value) == text
