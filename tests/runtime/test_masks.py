# SPDX-License-Identifier: Apache-2.0
"""maskedPaths and readonlyPaths."""

from __future__ import annotations

import pytest

from .harness import Container, departs, mountinfo, needs, probes

MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def masked(container: Container, *paths: str) -> Container:
    """Mask these paths."""
    container.bundle.linux["maskedPaths"] = list(paths)
    return container


def readonly(container: Container, *paths: str) -> Container:
    """Make these paths read-only."""
    container.bundle.linux["readonlyPaths"] = list(paths)
    return container


def test_file(container: Container) -> None:
    """MSK-1: a masked file has nothing to read: it is the null device."""
    masked(container, "/etc/passwd").bundle.sh("cat /etc/passwd; inside stat /etc/passwd")
    lines = container.report()
    assert len(lines) == 1 and lines[0].startswith("c ") and " 1:3 " in lines[0]


def test_directory(container: Container) -> None:
    """MSK-1: a masked directory is empty and read-only."""
    container.bundle.file("secret/file", "s")
    masked(container, "/secret").bundle.sh("ls -A /secret; inside write /secret/new x")
    assert container.report() == ["EROFS"]
    assert (container.bundle.rootfs / "secret/file").read_text() == "s"


def test_several(container: Container) -> None:
    """MSK-1: many masked paths, files and directories mixed, nested and named twice."""
    for name in ("a/b/file", "a/file", "c/file"):
        container.bundle.file(name, "s")
    masked(container, "/a/file", "/a/b", "/c", "/a/file", "/c", "/etc/group", "/proc/keys")
    container.bundle.sh("cat /a/file /etc/group /proc/keys; ls -A /a/b /c | grep -v :")
    assert "".join(container.report()).strip() == ""


@pytest.mark.parametrize(
    "path",
    [
        "/not/there",
        pytest.param("/etc/passwd/below", marks=departs("runc", "ENOTDIR is an error to 1.1")),
        "/proc/nothing",
    ],
)
def test_missing(container: Container, path: str) -> None:
    """MSK-1, RDO-1: a path that is not there is passed over and not made."""
    readonly(masked(container, path), path).bundle.args("/bin/echo", "works")
    assert container.report() == ["works"]
    assert not (container.bundle.rootfs / "not").exists()


def test_proc(container: Container) -> None:
    """MSK-1: files of procfs can be masked."""
    masked(container, "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/acpi")
    container.bundle.inside("read", "/proc/keys", "100")
    assert container.report() == ["0"]


def test_mask_cannot_be_written(container: Container) -> None:
    """MSK-1: what is written into a masked file goes nowhere."""
    container.bundle.file("secret", "s")
    masked(container, "/secret").bundle.sh("echo x > /secret; cat /secret")
    assert container.report() == []
    assert (container.bundle.rootfs / "secret").read_text() == "s"


def test_masks_apply_to_exec(container: Container) -> None:
    """MSK-1: an exec'd program sees the masks too."""
    masked(container, "/etc/passwd").up()
    assert container.exec("/bin/cat", "/etc/passwd").out == ""


def test_readonly_directory(container: Container) -> None:
    """RDO-1: a read-only directory can be read and not written; its neighbours can."""
    container.bundle.file("keep/file", "kept")
    readonly(container, "/keep").bundle.sh(
        "cat /keep/file; echo; inside write /keep/file x; inside write /keep/new x;"
        "inside write /n x"
    )
    assert container.report() == ["kept", "EROFS", "EROFS", "ok"]


def test_readonly_file(container: Container) -> None:
    """RDO-1: a single file can be made read-only."""
    readonly(container, "/etc/passwd").bundle.inside("write", "/etc/passwd", "x")
    assert container.report() == ["EROFS"]


@departs("runc", "1.1 makes the top only read-only")
def test_readonly_is_recursive(container: Container) -> None:
    """RDO-1: mounts below a read-only path are read-only too."""
    container.bundle.mount("/keep", "tmpfs", "tmpfs").mount("/keep/sub", "tmpfs", "tmpfs")
    readonly(container, "/keep").bundle.inside("write", "/keep/sub/x", "x")
    assert container.report() == ["EROFS"]


@pytest.mark.parametrize("flag", ["nosuid", "nodev", "noexec"])
def test_readonly_keeps_other_flags(container: Container, flag: str) -> None:
    """RDO-1: the other flags of the mount stay."""
    container.bundle.mount("/keep", "tmpfs", "tmpfs", flag)
    readonly(container, "/keep").bundle.args("/bin/cat", "/proc/self/mountinfo")
    assert {"ro", flag} <= mountinfo.at(container.report(), "/keep").options


def test_readonly_proc_sys(container: Container) -> None:
    """RDO-1: /proc/sys read-only: a sysctl cannot be written, the rest of /proc can."""
    readonly(container, "/proc/sys").bundle.sh(
        "inside write /proc/sys/kernel/msgmax 8192; echo 5 > /proc/self/oom_score_adj && echo fine"
    )
    assert container.report() == ["EROFS", "fine"]


def test_sysctls_come_first(container: Container) -> None:
    """SYS-4: sysctls of the config are written before /proc/sys becomes read-only."""
    container.bundle.linux["sysctl"] = {"kernel.msgmax": "9000"}
    readonly(container, "/proc/sys").bundle.args("/bin/cat", "/proc/sys/kernel/msgmax")
    assert container.report() == ["9000"]


def test_both(container: Container) -> None:
    """MSK-1, RDO-1: a masked path below a read-only one is masked."""
    container.bundle.file("keep/secret", "s")
    masked(readonly(container, "/keep"), "/keep/secret")
    container.bundle.sh("cat /keep/secret; inside write /keep/x x")
    assert container.report() == ["EROFS"]


@departs("runc", "1.1 takes it as relative to its cwd")
@pytest.mark.parametrize("member", ["maskedPaths", "readonlyPaths"])
def test_relative(container: Container, member: str) -> None:
    """MSK-1, RDO-1: a relative path is refused."""
    container.bundle.linux[member] = ["etc/passwd"]
    assert "etc/passwd" in container.fails()


@pytest.mark.parametrize("member", ["maskedPaths", "readonlyPaths"])
def test_without_mount_namespace(container: Container, member: str) -> None:
    """NS-8: without a mount namespace of its own neither can be had: refused."""
    container.bundle.no_namespace("mount").config["mounts"] = []
    container.bundle.linux[member] = ["/etc/passwd"]
    message = container.fails()
    assert member in message or "private MNT namespace" in message


@needs(probes.user_namespaces)
def test_in_a_user_namespace(container: Container) -> None:
    """MSK-1, RDO-1: both work in a user namespace."""
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    readonly(masked(container, "/etc/passwd", "/proc/keys", "/home"), "/proc/sys")
    container.bundle.sh(
        "cat /etc/passwd /proc/keys; ls -A /home; inside write /proc/sys/kernel/msgmax 1"
    )
    assert container.report() == ["EROFS"]
