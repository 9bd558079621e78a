# SPDX-License-Identifier: Apache-2.0
"""mounts[]: order, sources, targets that are missing or odd, binds, file systems, refusals."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Container, departs, idmapping, mountinfo, needs, probes


@pytest.fixture
def source(home: Path) -> Path:
    """A directory on the host with one file in it."""
    path = home / "source"
    path.mkdir()
    (path / "file").write_text("from the host\n")
    return path


def test_order(container: Container, source: Path) -> None:
    """MNT-1: entries are mounted in their order: the later covers the earlier."""
    container.bundle.bind(source, "/mnt").mount("/mnt", "tmpfs", "tmpfs")
    container.bundle.mount("/other", "tmpfs", "tmpfs").bind(source, "/other")
    container.bundle.sh("ls /mnt; cat /other/file")
    assert container.report() == ["from the host"]


def test_mount_in_a_mount(container: Container, source: Path) -> None:
    """MNT-1: a later entry may be mounted inside an earlier one."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs").bind(source, "/mnt/deep/er")
    container.bundle.args("/bin/cat", "/mnt/deep/er/file")
    assert container.report() == ["from the host"]


def test_target_in_a_bound_directory(container: Container, source: Path) -> None:
    """MNT-8: a target inside an earlier bind is made in that bind's source."""
    container.bundle.bind(source, "/mnt").mount("/mnt/new", "tmpfs", "tmpfs")
    container.bundle.sh("touch /mnt/new/x")
    container.report()
    assert (source / "new").is_dir() and not any((source / "new").iterdir())


@pytest.mark.parametrize("written", ["mnt/x", "/mnt/x/", "//mnt//x", "/mnt/./x", "/mnt/y/../x"])
def test_spellings_of_the_destination(container: Container, source: Path, written: str) -> None:
    """MNT-2: a relative destination is below "/"; slashes, "." and ".." make no difference."""
    container.bundle.bind(source, written).args("/bin/cat", "/mnt/x/file")
    assert container.run().out == "from the host\n"


@pytest.mark.parametrize(
    "name", ["with blank", "tab\there", "new\nline", "ümläut", "-rf", "a\\040b"]
)
def test_odd_names(container: Container, source: Path, name: str) -> None:
    """MNT-7: any name that a file may have is fine, in source and destination."""
    (source / name).mkdir()
    (source / name / "in").write_text("here")
    container.bundle.bind(source / name, f"/mnt/{name}")
    container.bundle.args("/bin/cat", f"/mnt/{name}/in")
    assert container.report() == ["here"]


def test_relative_source(container: Container) -> None:
    """MNT-3: a relative source of a bind is taken from the bundle, not from the caller's cwd."""
    extra = container.bundle.path / "extra"
    extra.mkdir()
    container.bundle.own.add("extra")
    (extra / "file").write_text("of the bundle")
    container.bundle.bind("extra", "/mnt").args("/bin/cat", "/mnt/file")
    container.up(cwd="/")
    assert container.wait() == 0 and container.output() == "of the bundle"


@pytest.mark.parametrize("kind", ["bind", "none", "", "tmpfs", "ext4"])
def test_type_of_a_bind_is_ignored(container: Container, source: Path, kind: str) -> None:
    """MNT-4: the option makes the bind, whatever the type says."""
    container.bundle.mount("/mnt", kind, source, "rbind").args("/bin/cat", "/mnt/file")
    assert container.report() == ["from the host"]


def test_bind_without_type(container: Container, source: Path) -> None:
    """MNT-4: a bind needs no type at all."""
    container.bundle.bind(source, "/mnt").args("/bin/cat", "/mnt/file")
    del container.bundle.config["mounts"][-1]["type"]
    assert container.report() == ["from the host"]


