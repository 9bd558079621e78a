# SPDX-License-Identifier: Apache-2.0
"""The leak check itself: each kind of thing left behind is found and named, and then swept away."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import needs, probes, trace, until
from .harness.cgroupfs import hierarchies, named
from .harness.waiting import alive


@pytest.fixture
def watch(mark: str, home: Path) -> Iterator[trace.Trace]:
    """A leak check of a test within this test."""
    inner = home / "inner"
    inner.mkdir()
    yield trace.Trace(f"{mark}inner", inner)


def test_nothing(watch: trace.Trace) -> None:
    """ERR-1: when nothing is left nothing is reported."""
    assert watch.left() == []


def test_child(watch: trace.Trace) -> None:
    """ERR-1: a child that still runs is found and ended."""
    child = subprocess.Popen(["/bin/sleep", "1000"])
    assert watch.left() == [f"process {child.pid}: /bin/sleep 1000 "]
    watch.sweep()
    assert not alive(child.pid)
    child.wait()


def test_orphan(watch: trace.Trace) -> None:
    """ERR-1: a grandchild whose parent is gone is found: we are its subreaper."""
    pid = int(subprocess.check_output(["/bin/sh", "-c", "sleep 1000 >/dev/null & echo $!"]))
    assert watch.left() == [f"process {pid}: sleep 1000 "]
    watch.sweep()
    assert not alive(pid)


def test_file_in_root(watch: trace.Trace) -> None:
    """ERR-1: a record in the state directory is found."""
    (watch.home / "root/some-id").mkdir(parents=True)
    assert watch.left() == [f"state {watch.home}/root/some-id"]


def test_descriptor(watch: trace.Trace) -> None:
    """ERR-1: a descriptor that we hold now and did not before is found."""
    fd = os.open("/dev/zero", os.O_RDONLY)
    try:
        assert watch.left() == [f"descriptor {fd} -> /dev/zero"]
    finally:
        os.close(fd)


def test_cgroup(watch: trace.Trace) -> None:
    """ERR-1: a cgroup with the test's name is found, in any hierarchy and at any depth."""
    top = sorted(set(hierarchies().values()))[0]
    path = top / f"{watch.mark}-a" / "deeper"
    path.mkdir(parents=True)
    assert watch.left() == [f"cgroup {path}", f"cgroup {path.parent}"]
    watch.sweep()
    assert named(watch.mark) == []


@needs(probes.root)
def test_mount(watch: trace.Trace) -> None:
    """ERR-1: a mount below the test's directory is found and undone, its source untouched."""
    watch.mark = watch.home.name
    target = watch.home / "mnt"
    target.mkdir()
    source = watch.home.parent / "source"
    source.mkdir()
    (source / "file").write_text("kept")
    libc = ctypes.CDLL(None)
    assert libc.mount(bytes(source), bytes(target), None, 4096, None) == 0
    assert f"mount {target}" in watch.left()
    watch.sweep()
    assert (source / "file").read_text() == "kept"
    assert trace.mounts_naming(str(target)) == []


def test_waiting_is_bounded() -> None:
    """ERR-1: waiting in vain fails with what was waited for."""
    with pytest.raises(AssertionError, match="in vain for the impossible"):
        until(lambda: False, "the impossible", 0.01)
