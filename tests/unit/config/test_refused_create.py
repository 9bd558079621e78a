# SPDX-License-Identifier: Apache-2.0
"""create of a refused config: one line, and nothing is made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyrunc.cli import main as program
from tests.corpus import make

CORPUS = Path(make.__file__).parent
INDEX = json.loads((CORPUS / "index.json").read_text("utf-8"))
# Every seventh file: all kinds of rows are among them, and each runs the whole of create.
SAMPLE = INDEX[::7]


def cgroup_directories():
    """The names of the cgroups that a container of ours would be in."""
    return [place for place, _, _ in os.walk("/sys/fs/cgroup") if "pyrunc-refused" in place]


@pytest.mark.parametrize("entry", SAMPLE, ids=lambda entry: entry["file"])
def test_refused_config_leaves_nothing(entry, tmp_path, capfd, monkeypatch):
    """VAL-1, OPS-C5, ERR-1: neither state nor bundle is touched, and the reason is one line."""
    bundle = tmp_path / "bundle"
    (bundle / "rootfs").mkdir(parents=True)
    (bundle / "config.json").write_bytes((CORPUS / "bad" / entry["file"]).read_bytes())
    before = sorted(path.name for path in bundle.rglob("*"))
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    running = children.read_text()
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "root"
    code = program.main(["pyrunc", "--root", str(root), "create", "--bundle", str(bundle),
                         "pyrunc-refused"])
    out, err = capfd.readouterr()
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "config.json: " in err
    assert not (root / "pyrunc-refused").exists()
    assert sorted(path.name for path in bundle.rglob("*")) == before
    assert children.read_text() == running
    assert cgroup_directories() == []


def test_missing_rootfs_leaves_nothing(tmp_path, capfd, monkeypatch):
    """ROOT-4, ERR-1: a good config whose root filesystem is missing is refused the same way."""
    (tmp_path / "config.json").write_text('{"ociVersion": "1.3.0", "root": {"path": "none"}, '
                                          '"process": {"cwd": "/", "args": ["x"], '
                                          '"user": {"uid": 0, "gid": 0}}}')
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "root"
    assert program.main(["pyrunc", "--root", str(root), "create", "pyrunc-refused"]) == 1
    assert ('root.path: \\"none\\" is not a directory that exists: '
            f"{tmp_path}/none: no such file or directory (config.md, Root)"
            ) in capfd.readouterr().err
    assert not (root / "pyrunc-refused").exists()
