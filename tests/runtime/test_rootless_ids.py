# SPDX-License-Identifier: Apache-2.0
"""Id maps of an unprivileged caller: one id, ranges by newuidmap and newgidmap, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from .harness import Container, departs, needs, probes, unprivileged
from .harness.unprivileged import AS_USER, FIRST, ID, RANGE

pytestmark = needs(probes.root, unprivileged.unprivileged_user_namespaces)
HELPERS = needs(unprivileged.id_map_helpers)
TOLD_LOOSELY = departs("runc", "its messages are the helper's and nsexec's own, on several lines")
OWN = {"containerID": 0, "hostID": ID, "size": 1}
MAPS = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups"


@pytest.fixture
def granted(rootless: Container) -> dict[str, Any]:
    """How to call as the user to whom /etc/subuid and /etc/subgid grant a range."""
    return unprivileged.subordinate_ids(rootless.runtime.home)


def lines(maps: list[dict[str, int]]) -> list[str]:
    """The words of an id map's file."""
    return [str(entry[key]) for entry in maps for key in ("containerID", "hostID", "size")]


def maps(container: Container, uids: list[dict[str, int]], gids: list[dict[str, int]]) -> Container:
    """Give the container these maps."""
    container.bundle.linux.update(uidMappings=uids, gidMappings=gids)
    return container


@HELPERS
def test_ranges(rootless: Container, granted: dict[str, Any]) -> None:
    """UMP-6: granted ranges are mapped by newuidmap and newgidmap, and setgroups stays allowed."""
    maps(rootless, [OWN, RANGE], [OWN, RANGE]).bundle.sh(MAPS)
    result = rootless.run(**granted)
    assert (result.code, result.err) == (0, "")
    assert result.out.split() == [*lines([OWN, RANGE]) * 2, "allow"]


@HELPERS
@departs("runc", "1.1 refuses groups to every rootless caller")
def test_groups_of_a_range(rootless: Container, granted: dict[str, Any]) -> None:
    """USR-4: with a range of gids the program can have additional groups."""
    maps(rootless, [OWN, RANGE], [OWN, RANGE])
    rootless.bundle.process["user"] = {"uid": 5, "gid": 6, "additionalGids": [7, 8]}
    rootless.bundle.sh("id")
    assert rootless.run(**granted).out.split() == ["uid=5", "gid=6", "groups=7,8"]


@HELPERS
def test_range_of_uids_alone(rootless: Container, granted: dict[str, Any]) -> None:
    """UMP-6: each map is made its own way: a range of uids beside the one own gid."""
    maps(rootless, [OWN, RANGE], [OWN]).bundle.sh(MAPS)
    result = rootless.run(**granted)
    assert result.out.split() == [*lines([OWN, RANGE]), *lines([OWN]), "deny"], result.err


@HELPERS
def test_range_of_gids_alone(rootless: Container, granted: dict[str, Any]) -> None:
    """UMP-6: each map is made its own way: a range of gids beside the one own uid."""
    maps(rootless, [OWN], [OWN, RANGE]).bundle.sh(MAPS)
    result = rootless.run(**granted)
    assert result.out.split() == [*lines([OWN]), *lines([OWN, RANGE]), "allow"], result.err


@departs("runc", "1.1 wants root to be mapped")
def test_without_root(rootless: Container) -> None:
    """UMP-1: a container whose user namespace has no id 0 runs, and so does exec in it."""
    one = [{"containerID": 1000, "hostID": ID, "size": 1}]
    maps(rootless, one, one).bundle.process["user"] = {"uid": 1000, "gid": 1000}
    rootless.create(**AS_USER)
    rootless.runtime("start", rootless.id, **AS_USER)
    assert rootless.runtime("exec", rootless.id, "id", "-u", **AS_USER).out == "1000\n"


@HELPERS
@TOLD_LOOSELY
@pytest.mark.parametrize(
    ("kind", "helper", "file"),
    [("uid", "newuidmap", "/etc/subuid"), ("gid", "newgidmap", "/etc/subgid")],
)
def test_foreign_range(
    rootless: Container, granted: dict[str, Any], kind: str, helper: str, file: str
) -> None:
    """UMP-6: a range that is not granted is an error that names helper, ids, file and remedy."""
    foreign = {"containerID": 1, "hostID": FIRST + 5000, "size": 10}
    rootless.bundle.linux[f"{kind}Mappings"] = [OWN, foreign]
    message = rootless.fails(**granted)
    wanted = f"nobody:{FIRST + 5000}:10"
    assert f"linux.{kind}Mappings: {helper} failed" in message
    assert f"{file} must grant {wanted}: usermod --add-sub{kind}s" in message


@TOLD_LOOSELY
def test_no_helper(rootless: Container) -> None:
    """UMP-6: a range without newuidmap is an error that says what to install."""
    maps(rootless, [OWN, RANGE], [OWN, RANGE])
    message = rootless.fails(env={"PATH": "/nonexistent"}, **AS_USER)
    assert "linux.uidMappings: newuidmap is needed" in message and "uidmap" in message


@HELPERS
@TOLD_LOOSELY
def test_helper_without_power(rootless: Container, granted: dict[str, Any]) -> None:
    """UMP-6: newuidmap under no_new_privs is an error that says so."""
    maps(rootless, [OWN, RANGE], [OWN, RANGE])
    prefix = [*granted["prefix"], "setpriv", "--no-new-privs", "--"]
    assert "no_new_privs" in rootless.fails(prefix=prefix)


@departs("runc", "1.1 takes no path without mappings")
def test_joined_namespace(rootless: Container) -> None:
    """UMP-5: a user namespace with one id is joined by path, though groups cannot be dropped in
    it."""
    first = rootless
    first.create(**AS_USER)
    first.runtime("start", first.id, **AS_USER)
    linux = first.bundle.linux
    first.bundle.namespace("user", f"/proc/{first.pid}/ns/user")
    del linux["uidMappings"], linux["gidMappings"]
    first.bundle.sh("cat /proc/self/uid_map; id -u")
    first.bundle.write()
    fixed = ["run", "--bundle", first.bundle.path, f"{first.id}-second"]
    result = first.runtime.run(*fixed, **AS_USER)
    assert (result.code, result.out.split()) == (0, [*lines([OWN]), "0"]), result.err
