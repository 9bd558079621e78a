# SPDX-License-Identifier: Apache-2.0
"""Images whose links lead a runtime's mounts, nodes and writes out of the root filesystem."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.runtime.harness import Container, departs, mountinfo


@pytest.fixture
def outside(home: Path) -> Path:
    """A directory of the host that no container may change."""
    path = home / "outside"
    path.mkdir()
    (path / "file").write_text("the host's")
    return path


def untouched(outside: Path) -> bool:
    """Say whether the host's directory is as it was."""
    return os.listdir(outside) == ["file"] and (outside / "file").read_text() == "the host's"


def replace(container: Container, name: str, target: str | Path) -> None:
    """Make `name` of the image a link to `target`."""
    path = container.bundle.rootfs / name
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def leads_out(container: Container, outside: Path) -> list[str]:
    """Texts of links that would reach `outside` for one who forgets the container's root."""
    up = "../" * 12
    return [str(outside), f"{up}{str(outside).lstrip('/')}", f"/{up}{str(outside).lstrip('/')}"]


LEADS = pytest.mark.parametrize("lead", range(3), ids=["absolute", "dotdot", "both"])


@pytest.mark.parametrize("name", ["proc", "sys"])
@pytest.mark.parametrize("target", ["tmp", "/tmp", "missing", "../../outside"])
def test_proc_and_sys_are_links(
    container: Container, outside: Path, name: str, target: str
) -> None:
    """CVE-2019-19921, CVE-2023-27561: a link in place of /proc or /sys is refused, for what is
    mounted and written there later would go elsewhere."""
    replace(container, name, target)
    message = container.fails()
    assert f"/{name}" in message and "ordinary directory" in message
    assert untouched(outside)


@departs("runc", "1.1 is open to it")
@LEADS
def test_dev_is_a_link(container: Container, outside: Path, lead: int) -> None:
    """CVE-2026-41579: with /dev a link no node, link or unlink happens on the host."""
    (outside / "ptmx").write_text("keep")
    replace(container, "dev", leads_out(container, outside)[lead])
    for entry in container.bundle.config["mounts"][:]:
        if entry["destination"].startswith("/dev"):
            container.bundle.config["mounts"].remove(entry)
    container.bundle.args("/bin/true")
    container.run()
    assert sorted(os.listdir(outside)) == ["file", "ptmx"]
    assert (outside / "ptmx").read_text() == "keep"


@LEADS
@pytest.mark.parametrize("kind", ["bind", "tmpfs", "file"])
def test_mount_target(container: Container, outside: Path, lead: int, kind: str) -> None:
    """CVE-2021-30465, CVE-2019-18837: a mount target behind a link stays below the root."""
    replace(container, "var/lib", leads_out(container, outside)[lead])
    source = outside.parent / "source"
    source.mkdir()
    (source / "mine").write_text("x")
    if kind == "bind":
        container.bundle.bind(source, "/var/lib/new")
    elif kind == "file":
        container.bundle.bind(source / "mine", "/var/lib/new")
    else:
        container.bundle.mount("/var/lib/new", "tmpfs", "tmpfs")
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    lines = container.report()
    assert mountinfo.at(lines, f"{outside}/new"), "it is not where the link leads inside"
    assert untouched(outside)


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_dangling_target(container: Container, outside: Path, kind: str) -> None:
    """CVE-2024-45310: no file or directory is made on the host through a dangling link."""
    replace(container, "var/lib", outside / "made-by-a-container")
    source = outside / "file" if kind == "file" else outside
    container.bundle.bind(source, "/var/lib").args("/bin/true")
    container.run()
    assert untouched(outside)


def test_loop_of_links(container: Container) -> None:
    """CVE-2021-30465: links that lead round in circles end in an error, not in a hang."""
    replace(container, "a", "b")
    replace(container, "b", "a")
    container.bundle.mount("/a/x", "tmpfs", "tmpfs")
    assert "symbolic links" in container.fails()


def test_device_through_a_link(container: Container, outside: Path) -> None:
    """CVE-2026-41579: a device below a linked directory is not made on the host."""
    replace(container, "opt", outside)
    container.bundle.linux["devices"] = [{"path": "/opt/null", "type": "c", "major": 1, "minor": 3}]
    container.bundle.args("/bin/true")
    container.run()
    assert untouched(outside)


@departs("runc", "1.1 takes what is there")
def test_device_is_a_link(container: Container, outside: Path) -> None:
    """CVE-2026-88264: a link in place of a device is not followed: mode and owner of what it
    points to stay."""
    (outside / "file").chmod(0o600)
    replace(container, "opt/null", outside / "file")
    container.bundle.linux["devices"] = [
        {"path": "/opt/null", "type": "c", "major": 1, "minor": 3, "uid": 5}
    ]
    assert "/opt/null" in container.fails()
    assert (outside / "file").stat().st_mode & 0o777 == 0o600
    assert (outside / "file").stat().st_uid == 0


def test_cwd_through_a_link(container: Container, outside: Path) -> None:
    """CVE-2024-45310: a missing cwd behind a link is not made on the host."""
    replace(container, "work", outside)
    container.bundle.process["cwd"] = "/work/here"
    container.bundle.args("/bin/true")
    container.run()
    assert untouched(outside)


