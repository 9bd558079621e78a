# SPDX-License-Identifier: Apache-2.0
"""--root: where the records are when it is given, relative, or left out."""

from __future__ import annotations

import os
from pathlib import Path

from .harness import Container, Runtime, needs, probes
from .harness.runtime import ENVIRONMENT

NOBODY = {"user": 65534, "group": 65534}


def test_is_made(container: Container) -> None:
    """OPS-0: a --root that is not there is made, parents too, for its owner only."""
    container.runtime.root = container.runtime.home / "a" / "b"
    container.create()
    assert (container.runtime.root / container.id).is_dir()
    assert container.runtime.root.stat().st_mode & 0o777 == 0o700


def test_relative(container: Container) -> None:
    """OPS-0: a relative --root is taken from the caller's cwd, not from the bundle."""
    runtime = container.runtime
    container.bundle.write()
    flags = ["create", "-b", container.bundle.path, "--pid-file", container.pid_file, container.id]
    runtime(*flags, top=["--root", "root"], root=False, cwd=runtime.home)
    container.pid = int(container.pid_file.read_text())
    assert container.status == "created"


def test_two_roots(container: Container) -> None:
    """OPS-C2: an id is unique within its root only."""
    container.create()
    other = ["--root", container.runtime.home / "other"]
    message = container.runtime.fails("state", container.id, top=other, root=False)
    assert message == "container does not exist"


@needs(probes.root)
def test_default_of_a_user(runtime: Runtime, home: Path) -> None:
    """OPS-0: without --root a user's records are in $XDG_RUNTIME_DIR/NAME; none there is no
    error.
    """
    xdg = home / "xdg"
    xdg.mkdir()
    os.chown(xdg, 65534, 65534)
    env = {**ENVIRONMENT, "XDG_RUNTIME_DIR": str(xdg)}
    assert runtime("list", "-q", root=False, env=env, **NOBODY).out == ""
    made = [path for path in xdg.iterdir() if path.is_dir()]
    assert [path.name for path in made] in ([], [runtime.name])
    assert [path.stat().st_mode & 0o7777 for path in made] in ([], [0o1700])
