# SPDX-License-Identifier: Apache-2.0
"""An unprivileged caller: a container in a user namespace of its own, without cgroups."""

from __future__ import annotations

import os
from functools import cache

import pytest

from .harness import Container, departs, needs, probes
from .harness.probes import in_child

ID = 65534
NOBODY = {"user": ID, "group": ID, "extra_groups": []}


@cache
def unprivileged_user_namespaces() -> str | None:
    """A user without privileges may make a user namespace."""

    def call() -> None:
        os.setgroups([])
        os.setresgid(ID, ID, ID)
        os.setresuid(ID, ID, ID)
        if probes.libc.unshare(probes.CLONE_NEWUSER) != 0:
            raise OSError(probes.ctypes.get_errno(), "refused")

    return in_child(call, f"unshare(CLONE_NEWUSER) as uid {ID}")


pytestmark = needs(probes.root, unprivileged_user_namespaces)
OOM_NOISE = departs("runc", "1.1 adds a warning about the oom kill count without a cgroup")


@pytest.fixture
def rootless(container: Container) -> Container:
    """A container whose bundle and root directory belong to the unprivileged user."""
    linux = container.bundle.linux
    container.bundle.namespace("user")
    linux["uidMappings"] = [{"containerID": 0, "hostID": ID, "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": ID, "size": 1}]
    del linux["cgroupsPath"]
    for entry in container.bundle.config["mounts"]:
        entry["options"] = [o for o in entry["options"] if not o.startswith(("gid=", "uid="))]
    runtime = container.runtime
    runtime.root.mkdir(mode=0o700)
    os.chown(runtime.home, ID, ID)
    for where, _, names in os.walk(runtime.home):
        for name in [where, *(os.path.join(where, name) for name in names)]:
            os.lchown(name, ID, ID)
    return container


def test_run(rootless: Container) -> None:
    """UMP-6: run as an unprivileged user works, in silence."""
    rootless.bundle.inside("ids")
    result = rootless.run(top=["--rootless", "true"], **NOBODY)
    assert (result.code, result.err) == (0, "")
    assert result.lines[0] == "0 0 0 0 0 0"


def test_map(rootless: Container) -> None:
    """UMP-2: the user namespace has the one id that was mapped."""
    rootless.bundle.sh("cat /proc/self/uid_map /proc/self/gid_map")
    result = rootless.run(**NOBODY)
    assert [line.split() for line in result.lines] == [["0", str(ID), "1"]] * 2


def test_setgroups_is_denied(rootless: Container) -> None:
    """UMP-6: setgroups is denied in it."""
    rootless.bundle.args("/bin/cat", "/proc/self/setgroups")
    assert rootless.run(**NOBODY).out == "deny\n"


@OOM_NOISE
def test_groups_are_refused(rootless: Container) -> None:
    """USR-4: additionalGids cannot be given where setgroups is denied: an error."""
    rootless.bundle.process["user"]["additionalGids"] = [5]
    message = rootless.fails(**NOBODY)
    assert "group" in message.lower()


def test_whole_life(rootless: Container) -> None:
    """LIF-5: create, state, start, exec, kill, delete as an unprivileged user."""
    runtime = rootless.runtime
    rootless.create(**NOBODY)
    runtime("start", rootless.id, **NOBODY)
    assert runtime("state", rootless.id, **NOBODY).json()["status"] == "running"
    assert runtime("exec", rootless.id, "echo", "in", **NOBODY).out == "in\n"
    runtime("kill", rootless.id, "KILL", **NOBODY)
    assert rootless.wait() == 137
    runtime("delete", rootless.id, **NOBODY)
    rootless.deleted = True


@OOM_NOISE
def test_unmapped_user(rootless: Container) -> None:
    """USR-5: a uid that is not mapped is an error of create."""
    rootless.bundle.process["user"] = {"uid": 1000, "gid": 0}
    assert rootless.fails(**NOBODY)