def test_file(container: Container, source: Path) -> None:
    """MNT-8: binding a file makes a missing target a file, with its directories."""
    container.bundle.bind(source / "file", "/etc/a/b/name").args("/bin/cat", "/etc/a/b/name")
    assert container.report() == ["from the host"]
    made = container.bundle.rootfs / "etc/a/b/name"
    assert made.is_file() and made.stat().st_size == 0


def test_directory(container: Container, source: Path) -> None:
    """MNT-8: missing directories are made, readable for all, and stay empty in the image."""
    container.bundle.bind(source, "/a/b/c").args("/bin/cat", "/a/b/c/file")
    assert container.report() == ["from the host"]
    for path in ("a", "a/b", "a/b/c"):
        assert (container.bundle.rootfs / path).stat().st_mode & 0o7777 == 0o755
    assert not any((container.bundle.rootfs / "a/b/c").iterdir())


def test_file_on_a_directory(container: Container, source: Path) -> None:
    """MNT-7: a file cannot be bound on a directory."""
    container.bundle.bind(source / "file", "/etc")
    assert "not a directory" in container.fails()


def test_directory_on_a_file(container: Container, source: Path) -> None:
    """MNT-7: a directory cannot be bound on a file."""
    container.bundle.bind(source, "/etc/passwd")
    assert "not a directory" in container.fails()


@pytest.mark.parametrize("kind", ["fifo", "socket", "null"])
def test_special_files(container: Container, source: Path, kind: str) -> None:
    """MNT-3: fifos, sockets and device nodes can be bound."""
    path = source / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    else:
        path = Path("/dev/null")
    container.bundle.bind(path, "/run/it").inside("stat", "/run/it")
    assert container.report()[0][0] == {"fifo": "p", "socket": "s", "null": "c"}[kind]


def test_source_is_a_link(container: Container, source: Path) -> None:
    """MNT-3: a link as the source is followed on the host."""
    link = source.parent / "link"
    link.symlink_to("source")
    container.bundle.bind(link, "/mnt").args("/bin/cat", "/mnt/file")
    assert container.report() == ["from the host"]


def test_read_only_bind(container: Container, source: Path) -> None:
    """OPT-1: a read-only bind cannot be written; the host still can."""
    container.bundle.bind(source, "/mnt", "ro").inside("write", "/mnt/file", "x")
    assert container.report() == ["EROFS"]
    (source / "file").write_text("still mine")


def test_writes_reach_the_host(container: Container, source: Path) -> None:
    """MNT-3: a bind is the host's directory itself."""
    container.bundle.bind(source, "/mnt").sh("echo changed > /mnt/file")
    container.report()
    assert (source / "file").read_text() == "changed\n"


def test_nothing_reaches_the_hosts_mounts(container: Container, source: Path) -> None:
    """NS-3, ERR-1: no mount of a container shows among the host's."""
    container.bundle.bind(source, "/mnt").mount("/x", "tmpfs", "tmpfs")
    container.up()
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        assert str(container.bundle.path) not in file.read()


@pytest.mark.parametrize("member", ["source", "destination", "type"])
def test_nul(container: Container, source: Path, member: str) -> None:
    """MNT-10: a NUL byte in a string of a mount is refused."""
    container.bundle.mount("/mnt", "tmpfs", source)
    container.bundle.config["mounts"][-1][member] = "/mnt\0/x"
    container.bundle.write()
    result = container.runtime.run("create", "--bundle", container.bundle.path, container.id)
    assert result.code == 1
    container.absent()


@pytest.mark.parametrize("destination", ["/", "//", "/.", "/etc/.."])
def test_on_the_root(container: Container, source: Path, destination: str) -> None:
    """MNT-8: a mount may not cover the root filesystem."""
    container.bundle.bind(source, destination)
    container.fails()


@departs("runc", "1.1 hands the options to the kernel, which drops them")
def test_data_on_a_bind(container: Container, source: Path) -> None:
    """MNT-9: options of a file system on a bind are refused: the kernel would drop them."""
    container.bundle.bind(source, "/mnt", "size=10k")
    assert "size=10k" in container.fails()


