# SPDX-License-Identifier: Apache-2.0
"""The session keyring of a container."""

from __future__ import annotations

from collections.abc import Callable

from .harness import Container, needs, probes


def keyring(container: Container) -> str:
    """The description of the session keyring inside: "type;uid;gid;perm;name"."""
    container.bundle.inside("keyring")
    return container.report()[0]


def test_name(container: Container) -> None:
    """PRC-6: the session keyring is new and named after the container."""
    assert keyring(container).split(";")[-1] == f"_ses.{container.id}"


def test_permissions(container: Container) -> None:
    """PRC-6: others have no rights on it; its user may search it."""
    permissions = int(keyring(container).split(";")[3], 16)
    assert permissions & 0xFFFF == 0 and permissions & 0x00080000


def test_each_has_its_own(container: Container, make_container: Callable[[str], Container]) -> None:
    """PRC-6: two containers have two keyrings."""
    other = make_container("other")
    assert keyring(container).split(";")[-1] != keyring(other).split(";")[-1]


def test_none(container: Container) -> None:
    """PRC-6: with --no-new-keyring the caller's stays."""
    container.bundle.inside("keyring")
    container.create("--no-new-keyring")
    container.start()
    assert container.wait() == 0 and f"_ses.{container.id}" not in container.output()


def test_exec(container: Container) -> None:
    """PRC-6: an exec'd program has a session keyring of the container's name too."""
    container.up()
    assert container.exec("inside", "keyring").out.strip().endswith(f"_ses.{container.id}")


@needs(probes.user_namespaces)
def test_in_a_user_namespace(container: Container) -> None:
    """PRC-6: in a user namespace the keyring belongs to the container's root."""
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = maps
    assert keyring(container).split(";")[1:3] == ["0", "0"]
