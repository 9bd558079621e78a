# SPDX-License-Identifier: Apache-2.0
"""A running container's cgroup, found by its process: the same on v1, on v2 and below systemd."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from . import cgroupfs, probes
from .container import Container
from .marks import needs

MIB = 1 << 20


def controllers(*names: str) -> pytest.MarkDecorator:
    """The mark of a test that needs these controllers."""
    return needs(*(partial(probes.controller, name) for name in names))


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
    """A probe, to be used with partial: a new cgroup has that file."""
    lack = probes.controller(controller)
    if lack:
        return lack
    name = v1 if on_v1(controller) else v2
    if not name:
        return f"{v1} has no counterpart on v2"
    top = cgroupfs.hierarchies()[controller if on_v1(controller) else ""]
    # Files of controllers that the root's children do not have enabled yet are not there to look
    # at; a runtime enables them.
    found = any((where / name).exists() for where in (top, *filter(Path.is_dir, top.iterdir())))
    return None if found or not on_v1(controller) else f"{top} has no {name}"
