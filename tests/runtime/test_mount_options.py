# SPDX-License-Identifier: Apache-2.0
"""mounts[].options: every word of the standard's table, seen in the container's mountinfo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .harness import Container, departs, mountinfo
from .harness.mountinfo import Mount

# What a fresh tmpfs shows when nothing is asked for.
PLAIN = {"rw", "relatime"}

# word: what it adds to the options of the mount, what it adds to those of its superblock
SHOWN = {
    "ro": ({"ro"}, set()),
    "nosuid": ({"nosuid"}, set()),
    "nodev": ({"nodev"}, set()),
    "noexec": ({"noexec"}, set()),
    "noatime": ({"noatime"}, set()),
    "nodiratime": ({"nodiratime"}, set()),
    "sync": (set(), {"sync"}),
    "dirsync": (set(), {"dirsync"}),
    "lazytime": (set(), {"lazytime"}),
}
OPPOSITE = {
    "ro": "rw", "nosuid": "suid", "nodev": "dev", "noexec": "exec", "noatime": "atime",
    "nodiratime": "diratime", "sync": "async", "lazytime": "nolazytime",
}  # fmt: skip
SILENT = (
    "async atime defaults dev diratime exec iversion loud mand noiversion nolazytime nomand "
    "norelatime nostrictatime relatime rw silent suid symfollow"
).split()


def mounts(container: Container) -> list[str]:
    """The lines of the container's mountinfo."""
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    return container.report()


def tmpfs(container: Container, *options: str) -> Mount:
    """Mount a tmpfs with these options and return what the container shows of it."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", *options)
    return mountinfo.at(mounts(container), "/mnt")


def bound(container: Container, source: Path, *options: str) -> list[Mount]:
    """Bind the tree with these options; what the container shows of its top and of sub."""
    container.bundle.mount("/mnt", "bind", source, *options)
    lines = mounts(container)
    return [mountinfo.at(lines, "/mnt"), mountinfo.at(lines, "/mnt/sub")]


@pytest.mark.parametrize("word", SHOWN)
def test_word_on_a_new_file_system(container: Container, word: str) -> None:
    """OPT-1: the word has its effect on a new file system."""
    mine, superblock = SHOWN[word]
    mount = tmpfs(container, word)
    assert mine <= mount.options and superblock <= mount.superblock


@departs("runc", "1.1 does not know it")
def test_nosymfollow(container: Container) -> None:
    """OPT-1: nosymfollow makes links useless below the mount."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "nosymfollow")
    container.bundle.sh("ln -s /etc/passwd /mnt/l 2>/dev/null || busybox ln -s /etc/passwd /mnt/l;"
                        "readlink /mnt/l; inside open /mnt/l 0")  # fmt: skip
    assert container.report() == ["/etc/passwd", "ELOOP"]


@pytest.mark.parametrize(
    "word",
    [
        pytest.param(word, marks=departs("runc", "1.1 passes it to the file system"))
        if word == "defaults"
        else word
        for word in SILENT
    ],
)
def test_word_without_trace(container: Container, word: str) -> None:
    """OPT-1: the word is consumed: it changes nothing here and never reaches the file system."""
    mount = tmpfs(container, word)
    assert mount.options == PLAIN


@pytest.mark.parametrize("on", OPPOSITE)
def test_later_word_wins(container: Container, on: str) -> None:
    """OPT-5: of two opposite words the later holds, in both orders."""
    off = OPPOSITE[on]
    container.bundle.mount("/a", "tmpfs", "tmpfs", on, off)
    container.bundle.mount("/b", "tmpfs", "tmpfs", off, on)
    lines = mounts(container)
    cleared, given = mountinfo.at(lines, "/a"), mountinfo.at(lines, "/b")
    mine, superblock = SHOWN[on]
    assert not mine & cleared.options and not superblock & cleared.superblock
    assert mine <= given.options and superblock <= given.superblock


def test_strictatime(container: Container) -> None:
    """OPT-1: strictatime is neither relatime nor noatime."""
    assert not {"relatime", "noatime"} & tmpfs(container, "strictatime").options


def test_norelatime_after_noatime(container: Container) -> None:
    """OPT-5: noatime holds although relatime is taken back."""
    assert "noatime" in tmpfs(container, "noatime", "norelatime").options


