# SPDX-License-Identifier: Apache-2.0
"""process.user: ids, groups, umask."""

from __future__ import annotations

import os

import pytest

from .harness import Container, departs, needs, probes


def as_user(container: Container, **user: object) -> Container:
    """Make this the config's user."""
    container.bundle.process["user"] = {"uid": 0, "gid": 0, **user}
    return container


def test_ids(container: Container) -> None:
    """USR-1: uid and gid are the real, effective and saved ids."""
    as_user(container, uid=1234, gid=4321)
    container.bundle.inside("ids")
    assert container.report()[0] == "1234 1234 1234 4321 4321 4321"


def test_additional_gids(container: Container) -> None:
    """USR-4: additionalGids are exactly the supplementary groups."""
    as_user(container, uid=1000, gid=1000, additionalGids=[5, 2000, 70000])
    container.bundle.args("/bin/grep", "Groups", "/proc/self/status")
    assert container.report()[0].split() == ["Groups:", "5", "2000", "70000"]


def test_no_additional_gids(container: Container) -> None:
    """USR-4: without additionalGids there are no supplementary groups, whatever the caller has."""
    as_user(container, uid=1000, gid=1000)
    container.bundle.args("/bin/grep", "Groups", "/proc/self/status")
    result = container.run(preexec_fn=lambda: os.setgroups([7, 8, 9]))
    assert result.out.split() == ["Groups:"]


def test_groups_file_plays_no_part(container: Container) -> None:
    """USR-2: the image's /etc/group adds nothing."""
    as_user(container, uid=1000, gid=1000)
    container.bundle.args("/bin/grep", "Groups", "/proc/self/status")
    assert container.report()[0].split() == ["Groups:"]


def test_numeric_user_name(container: Container) -> None:
    """USR-2: a user of the image whose name is a number does not lend its uid to that number."""
    with open(container.bundle.rootfs / "etc/passwd", "a", encoding="ascii") as file:
        file.write("1000:x:0:0:trap:/root:/bin/sh\n")
    as_user(container, uid=1000, gid=1000)
    container.bundle.inside("ids")
    assert container.report()[0].startswith("1000 1000 1000 ")


@pytest.mark.parametrize("mask", [0o022, 0o077, 0, 0o777])
def test_umask(container: Container, mask: int) -> None:
    """USR-3: umask is the program's, whatever the caller's is."""
    as_user(container, umask=mask)
    container.bundle.inside("umask")
    assert container.run(preexec_fn=lambda: os.umask(0o123) and None).out == f"{mask:04o}\n"


def test_umask_of_the_caller(container: Container) -> None:
    """USR-3: without umask in the config the caller's usual 022 is kept."""
    container.bundle.inside("umask")
    assert container.run(preexec_fn=lambda: os.umask(0o022) and None).out == "0022\n"


def test_username_is_ignored(container: Container) -> None:
    """USR-5: username is for Windows and is ignored."""
    as_user(container, uid=1000, gid=1000, username="root")
    container.bundle.inside("ids")
    assert container.report()[0].startswith("1000 ")


@needs(probes.host_root)
@departs("runc", "takes ids up to 2^31-1 only")
def test_highest_ids(container: Container) -> None:
    """USR-1: ids up to 2^32-2 are ids, never -1 or 0."""
    as_user(container, uid=4294967294, gid=4294967294)
    container.bundle.inside("ids")
    assert container.report()[0].split() == ["4294967294"] * 6


def test_stdio_is_the_users(container: Container) -> None:
    """FD-3: the standard streams made by a foreground run can be opened again by the user."""
    as_user(container, uid=1000, gid=1000)
    container.bundle.sh("echo out > /proc/self/fd/1; echo err > /proc/self/fd/2")
    result = container.run()
    assert (result.code, result.out, result.err) == (0, "out\n", "err\n")