def test_missing_source_of_a_file_system(container: Container) -> None:
    """MNT-3: a new file system needs no source."""
    container.bundle.config["mounts"].append({"destination": "/mnt", "type": "tmpfs"})
    container.bundle.inside("stat", "/mnt")
    assert container.report()[0].endswith(" 1021994")


def test_source_is_shown(container: Container) -> None:
    """MNT-3: the source of a new file system is what mountinfo shows."""
    container.bundle.mount("/mnt", "tmpfs", "my-source").args("/bin/cat", "/proc/self/mountinfo")
    assert mountinfo.at(container.report(), "/mnt").source == "my-source"


@pytest.mark.parametrize("mode", [0o700, 0o1777, 0o2755])
def test_tmpfs_has_the_mode_of_its_mountpoint(container: Container, mode: int) -> None:
    """MNT-8: a tmpfs without mode= has the mode of the image's directory, as all runtimes do."""
    target = container.bundle.rootfs / "cover"
    target.mkdir()
    target.chmod(mode)
    container.bundle.mount("/cover", "tmpfs", "tmpfs").args("/bin/stat", "-c", "%a", "/cover")
    assert container.report() == [f"{mode:o}"]


@departs("runc", "1.1 gives it the mountpoint's mode all the same")
def test_tmpfs_with_a_mode(container: Container) -> None:
    """OPT-4: a mode= that is given wins over the mountpoint's."""
    container.bundle.mount("/home", "tmpfs", "tmpfs", "mode=1711")
    container.bundle.args("/bin/stat", "-c", "%a", "/home")
    assert container.report() == ["1711"]


def test_default_file_systems(container: Container) -> None:
    """DFS-1: proc, sysfs, devpts and the tmpfs of shm and mqueue are what they say."""
    container.bundle.inside("stat", "/proc", "/sys", "/dev/pts", "/dev/shm", "/dev/mqueue")
    magics = [line.split()[-1] for line in container.report()]
    assert magics == ["9fa0", "62656572", "1cd1", "1021994", "19800202"]


def test_proc_options(container: Container) -> None:
    """OPT-4: options reach procfs."""
    container.bundle.config["mounts"][0]["options"] = ["hidepid=2", "nosuid"]
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    mount = mountinfo.at(container.report(), "/proc")
    assert {"hidepid=invisible", "hidepid=2"} & mount.superblock and "nosuid" in mount.options


def test_many(container: Container, source: Path) -> None:
    """MNT-6: three hundred mounts are no problem."""
    for number in range(300):
        container.bundle.bind(source, f"/m/{number}", "ro")
    container.bundle.sh("grep -c ' /m/' /proc/self/mountinfo; cat /m/299/file")
    assert container.report() == ["300", "from the host"]


@departs("runc", "1.1 makes ro an attribute of the mount")
def test_remount(container: Container, source: Path) -> None:
    """OPT-1: remount changes a mount made before."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "size=64k")
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "remount", "ro", "size=128k")
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    lines = container.report()
    assert len([m for m in mountinfo.parse(lines) if m.point == "/mnt"]) == 1
    mount = mountinfo.at(lines, "/mnt")
    assert "ro" in mount.superblock and "size=128k" in mount.superblock


def test_link_inside_the_root(container: Container, source: Path) -> None:
    """MNT-8: a link on the way to the target is followed inside the root filesystem."""
    (container.bundle.rootfs / "real").mkdir()
    (container.bundle.rootfs / "var/link").symlink_to("/real")
    container.bundle.bind(source, "/var/link/x").args("/bin/cat", "/real/x/file")
    assert container.report() == ["from the host"]


def test_caller_in_another_directory(container: Container, source: Path, home: Path) -> None:
    """BND-2: --bundle . works from the bundle's directory."""
    container.bundle.bind(source, "/mnt").args("/bin/cat", "/mnt/file")
    container.bundle.write()
    result = container.runtime.run("run", "--bundle", ".", container.id, cwd=container.bundle.path)
    assert result.out == "from the host\n"


