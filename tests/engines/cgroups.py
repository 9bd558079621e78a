# SPDX-License-Identifier: Apache-2.0
"""The cgroup parents that the engines' tests use, and their removal, on v1, hybrid and v2."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """The top directory of each mounted hierarchy."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [place for place in ROOT.iterdir() if place.is_dir() and not place.is_symlink()]


def find(name: str) -> list[Path]:
    """The directories called `name` just below the root of any hierarchy."""
    return [place / name for place in hierarchies() if (place / name).is_dir()]


def remove(name: str) -> list[Path]:
    """Remove each tree called `name` bottom up; returns the directories that would not go."""
    left = []
    for tree in find(name):
        for place, _, _ in os.walk(tree, topdown=False):
            try:
                os.rmdir(place)
            except OSError:
                left.append(Path(place))
    return left
