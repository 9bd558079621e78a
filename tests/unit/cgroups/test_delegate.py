# SPDX-License-Identifier: Apache-2.0
"""Who owns a container's cgroup when it may be delegated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pyrunc.cgroups import calls, delegate


def test_delegation_gives_the_named_files_that_exist(tmp_path: Path) -> None:
    """CGO-2: directory and named files change hands, others stay, absent ones are no error."""
    if os.geteuid() != 0:
        pytest.skip("needs root for chown")
    for name in ("cgroup.procs", "memory.max"):
        (tmp_path / name).write_text("")
    names = tmp_path / "delegate"
    names.write_text("cgroup.procs\ncgroup.threads\n../evil\n")
    delegate.delegate(calls.Group(str(tmp_path), "", 2), 4242, str(names))
    owners = {path.name: path.stat().st_uid for path in (tmp_path, *tmp_path.iterdir())}
    assert owners == {tmp_path.name: 4242, "cgroup.procs": 4242, "memory.max": 0, "delegate": 0}


def test_delegation_list_of_old_kernels() -> None:
    """CGO-2: without the kernel's list the three files of the standard are used."""
    assert delegate.files("/nonexistent/delegate") == [
        "cgroup.procs",
        "cgroup.subtree_control",
        "cgroup.threads",
    ]


MOUNT = {"destination": "/sys/fs/cgroup", "source": "cgroup", "type": "cgroup"}
NEW_NS = {"namespaces": [{"type": "cgroup"}]}


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ({"linux": NEW_NS, "mounts": [MOUNT]}, True),
        ({"linux": NEW_NS, "mounts": [{**MOUNT, "options": ["ro"]}]}, False),
        ({"linux": NEW_NS, "mounts": [{**MOUNT, "destination": "/cg"}]}, False),
        ({"linux": {"namespaces": [{"type": "cgroup", "path": "/x"}]}, "mounts": [MOUNT]}, False),
        ({"linux": {"namespaces": []}, "mounts": [MOUNT]}, False),
    ],
)
def test_delegation_is_for_writable_mounts_in_a_new_namespace(
    config: dict[str, Any], verdict: bool
) -> None:
    """CGO-1: only with a new cgroup namespace and a writable mount at /sys/fs/cgroup."""
    assert delegate.wanted(config) is verdict


MAPS = [
    {"containerID": 0, "hostID": 1000, "size": 1},
    {"containerID": 1, "hostID": 5000, "size": 9},
]


@pytest.mark.parametrize(
    ("uid", "namespaces", "host"),
    [(7, [], 7), (0, [{"type": "user"}], 1000), (3, [{"type": "user"}], 5002),
     (10, [{"type": "user"}], None)],
)  # fmt: skip
def test_the_owner_is_the_host_uid_of_the_user(
    uid: int, namespaces: list[dict[str, str]], host: int | None
) -> None:
    """CGO-1: process.user.uid is a number inside; the maps say whose it is outside."""
    config = {
        "process": {"user": {"uid": uid}},
        "linux": {"namespaces": namespaces, "uidMappings": MAPS},
    }
    assert delegate.host_uid(config) == host