@pytest.fixture
def nosuid(home: Path) -> Iterator[Path]:
    """A nosuid, nodev tmpfs on the host."""
    path = home / "nosuid"
    path.mkdir()
    mountinfo.mount("tmpfs", path, "tmpfs", 2 | 4, "mode=755")
    yield path
    mountinfo.unmount(path)


MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]


@pytest.fixture
def mapped(container: Container) -> Container:
    """A container in a user namespace; its root may not make the mountpoint in the host's image."""
    container.bundle.namespace("user")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    (container.bundle.rootfs / "mnt").mkdir()
    return container


@needs(probes.user_namespaces)
@departs("runc", "1.1 learns of locked flags in vain")
def test_locked_flags_are_kept(mapped: Container, nosuid: Path) -> None:
    """MNT-12: in a user namespace a bind keeps the flags that are locked in its source."""
    mapped.bundle.bind(nosuid, "/mnt", "ro").args("/bin/cat", "/proc/self/mountinfo")
    assert {"ro", "nosuid", "nodev"} <= mountinfo.at(mapped.report(), "/mnt").options


@needs(probes.user_namespaces)
@departs("runc", "1.1 ignores the request in silence")
def test_locked_flags_cannot_be_cleared(mapped: Container, nosuid: Path) -> None:
    """MNT-12: asking to clear a locked flag is an error, not ignored."""
    mapped.bundle.bind(nosuid, "/mnt", "suid")
    message = mapped.fails()
    assert "/mnt" in message and "locked" in message


@departs("runc", "1.1 does not know uidMappings of mounts")
@needs(probes.mount_api, probes.mount_setattr, idmapping.of_tmpfs)
@pytest.mark.parametrize("word", ["idmap", "ridmap", None])
def test_idmap(container: Container, nosuid: Path, word: str | None) -> None:
    """IDM-3, IDM-4, IDM-5: with mappings the bind shows ids as they map them."""
    (nosuid / "file").write_text("x")
    os.chown(nosuid / "file", 1000, 1000)
    container.bundle.bind(nosuid, "/mnt", *([word] if word else []))
    entry = container.bundle.config["mounts"][-1]
    entry["uidMappings"] = [{"containerID": 0, "hostID": 5000, "size": 2000}]
    entry["gidMappings"] = [{"containerID": 0, "hostID": 7000, "size": 2000}]
    container.bundle.args("/bin/stat", "-c", "%u %g", "/mnt/file")
    assert container.report() == ["6000 8000"]


@departs("runc", "1.1 does not know idmap")
def test_idmap_without_a_user_namespace(container: Container, nosuid: Path) -> None:
    """IDM-7: idmap without mappings and without a user namespace is an error."""
    container.bundle.bind(nosuid, "/mnt", "idmap")
    assert "idmap" in container.fails()


@departs("runc", "1.1 does not know idmap")
@needs(probes.user_namespaces, probes.mount_api, probes.mount_setattr, idmapping.of_tmpfs)
def test_idmap_of_the_container(mapped: Container, nosuid: Path) -> None:
    """IDM-6: without mappings of its own the mount takes those of the container, or is refused."""
    (nosuid / "file").write_text("x")
    mapped.bundle.bind(nosuid, "/mnt", "idmap").args("/bin/stat", "-c", "%u %g", "/mnt/file")
    assert mapped.report() == ["0 0"]


@departs("runc", "1.1 does not know uidMappings of mounts")
def test_half_an_idmap(container: Container, nosuid: Path) -> None:
    """IDM-2: uidMappings without gidMappings are refused."""
    container.bundle.bind(nosuid, "/mnt", "idmap")
    container.bundle.config["mounts"][-1]["uidMappings"] = MAPS
    assert "gidMappings" in container.fails()
