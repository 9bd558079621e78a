# SPDX-License-Identifier: Apache-2.0
"""net_cls and net_prio on the real kernel: their hierarchy is mounted for the test's time only."""

from __future__ import annotations

import ctypes
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrunc import cgroups
from pyrunc.cgroups import calls
from pyrunc.cgroups.hierarchies import Layout, Mount

CLONE_NEWNS = 0x00020000
MS_PRIVATE_REC = 1 << 18 | 1 << 14
NAMES = ("net_cls", "net_prio")
libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(where: Path) -> None:
    checked(libc.mount(b"none", os.fsencode(where), b"cgroup", 0, ",".join(NAMES).encode()),
            f"mount the cgroup hierarchy of {NAMES}")  # fmt: skip


def hierarchy() -> dict[str, str]:
    """The hierarchy's number of each controller; "0" is none (cgroups(7), /proc/cgroups)."""
    rows = [line.split() for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    return {row[0]: row[1] for row in rows if row[0] in NAMES}


def in_a_mount_namespace(call: Callable[[], Any]) -> Any:
    """What `call` returns in a child with a mount namespace of its own; its error is raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            checked(libc.unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)")
            checked(libc.mount(None, b"/", None, MS_PRIVATE_REC, None), "make / private")
            answer = {"value": call()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    told = json.loads(data)
    if "error" in told:
        raise AssertionError(told["error"])
    return told["value"]


def let_go(where: Path) -> None:
    """Unmount, and wait until the controllers are free again.

    The kernel ends a hierarchy some time after it is unmounted, if it was empty; a removed cgroup
    counts until it is wholly gone, so it may take another mount and unmount.
    """
    for _ in range(20):
        checked(libc.umount2(os.fsencode(where), 0), "umount")
        for _ in range(25):
            if set(hierarchy().values()) == {"0"}:
                return
            time.sleep(0.02)
        mount(where)
    raise AssertionError(f"the hierarchy of {NAMES} stays")


def test_class_and_priorities(tmp_path: Path) -> None:
    """CNW-1, CNW-2: classID and priorities are what the kernel says afterwards, and an update of
    one interface leaves the other."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a hierarchy")
    if hierarchy() != dict.fromkeys(NAMES, "0"):
        pytest.skip(f"/proc/cgroups: {NAMES} are not there, or in use: {hierarchy()}")
    name = f"pyrunc-unit-net-{os.getpid()}"

    def use() -> list[str]:
        mount(tmp_path)
        manager = cgroups.open_manager(
            f"/{name}", name, layout=Layout(1, dict.fromkeys(NAMES, Mount(str(tmp_path), "/")))
        )
        manager.create()
        try:
            network = {"classID": 0x100001, "priorities": [{"name": "lo", "priority": 3}]}
            manager.apply({"network": network})
            files = ((NAMES[0], "net_cls.classid"), (NAMES[1], "net_prio.ifpriomap"))
            found = [calls.read(manager.groups[group], file) for group, file in files]
            merged = manager.update({"network": network}, {"network": {"classID": 7}})
            found += [calls.read(manager.groups[group], file) for group, file in files]
            assert merged == {"network": {**network, "classID": 7}}
            return found
        finally:
            manager.remove()
            let_go(tmp_path)

    classid, priorities, updated, kept = in_a_mount_namespace(use)
    assert (classid, updated) == (f"{0x100001}\n", "7\n")
    assert "lo 3" in priorities.splitlines()
    assert "lo 3" in kept.splitlines()
    assert hierarchy() == dict.fromkeys(NAMES, "0")
