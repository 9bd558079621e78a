# SPDX-License-Identifier: Apache-2.0
"""A running container's cgroup, found by its process: the same on v1, on v2 and below systemd."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from . import cgroupfs, probes
from .container import Container
from .loop import loop_devices
from .marks import needs, require

MIB = 1 << 20
# Limits that tests of update start from.
BASE = {
    "memory": {"limit": 64 * MIB},
    "cpu": {"quota": 50000, "period": 100000, "shares": 1024},
    "pids": {"limit": 50},
}


def controllers(*names: str) -> pytest.MarkDecorator:
    """The mark of a test that needs these controllers."""
    return needs(*(partial(probes.controller, name) for name in names))


def limited(container: Container) -> Container:
    """Give the container the limits of BASE; skip where the host lacks one of the controllers."""
    for name in BASE:
        require(partial(probes.controller, name))
    return resources(container, **BASE)


def on_v1(controller: str) -> bool:
    """The controller is on a v1 hierarchy here."""
    return controller in cgroupfs.hierarchies()


def resources(container: Container, **members: Any) -> Container:
    """Give the container these resources."""
    container.bundle.linux["resources"] = members
    return container


def directory(container: Container, controller: str, pid: int = 0) -> Path:
    """Where the container's first process (or `pid`) is in the hierarchy of `controller`."""
    wanted = controller if on_v1(controller) else ""
    for line in Path(f"/proc/{pid or container.pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if wanted in names.split(","):
            return cgroupfs.hierarchies()[wanted] / path.strip("/")
    raise AssertionError(f"process {pid or container.pid} is in no {controller} cgroup")


def value(container: Container, controller: str, v1: str, v2: str) -> str:
    """The content of a file of the container's cgroup, by its name on v1 or on v2."""
    name = v1 if on_v1(controller) else v2
    return (directory(container, controller) / name).read_text().strip()


def number(container: Container, controller: str, v1: str, v2: str, key: str) -> int:
    """One number of a file of "key number" lines; 0 when the key is not there."""
    for line in value(container, controller, v1, v2).splitlines():
        name, _, text = line.partition(" ")
        if name == key:
            return int(text)
    return 0


def has_file(controller: str, v1: str, v2: str) -> str | None:
    """A probe: a cgroup has that file or, on v2, may have it."""
    lack = probes.controller(controller)
    if lack:
        return lack
    name = v1 if on_v1(controller) else v2
    if not name:
        return f"{v1} has no counterpart on v2"
    top = cgroupfs.hierarchies()[controller if on_v1(controller) else ""]
    # On v2 a controller that no child of the root has enabled shows no file yet; a runtime
    # enables it, so what is not there to see may be there then.
    seen = any((where / name).exists() for where in (top, *filter(Path.is_dir, top.iterdir())))
    return None if seen or not on_v1(controller) else f"{top} has no {name}"


def rationed_real_time() -> str | None:
    """Real-time processes are rationed by cgroup (v1), and there is time to give."""
    name = "cpu.rt_runtime_us"
    lack = has_file("cpu", name, "")
    if lack:
        return lack
    top = cgroupfs.hierarchies()["cpu"]
    return f"{top / name} is 0" if (top / name).read_text() == "0\n" else None


def huge_page_limits() -> str | None:
    """Huge pages can be limited."""
    return probes.controller("hugetlb")


def io_weights() -> str | None:
    """A cgroup can have a block I/O weight."""
    if not on_v1("blkio"):
        return probes.controller("io")
    lacks = [has_file("blkio", name, "") for name in ("blkio.bfq.weight", "blkio.weight")]
    return None if None in lacks else lacks[0]


def io_throttles() -> str | None:
    """Block I/O can be throttled, and there are loop devices to do it with."""
    if on_v1("blkio"):
        return loop_devices() or has_file("blkio", "blkio.throttle.read_bps_device", "")
    return loop_devices() or probes.controller("io")


def everything(container: Container) -> dict[str, str]:
    """The values that BASE sets."""
    return {
        name: value(container, *row)
        for name, row in {
            "memory": ("memory", "memory.limit_in_bytes", "memory.max"),
            "quota": ("cpu", "cpu.cfs_quota_us", "cpu.max"),
            "shares": ("cpu", "cpu.shares", "cpu.weight"),
            "pids": ("pids", "pids.max", "pids.max"),
        }.items()
        if not probes.controller(row[0])
    }


def update(container: Container, *flags: str, **how: Any) -> None:
    """Update; it must succeed in silence."""
    result = container.runtime("update", *flags, container.id, **how)
    assert result.out == ""


def sent(container: Container, changes: dict[str, Any]) -> None:
    """Update with resources on standard input, as containerd does."""
    update(container, "--resources", "-", stdin=json.dumps(changes))
