# SPDX-License-Identifier: Apache-2.0
"""Sealed memory files: whole, unchangeable, close-on-exec, executable or not."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from pyrunc import native

from .conftest import DOOR, failure, step

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def check_sealed(fd: int, content: bytes) -> None:
    """Content, seals, close-on-exec; and that neither writing nor resizing works."""
    assert os.pread(fd, len(content) + 1, 0) == content
    assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & SEALS == SEALS
    assert fcntl.fcntl(fd, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    for change in (lambda: os.pwrite(fd, b"x", 0), lambda: os.ftruncate(fd, len(content) + 1)):
        with pytest.raises(PermissionError):
            change()


def test_executable() -> None:
    """CVE-2019-5736: the sealed copy equals the executable and nobody can change it."""
    with open(DOOR, "rb") as door:
        fd = native.seal_executable(door.fileno())
    try:
        check_sealed(fd, DOOR.read_bytes())
        assert os.fstat(fd).st_mode & 0o777 == 0o555
    finally:
        os.close(fd)


@pytest.mark.parametrize("size", [0, 1, 4096, 1_000_003])
def test_plan(size: int) -> None:
    """PLAN: a plan of any size is sealed whole, and is no program."""
    data = os.urandom(size)
    fd = native.seal_plan(data)
    try:
        check_sealed(fd, data)
    finally:
        os.close(fd)


def test_bad_descriptor() -> None:
    """ERR: what is no descriptor fails at stat."""
    assert failure(native.seal_executable, 9999) == (step("STAT"), errno.EBADF)


def test_unreadable_executable(tmp_path: Path) -> None:
    """ERR: an O_PATH descriptor cannot be copied."""
    (tmp_path / "x").write_bytes(b"x")
    fd = os.open(tmp_path / "x", os.O_PATH)
    try:
        assert failure(native.seal_executable, fd) == (step("MEMFD"), errno.EBADF)
    finally:
        os.close(fd)
