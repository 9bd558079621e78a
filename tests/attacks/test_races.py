# SPDX-License-Identifier: Apache-2.0
"""Volumes whose owner exchanges directories and links while a container is set up in them."""

from __future__ import annotations

import ctypes
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.harness import Container, Runtime, departs, probes

ROUNDS, SECONDS = 20, 3.0  # of each race, whichever ends first
AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None, use_errno=True)

pytestmark = [departs(name, "its own races are its own matter") for name in ("runc", "crun")]


class Swapper:
    """A thread that exchanges two names of a directory as fast as it can. renameat2(2)."""

    def __init__(self, first: Path, second: Path) -> None:
        self.names = (os.fsencode(first), os.fsencode(second))
        self.stop = threading.Event()
        self.swaps = self.failed = 0
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        one, two = self.names
        while not self.stop.is_set():
            self.swaps += 1
            self.failed += libc.renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE) != 0

    def __enter__(self) -> Swapper:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


@pytest.fixture
def runtime(home: Path, request: pytest.FixtureRequest) -> Runtime:
    """The runtime, on a kernel without the groups of calls that the test names."""
    made = Runtime(home)
    made.without(request.param)
    return made


@pytest.fixture
def outside(home: Path) -> Iterator[Path]:
    """A directory of the host that no container may change, with all names that the races use."""
    path = home / "outside"
    (path / "made").mkdir(parents=True)
    (path / "bound").write_text("the host's")
    (path / "null").write_text("the host's")
    before = look(path)
    yield path
    assert look(path) == before


def look(path: Path) -> list[tuple[str, int, int, bytes]]:
    """Name, mode, inode and content of all that is in a directory, and of the directory."""
    return [
        (name, info.st_mode, info.st_ino, b"" if stat.S_ISDIR(info.st_mode) else where.read_bytes())
        for name in [".", *sorted(os.listdir(path))]
        for where in [path / name]
        for info in [where.lstat()]
    ]


def volume_of(home: Path, container: Container, lead: str) -> Path:
    """A volume with a directory `trap` and a link `link`, bound at /vol; where the link leads
    inside the container there is a directory too.
    """
    volume = home / "volume"
    (volume / "trap").mkdir(parents=True)
    (volume / "link").symlink_to(lead)
    inside = container.bundle.rootfs / os.path.normpath("/" + lead).lstrip("/")
    inside.mkdir(parents=True)
    container.bundle.bind(volume, "/vol")
    return volume


@pytest.mark.parametrize("runtime", ["", "all"], indirect=True)
@pytest.mark.parametrize("up", ["", "../" * 12], ids=["absolute", "dotdot"])
def test_targets_below_what_is_exchanged(
    container: Container, home: Path, outside: Path, up: str
) -> None:
    """CVE-2021-30465: a mount, a bound file, a device and the working directory below a directory
    that its owner exchanges for a link land in the root, or the create fails cleanly."""
    bundle = container.bundle
    lead = up + str(outside).lstrip("/") if up else str(outside)
    volume = volume_of(home, container, lead)
    source = home / "source"
    source.write_text("bound")
    bundle.mount("/vol/trap/made", "tmpfs", "racing")
    bundle.mount("/vol/trap/bound", "bind", source, "bind", "ro")
    if not probes.device_nodes():  # else a device is bound from its path on the host
        bundle.linux["devices"] = [{"path": "/vol/trap/null", "type": "c", "major": 1, "minor": 3}]
    bundle.process["cwd"] = "/vol/trap"
    # What was mounted outside the root would not be in sight here.
    count = "grep -c {} /proc/self/mountinfo"
    bundle.sh(f"{count.format('racing')}; {count.format('/source')}; cat * 2>&1; true")
    worked = 0
    end = time.monotonic() + SECONDS
    with Swapper(volume / "trap", volume / "link") as swapper:
        for _ in range(ROUNDS):
            result = container.run()
            if result.code == 0:
                worked += 1
                assert "the host's" not in result.out
                assert result.lines[:2] == ["1", "1"]
            else:
                assert result.code == 1 and result.error
            container.absent()
            if time.monotonic() > end:
                break
    assert swapper.swaps > 1000 and swapper.failed == 0, "nobody raced"
    assert worked > 0
