# SPDX-License-Identifier: Apache-2.0
"""Containers of an unprivileged user, with and without a delegated cgroup."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .bundle import Bundle, driver, rootless

pytestmark = pytest.mark.skipif(not rootless(), reason="about unprivileged users")
SUBORDINATE = {"containerID": 1, "hostID": 100000, "size": 65536}


def test_single_id_map(bundle: Bundle) -> None:
    """`spec --rootless` as it is runs: the user is root inside, with one id mapped."""
    uid = os.getuid()
    assert bundle.run("/bin/id", "-u") == "0\n"
    assert bundle.run("/bin/cat", "/proc/self/uid_map").split() == ["0", str(uid), "1"]


def test_setgroups_is_denied_with_one_id(bundle: Bundle) -> None:
    """Without newgidmap the kernel wants setgroups(2) denied before a gid can be mapped."""
    assert bundle.run("/bin/cat", "/proc/self/setgroups") == "deny\n"


@pytest.mark.skipif(os.getenv("USER") == "plain", reason="plain has no subordinate ids")
def test_subordinate_ids(bundle: Bundle) -> None:
    """newuidmap and newgidmap map the ranges of /etc/subuid and /etc/subgid."""
    for kind in ("uid", "gid"):
        bundle.config["linux"][f"{kind}Mappings"].append(SUBORDINATE)
    script = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups"
    words = bundle.run("/bin/sh", "-c", script).split()
    one = ["0", str(os.getuid()), "1", "1", "100000", "65536"]
    assert words == [*one, *one, "allow"]


@pytest.mark.skipif(os.getenv("USER") != "plain", reason="about a user without subordinate ids")
def test_ranges_of_others_are_refused(bundle: Bundle) -> None:
    """A range that /etc/subuid does not grant is an error that names newuidmap."""
    bundle.config["linux"]["uidMappings"].append(SUBORDINATE)
    message = bundle.fails("/bin/true")
    assert all(word in message for word in ("newuidmap", "/etc/subuid", "plain:100000:65536"))


@pytest.mark.skipif(os.getenv("USER") == "plain", reason="plain has no subordinate ids")
def test_user_and_groups_of_a_range(bundle: Bundle) -> None:
    """With ranges the program may be any mapped user and have additional groups."""
    for kind in ("uid", "gid"):
        bundle.config["linux"][f"{kind}Mappings"].append(SUBORDINATE)
    bundle.config["process"]["user"] = {"uid": 5, "gid": 6, "additionalGids": [7, 8]}
    assert bundle.run("/bin/id").split() == ["uid=5", "gid=6", "groups=7,8"]


def test_groups_with_one_id(bundle: Bundle) -> None:
    """With one gid additionalGids cannot be given: an error, as setgroups(2) is denied."""
    bundle.config["process"]["user"]["additionalGids"] = [5]
    assert "additionalGids" in bundle.fails("/bin/true")


def test_lifecycle(bundle: Bundle) -> None:
    """create, start, exec, kill and delete work without privileges."""
    bundle.args("/bin/sleep", "300")
    bundle.runtime("create", "--bundle", str(bundle.path), bundle.name)
    assert json.loads(bundle.runtime("state", bundle.name).stdout)["status"] == "created"
    bundle.runtime("start", bundle.name)
    assert json.loads(bundle.runtime("state", bundle.name).stdout)["status"] == "running"
    assert bundle.runtime("exec", bundle.name, "/bin/echo", "hello").stdout == "hello\n"
    bundle.runtime("delete", "--force", bundle.name)
    assert not bundle.has_state()


@pytest.mark.skipif(not os.getenv("XDG_RUNTIME_DIR"), reason="plain has no session")
def test_state_is_below_xdg_runtime_dir(bundle: Bundle) -> None:
    """Without --root the state lies in $XDG_RUNTIME_DIR, so it ends with the session."""
    runtime_dir = Path(os.environ["XDG_RUNTIME_DIR"])
    bundle.args("/bin/sleep", "300")
    call = ["run", "--detach", "--bundle", str(bundle.path), bundle.name]
    try:
        bundle.default_root(*call)
        assert [path.parent.parent for path in runtime_dir.glob(f"*/{bundle.name}")] == [
            runtime_dir
        ]
    finally:
        bundle.default_root("delete", "--force", bundle.name)


@pytest.mark.skipif(driver() != "cgroupfs", reason="the systemd driver always has a cgroup")
def test_no_cgroup_is_fine_without_limits(bundle: Bundle) -> None:
    """With no limits and no cgroupsPath a container needs no cgroup that it may write."""
    bundle.config["linux"].pop("resources", None)
    assert bundle.run("/bin/echo", "hello") == "hello\n"
