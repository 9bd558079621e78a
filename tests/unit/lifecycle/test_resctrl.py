# SPDX-License-Identifier: Apache-2.0
"""resctrl: where it is mounted, and schemas as the kernel and people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyrunc.errors import ConfigError
from pyrunc.runtime import resctrl

LINE = "36 25 0:32 / {at} rw,nosuid,nodev,noexec,relatime shared:9 - {type} resctrl rw\n"


def mountinfo(tmp_path: Path, *lines: tuple[str, str]) -> str:
    path = tmp_path / "mountinfo"
    path.write_text("".join(LINE.format(at=at, type=type) for at, type in lines))
    return str(path)


def test_found(tmp_path: Path) -> None:
    """RDT-1: the mount point is that of the file system of type resctrl, wherever it is."""
    text = mountinfo(tmp_path, ("/sys/fs/cgroup", "cgroup2"), ("/mnt/a\\040b\\134", "resctrl"))
    assert resctrl.find_mount(text) == "/mnt/a b\\"


def test_not_found(tmp_path: Path) -> None:
    """RDT-1: a source called resctrl on another type is no resctrl."""
    with pytest.raises(ConfigError, match="resctrl is not mounted"):
        resctrl.find_mount(mountinfo(tmp_path, ("/resctrl", "tmpfs"), ("/x", "resctrlfs")))


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("L3:0=00ff;1=F", {"L3": {"0": 255, "1": 15}}),
        ("    L3CODE:0=10", {"L3CODE": {"0": 16}}),
        ("MB:0=010;01=20", {"MB": {"0": 10, "1": 20}}),
        ("SMBA:0= 2048", {"SMBA": {"0": 2048}}),
        ("L3:0=xyz", {"L3": {"0": "xyz"}}),
        ("L3:odd", {"L3": {"": "odd"}}),
        ("nothing", {}),
    ],
)
def test_parse(line: str, parsed: dict[str, dict[str, object]]) -> None:
    """RDT-6: masks are hexadecimal, bandwidths decimal, zeros and blanks nothing."""
    assert resctrl.parse([line]) == parsed


def test_lines() -> None:
    """RDT-5: nothing is written where no schema is given; empty ones are none."""
    assert resctrl.schema_lines({}) == []
    assert resctrl.schema_lines({"l3CacheSchema": "", "memBwSchema": "MB:0=1"}) == ["MB:0=1"]


def test_gone_is_removed(tmp_path: Path) -> None:
    """RDT-8: what was removed by somebody else does not stop delete."""
    path = tmp_path / "group"
    path.mkdir()
    resctrl.remove({"remove": [str(tmp_path / "gone"), str(path)]})
    assert not path.exists()
