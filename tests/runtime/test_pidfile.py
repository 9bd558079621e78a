# SPDX-License-Identifier: Apache-2.0
"""--pid-file: its form, and when it is there."""

from __future__ import annotations

import os

from .harness import Container


def test_digits_only(container: Container) -> None:
    """STA-4: the pid file holds digits and nothing else, not even a newline."""
    container.create()
    assert container.pid_file.read_bytes().isdigit()


def test_is_the_containers_process(container: Container) -> None:
    """STA-4: the pid is the container's first process as the caller sees it."""
    container.create()
    with open(f"/proc/{container.pid}/status", encoding="ascii") as file:
        [line] = [line for line in file if line.startswith("NSpid:")]
    assert line.split()[1:] == [str(container.pid), "1"]


def test_is_replaced(container: Container) -> None:
    """STA-4: an older pid file is replaced as a whole."""
    container.pid_file.write_text("99999999999999999999\n")
    container.create()
    assert container.state()["pid"] == container.pid


def test_no_temporary_file(container: Container) -> None:
    """STA-4: nothing but the pid file is left in its directory."""
    place = container.runtime.home / "place"
    place.mkdir()
    container.pid_file = place / "pid"
    container.create()
    os.rename(place / "pid", container.runtime.home / "pid")
    assert os.listdir(place) == []


def test_link_is_not_followed(container: Container) -> None:
    """STA-4: the file is renamed into place, so a link there is replaced and not written
    through.
    """
    target = container.runtime.home / "target"
    target.write_text("mine")
    container.pid_file.symlink_to(target)
    container.create()
    assert target.read_text() == "mine"
    assert not container.pid_file.is_symlink()


def test_relative_path(container: Container) -> None:
    """STA-4: a relative pid file is taken from the caller's cwd, not from the bundle."""
    container.bundle.write()
    home = container.runtime.home
    args = ["create", "-b", str(container.bundle.path), "--pid-file", "p", container.id]
    container.runtime(*args, cwd=home)
    container.pid = int((home / "p").read_text())
    assert container.state()["pid"] == container.pid


def test_unwritable(container: Container) -> None:
    """ERR-1: a pid file that cannot be written makes create fail and leaves nothing."""
    path = container.runtime.home / "no/such/pid"
    assert "no such file or directory" in container.fails("--pid-file", path)


def test_none_after_failure(container: Container) -> None:
    """ERR-1: a failing create leaves no pid file."""
    container.bundle.args("nothing-like-it")
    container.fails("--pid-file", container.pid_file)
    assert not container.pid_file.exists()
