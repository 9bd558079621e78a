# SPDX-License-Identifier: Apache-2.0
"""The bundle: its config is read once, and its root filesystem must be there."""

from __future__ import annotations

import os

import pytest

from pyrunc.config.bundle import open_bundle
from pyrunc.errors import ConfigError
from pyrunc.jsonio import MAX_BYTES


def refusal(call, *args):
    """The text of the ConfigError that `call` raises."""
    with pytest.raises(ConfigError) as caught:
        call(*args)
    return str(caught.value)


def test_bytes_and_absolute_path(tmp_path, monkeypatch):
    """BND-1, ROOT-2: a relative bundle is made absolute by the caller's directory."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "config.json").write_bytes(b"{not json\xff")
    monkeypatch.chdir(tmp_path)
    bundle = open_bundle("b")
    assert bundle.path == str(tmp_path / "b")
    assert bundle.data == b"{not json\xff"


def test_missing_config(tmp_path):
    """BND-1: no config.json is the error that runc gives."""
    assert refusal(open_bundle, str(tmp_path)) == "JSON specification file config.json not found"


def test_missing_bundle(tmp_path):
    """BND-1: no bundle directory."""
    place = str(tmp_path / "none")
    assert refusal(open_bundle, place) == f"bundle {place}: no such file or directory"


def test_bundle_is_a_file(tmp_path):
    """BND-1: a bundle is a directory."""
    (tmp_path / "f").write_text("")
    assert refusal(open_bundle, str(tmp_path / "f")) == f"bundle {tmp_path / 'f'}: not a directory"


def test_bundle_with_nul():
    """BND-1, PY-9: a NUL in the path is an error of ours."""
    assert refusal(open_bundle, "/a\0b") == "bundle /a\0b: embedded null byte"


def test_config_is_a_directory(tmp_path):
    """BND-1: a directory of that name is called what it is."""
    (tmp_path / "config.json").mkdir()
    assert refusal(open_bundle, str(tmp_path)) == "config.json: is a directory"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
def test_config_is_a_regular_file(tmp_path, make):
    """BND-1: a FIFO nobody writes to and a device are refused without waiting."""
    make(tmp_path / "config.json")
    assert refusal(open_bundle, str(tmp_path)) == "config.json: not a regular file"


def test_config_that_loops(tmp_path):
    """BND-1: the reason is the system's, in Go's words."""
    (tmp_path / "config.json").symlink_to("config.json")
    assert refusal(open_bundle, str(tmp_path)) == "config.json: too many levels of symbolic links"


def test_config_size_is_bounded(tmp_path):
    """PY-10: a huge config is refused before it is parsed, a large one is read whole."""
    file = tmp_path / "config.json"
    file.write_bytes(b" " * MAX_BYTES)
    assert len(open_bundle(str(tmp_path)).data) == MAX_BYTES
    with file.open("r+b") as stream:
        stream.truncate(1 << 40)
    assert refusal(open_bundle, str(tmp_path)) == (
        f"config.json: larger than the {MAX_BYTES} bytes that are read")


def test_no_descriptor_is_left(tmp_path):
    """BND-1: neither success nor failure leaves a file open."""
    before = os.listdir("/proc/self/fd")
    refusal(open_bundle, str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    open_bundle(str(tmp_path))
    assert os.listdir("/proc/self/fd") == before


def test_rootfs_relative_to_the_bundle(tmp_path, monkeypatch):
    """ROOT-2: a relative root.path is below the bundle, not below the caller's directory."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "rootfs").mkdir()
    monkeypatch.chdir("/")
    bundle = open_bundle(str(tmp_path))
    assert bundle.rootfs("rootfs") == bundle.rootfs("./rootfs/") == str(tmp_path / "rootfs")
    assert bundle.rootfs(str(tmp_path / "rootfs")) == str(tmp_path / "rootfs")


def test_rootfs_must_be_a_directory(tmp_path):
    """ROOT-4: a missing root filesystem, or one that is no directory, is named with its reason."""
    (tmp_path / "config.json").write_text("{}")
    bundle = open_bundle(str(tmp_path))
    assert refusal(bundle.rootfs, "rootfs") == (
        'config.json: root.path: "rootfs" is not a directory that exists: '
        f"{tmp_path}/rootfs: no such file or directory (config.md, Root)")
    assert refusal(bundle.rootfs, "config.json") == (
        'config.json: root.path: "config.json" is not a directory that exists: '
        f"{tmp_path}/config.json: not a directory (config.md, Root)")


def test_bundle_name_means_nothing(tmp_path):
    """BND-3: any directory name will do."""
    for name in ("a b", "\u00e9", "-x", "config.json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
        assert open_bundle(str(tmp_path / name)).data == b"{}"


def test_rootfs_behind_a_symbolic_link(tmp_path):
    """ROOT-7: a link on the way is followed when the directory is looked for."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "real").mkdir()
    (tmp_path / "rootfs").symlink_to("real")
    bundle = open_bundle(str(tmp_path))
    assert bundle.rootfs("rootfs") == str(tmp_path / "rootfs")
    (tmp_path / "real").rmdir()
    assert refusal(bundle.rootfs, "rootfs").endswith("no such file or directory (config.md, Root)")