def test_masked_path_is_a_link(container: Container, outside: Path) -> None:
    """CVE-2025-31133: a masked path that is a link never opens or covers the host's file."""
    replace(container, "secret", outside / "file")
    container.bundle.linux["maskedPaths"] = ["/secret"]
    container.bundle.args("/bin/cat", "/secret")
    result = container.run()
    assert "the host's" not in result.out and untouched(outside)


@departs("runc", "1.1 trusts the image's /dev/null")
def test_dev_null_is_replaced(container: Container, outside: Path) -> None:
    """CVE-2025-31133: with /dev/null of the image a link, a mask is the real null device or
    create fails; never a bind of what the link leads to."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    replace(container, "dev/null", "/proc/sysrq-trigger")
    container.bundle.linux["maskedPaths"] = ["/etc/passwd"]
    container.bundle.inside("stat", "/etc/passwd")
    result = container.run()
    assert result.code != 0 or " 1:3 " in result.out


def test_dev_null_is_a_file(container: Container) -> None:
    """CVE-2025-31133: masks hide although the image's /dev/null is a file with content."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    (container.bundle.rootfs / "dev/null").write_text("visible")
    container.bundle.linux["maskedPaths"] = ["/etc/passwd"]
    container.bundle.args("/bin/cat", "/etc/passwd")
    result = container.run()
    assert "root:" not in result.out and "visible" not in result.out


@pytest.mark.parametrize("name", ["console", "pts"])
def test_console_is_a_link(container: Container, outside: Path, name: str) -> None:
    """CVE-2025-52565, CVE-2026-88264: with /dev/console or /dev/pts of the image a link, the
    terminal is not bound over what it leads to, and nothing of the host changes owner."""
    container.bundle.config["mounts"] = [
        entry for entry in container.bundle.config["mounts"] if "/dev" not in entry["destination"]
    ]
    if name == "console":
        container.bundle.mount("/dev/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666")
        replace(container, "dev/console", outside / "file")
    else:
        replace(container, "dev/pts", outside)
        container.bundle.mount("/dev/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666")
    container.bundle.process["terminal"] = True
    container.bundle.process["user"] = {"uid": 1000, "gid": 1000}
    container.bundle.args("/bin/true")
    container.bundle.write()
    before = (outside / "file").stat()
    container.runtime.run("run", "--bundle", container.bundle.path, container.id)
    after = (outside / "file").stat()
    assert (before.st_uid, before.st_mode) == (after.st_uid, after.st_mode) and untouched(outside)


@pytest.mark.parametrize("destination", ["/", "/etc/..", "/link"])
def test_mount_over_the_root(container: Container, outside: Path, destination: str) -> None:
    """CVE-2021-30465: a mount on the root itself is refused, also by way of a link."""
    replace(container, "link", "/")
    container.bundle.bind(outside, destination)
    container.fails()


@pytest.mark.parametrize(
    "destination",
    [
        "/proc/self/attr",
        "/proc/sys",
        "/proc/1",
        "/proc/net/dev",
        "/proc/sysrq-trigger",
        "/link/sys",
    ],
)
def test_mount_inside_proc(container: Container, outside: Path, destination: str) -> None:
    """CVE-2019-16884, CVE-2025-52881: mounts inside /proc are refused, also through a link, for
    they would swallow what the runtime writes there."""
    replace(container, "link", "/proc")
    source = outside / "file" if destination.endswith(("dev", "trigger")) else outside
    container.bundle.bind(source, destination)
    container.fails()


def test_mount_of_something_else_on_proc(container: Container, outside: Path) -> None:
    """CVE-2019-16884: nothing but a procfs may take the place of /proc."""
    container.bundle.bind(outside, "/proc")
    assert "/proc" in container.fails()


def test_proc_files_of_lxcfs(container: Container, outside: Path) -> None:
    """CVE-2019-16884: what may be mounted in /proc still can: the files that lxcfs replaces."""
    container.bundle.bind(outside / "file", "/proc/meminfo").args("/bin/cat", "/proc/meminfo")
    assert container.report() == ["the host's"]


def test_copy_up_through_a_link(container: Container, outside: Path) -> None:
    """CVE-2019-18837: tmpcopyup copies links as links: nothing of the host is read."""
    (container.bundle.rootfs / "var/data").mkdir()
    (container.bundle.rootfs / "var/data/steal").symlink_to(outside / "file")
    container.bundle.mount("/var/data", "tmpfs", "tmpfs", "tmpcopyup")
    container.bundle.sh("readlink /var/data/steal; cat /var/data/steal 2>/dev/null || echo gone")
    assert container.report() == [str(outside / "file"), "gone"]


def test_passwd_is_a_link(container: Container, outside: Path) -> None:
    """CVE-2016-3697: HOME is never looked up in a passwd file of the host."""
    (outside / "file").write_text("tester:x:1000:1000::/stolen:/bin/sh\n")
    (container.bundle.rootfs / "etc/passwd").unlink()
    (container.bundle.rootfs / "etc/passwd").symlink_to(outside / "file")
    container.bundle.process["user"] = {"uid": 1000, "gid": 1000}
    container.bundle.sh("echo $HOME")
    assert "/stolen" not in container.run().out
