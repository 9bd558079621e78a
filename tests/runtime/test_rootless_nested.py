# SPDX-License-Identifier: Apache-2.0
"""A runtime inside a user namespace of its caller, as rootless podman calls it: root of little."""

from __future__ import annotations

from typing import Any

import pytest

from .harness import Container, departs, needs, probes, unprivileged
from .harness.unprivileged import AS_USER, ID

pytestmark = needs(probes.root, unprivileged.unprivileged_user_namespaces)


@pytest.fixture
def nested() -> dict[str, Any]:
    """How to call as root of a user namespace with the user's one id."""
    return unprivileged.in_user_namespace()


@pytest.fixture
def shared(rootless: Container) -> Container:
    """The container in the caller's user namespace, without one of its own."""
    rootless.bundle.no_namespace("user")
    del rootless.bundle.linux["uidMappings"], rootless.bundle.linux["gidMappings"]
    return rootless


def test_same_namespace(shared: Container, nested: dict[str, Any]) -> None:
    """NS-1: the container stays in the caller's user namespace."""
    shared.bundle.sh("cat /proc/self/uid_map; id -u")
    result = shared.run(**nested)
    assert (result.code, result.out.split()) == (0, ["0", str(ID), "1", "0"]), result.err


def test_devices(shared: Container, nested: dict[str, Any]) -> None:
    """DEV-8: devices are bound from the host, as nobody can make nodes in a user namespace."""
    shared.bundle.sh("echo lost > /dev/null; head -c 3 /dev/zero | wc -c")
    assert shared.run(**nested).out.strip() == "3"


@departs("runc", "1.1 mounts a sysfs or fails; engines bind /sys themselves")
def test_system_files(shared: Container, nested: dict[str, Any]) -> None:
    """MNT-1: /sys is the host's where a new sysfs may not be mounted."""
    shared.bundle.no_namespace("network").sh("test -d /sys/kernel && echo there")
    assert shared.run(**nested).out == "there\n"


@departs("runc", "1.1 leaves the groups out in silence")
def test_groups_are_refused(shared: Container, nested: dict[str, Any]) -> None:
    """USR-4: additionalGids where the caller's namespace denies setgroups are an error."""
    shared.bundle.process["user"]["additionalGids"] = [0]
    assert "group" in shared.fails(**nested).lower()


def test_own_namespace(rootless: Container, nested: dict[str, Any]) -> None:
    """UMP-2: a user namespace inside the caller's, whose denied setgroups it inherits."""
    maps = [{"containerID": 0, "hostID": 0, "size": 1}]
    rootless.bundle.linux.update(uidMappings=maps, gidMappings=maps)
    rootless.bundle.sh("cat /proc/self/uid_map /proc/self/setgroups")
    result = rootless.run(**nested)
    assert (result.code, result.out.split()) == (0, ["0", "0", "1", "deny"]), result.err


@departs("runc", "1.1 wants root to be mapped")
def test_keep_id(rootless: Container, nested: dict[str, Any]) -> None:
    """UMP-2: the user's own number inside, as podman's --userns=keep-id with one id has it."""
    maps = [{"containerID": ID, "hostID": 0, "size": 1}]
    rootless.bundle.linux.update(uidMappings=maps, gidMappings=maps)
    rootless.bundle.process["user"] = {"uid": ID, "gid": ID}
    rootless.bundle.sh("id -u; id -g")
    result = rootless.run(**nested)
    assert (result.code, result.out.split()) == (0, [str(ID), str(ID)]), result.err


@departs("runc", "1.1 says nsexec's messages, on several lines")
def test_exhausted_namespaces(rootless: Container) -> None:
    """ERR-1: where no user namespace may be made the error says where the limit is."""
    prefix = unprivileged.in_user_namespace()["prefix"]
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    maps = [{"containerID": 0, "hostID": 0, "size": 1}]
    rootless.bundle.linux.update(uidMappings=maps, gidMappings=maps)
    message = rootless.fails(prefix=[*prefix, "sh", "-c", script, "sh"])
    assert "no space left on device" in message.lower()


def test_whole_life(shared: Container, nested: dict[str, Any]) -> None:
    """LIF-5: what one call in the namespace made the user's other calls can see and end."""
    shared.create(**nested)
    shared.runtime("start", shared.id, **AS_USER)
    assert shared.runtime("state", shared.id, **AS_USER).json()["status"] == "running"
    shared.runtime("kill", shared.id, "KILL", **AS_USER)
    assert shared.wait() == 137
    shared.runtime("delete", shared.id, **AS_USER)
    shared.deleted = True