@pytest.mark.parametrize("word", ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime"])
def test_word_on_a_bind(container: Container, tree: Path, word: str) -> None:
    """OPT-1, MNT-12: the word has its effect on a bind, whose source keeps its own flags."""
    top, sub = bound(container, tree, "rbind", word)
    assert word in top.options and word not in sub.options
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        assert mountinfo.at(file, str(tree)).options == PLAIN


@departs("runc", "1.1 drops the source's flags when a bind has words of its own")
def test_clearing_word_on_a_bind(container: Container, home: Path) -> None:
    """OPT-1: a bind of a read-only, nosuid mount can be had rw, the rest of its flags kept."""
    source = home / "source"
    source.mkdir()
    mountinfo.mount("tmpfs", source, "tmpfs", 2 | 4 | 8)
    try:
        container.bundle.mount("/mnt", "bind", source, "bind", "suid", "exec")
        options = mountinfo.at(mounts(container), "/mnt").options
    finally:
        mountinfo.unmount(source)
    assert "nodev" in options and not {"nosuid", "noexec"} & options


@departs("runc", "1.1 drops the source's flags when a bind has words of its own")
def test_flags_of_the_source_are_kept(container: Container, home: Path) -> None:
    """MNT-12: a bind with words of its own keeps the other flags of its source."""
    source = home / "source"
    source.mkdir()
    mountinfo.mount("tmpfs", source, "tmpfs", 2 | 8)
    try:
        container.bundle.mount("/mnt", "bind", source, "bind", "ro")
        options = mountinfo.at(mounts(container), "/mnt").options
    finally:
        mountinfo.unmount(source)
    assert {"ro", "nosuid", "noexec"} <= options


RECURSIVE = {
    "rro": "ro", "rnosuid": "nosuid", "rnodev": "nodev", "rnoexec": "noexec",
    "rnoatime": "noatime", "rnodiratime": "nodiratime", "rnosymfollow": "nosymfollow",
}  # fmt: skip
RECURSIVE_OPPOSITE = {
    "rro": "rrw", "rnosuid": "rsuid", "rnodev": "rdev", "rnoexec": "rexec", "rnoatime": "ratime",
    "rnodiratime": "rdiratime", "rnosymfollow": "rsymfollow",
}  # fmt: skip


@pytest.mark.parametrize("word", RECURSIVE)
def test_recursive_word(container: Container, tree: Path, word: str) -> None:
    """OPT-1: the word holds for the whole tree."""
    for mount in bound(container, tree, "rbind", word):
        assert RECURSIVE[word] in mount.options, mount.point


@departs("runc", "1.1 asks the kernel to set and to clear at once, which is refused")
@pytest.mark.parametrize("word", RECURSIVE)
def test_recursive_opposite(container: Container, tree: Path, word: str) -> None:
    """OPT-1, OPT-5: the opposite word clears it again in the whole tree."""
    for mount in bound(container, tree, "rbind", word, RECURSIVE_OPPOSITE[word]):
        assert RECURSIVE[word] not in mount.options, mount.point


def test_recursive_strictatime(container: Container, tree: Path) -> None:
    """OPT-1: rstrictatime replaces the whole atime field of each mount."""
    for mount in bound(container, tree, "rbind", "rstrictatime"):
        assert not {"relatime", "noatime"} & mount.options


@pytest.mark.parametrize(
    "word",
    [
        "rrelatime",
        "rnorelatime",
        pytest.param("rnostrictatime", marks=departs("runc", "1.1 hands the kernel half a field")),
    ],
)
def test_recursive_relatime(container: Container, tree: Path, word: str) -> None:
    """OPT-1: what is not noatime and not strictatime is relatime."""
    for mount in bound(container, tree, "rbind", word):
        assert "relatime" in mount.options


def test_recursive_beside_plain(container: Container, tree: Path) -> None:
    """OPT-1: a plain and a recursive word together each do theirs."""
    top, sub = bound(container, tree, "rbind", "nosuid", "rro")
    assert {"ro", "nosuid"} <= top.options
    assert "ro" in sub.options and "nosuid" not in sub.options


def test_bind_is_not_recursive(container: Container, tree: Path) -> None:
    """OPT-1: bind takes the one mount, without what is mounted in it."""
    container.bundle.mount("/mnt", "bind", tree, "bind")
    points = [mount.point for mount in mountinfo.parse(mounts(container))]
    assert "/mnt" in points and "/mnt/sub" not in points


@pytest.mark.parametrize(
    ("words", "top", "sub"),
    [
        (["private"], [], []),
        (["rprivate"], [], []),
        (["shared"], ["shared"], []),
        (["rshared"], ["shared"], ["shared"]),
        (["unbindable"], ["unbindable"], []),
        (["runbindable"], ["unbindable"], ["unbindable"]),
        (["rslave", "shared"], ["shared"], []),
        (["rshared", "private"], [], ["shared"]),
    ],
    ids=" ".join,
)
def test_propagation(
    container: Container, tree: Path, words: list[str], top: list[str], sub: list[str]
) -> None:
    """OPT-1: each word sets the propagation of the mount, an r-word that of its tree; several
    are applied in their order."""
    got = bound(container, tree, "rbind", *words)
    assert [mount.peers for mount in got] == [top, sub]


@pytest.mark.parametrize(
    ("word", "top", "sub"), [("slave", ["master"], None), ("rslave", ["master"], ["master"])]
)
def test_slave_of_the_hosts(
    container: Container, tree: Path, word: str, top: list[str], sub: list[str] | None
) -> None:
    """OPT-1: a slave of a shared mount of the host."""
    mountinfo.mount("", tree, None, mountinfo.MS_SHARED | mountinfo.MS_REC)
    got = bound(container, tree, "rbind", word)
    assert got[0].peers == top and sub in (None, got[1].peers)


def test_private_of_a_shared_one(container: Container, tree: Path) -> None:
    """OPT-1: rprivate cuts the tree off from the host's peer groups."""
    mountinfo.mount("", tree, None, mountinfo.MS_SHARED | mountinfo.MS_REC)
    assert [mount.peers for mount in bound(container, tree, "rbind", "rprivate")] == [[], []]


def test_propagation_on_a_new_file_system(container: Container) -> None:
    """OPT-1: propagation words work on any mount, not binds only."""
    assert tmpfs(container, "shared").peers == ["shared"]


def test_file_system_options(container: Container) -> None:
    """OPT-4: what is not in the table goes to the file system."""
    mount = tmpfs(container, "size=1024k", "nosuid", "mode=0710", "nr_inodes=20")
    assert {"size=1024k", "mode=710", "nr_inodes=20"} <= mount.superblock
    assert "nosuid" in mount.options


def test_empty_option(container: Container) -> None:
    """OPT-4: no options at all are fine."""
    assert tmpfs(container).options == PLAIN


def test_bad_option(container: Container) -> None:
    """OPT-4, MNT-5: what the file system does not know is an error that names the target."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "frobnicate")
    message = container.fails()
    assert "/mnt" in message and "invalid argument" in message


@pytest.fixture
def image(container: Container) -> Container:
    """A container whose image has files in /var/lib of several kinds."""
    container.bundle.file("var/lib/a/file", "hello", 0o640)
    container.bundle.file("var/lib/top", "world", 0o4755)
    (container.bundle.rootfs / "var/lib/link").symlink_to("a/file")
    (container.bundle.rootfs / "var/lib/a").chmod(0o711)
    return container


def test_tmpcopyup(image: Container) -> None:
    """OPT-1: tmpcopyup fills the tmpfs with what the image has there, modes and links kept."""
    image.bundle.mount("/var/lib", "tmpfs", "tmpfs", "tmpcopyup")
    image.bundle.sh("cat /var/lib/link /var/lib/top; echo; stat -c '%a %n' /var/lib/*;"
                    "readlink /var/lib/link; echo changed > /var/lib/top")  # fmt: skip
    assert image.report() == [
        "helloworld", "711 /var/lib/a", "777 /var/lib/link", "4755 /var/lib/top", "a/file",
    ]  # fmt: skip
    assert (image.bundle.rootfs / "var/lib/top").read_text() == "world"


def test_tmpcopyup_read_only(image: Container) -> None:
    """OPT-1: with ro too it is filled first and read-only then."""
    image.bundle.mount("/var/lib", "tmpfs", "tmpfs", "tmpcopyup", "ro")
    image.bundle.sh("cat /var/lib/a/file; echo; inside write /var/lib/new x")
    assert image.report() == ["hello", "EROFS"]


def test_tmpcopyup_keeps_the_owner(image: Container) -> None:
    """OPT-1: tmpcopyup keeps owners."""
    os.chown(image.bundle.rootfs / "var/lib/a/file", 1000, 2000)
    image.bundle.mount("/var/lib", "tmpfs", "tmpfs", "tmpcopyup")
    image.bundle.args("/bin/stat", "-c", "%u %g %a", "/var/lib/a/file")
    assert image.report() == ["1000 2000 640"]
