# SPDX-License-Identifier: Apache-2.0
"""The bundle directory: where it is, and the bytes of its config.json, read once."""

from __future__ import annotations

import os
from errno import ENOENT, ENOTDIR
from stat import S_ISDIR, S_ISREG

from pyrunc.errors import ConfigError, errno_text
from pyrunc.jsonio import MAX_BYTES
from pyrunc.tables.spec import CONFIG_NAME

_CHUNK = 1 << 16  # bytes; larger ones would be mapped and unmapped for each config of 3 KB


class Bundle:
    """A bundle: its absolute `path` and the bytes `data` of its config.json."""

    __slots__ = ("data", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    def rootfs(self, root_path: str) -> str:
        """The absolute path of the root filesystem that `root.path` names.

        Relative means below the bundle (ROOT-2). Raises ConfigError unless a directory exists
        there (ROOT-4).
        """
        path = os.path.join(self.path, root_path)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            raise _rootfs_error(root_path, path, error) from None
        if not S_ISDIR(mode):
            raise _rootfs_error(root_path, path, NotADirectoryError(ENOTDIR, ""))
        return os.path.normpath(path)


def open_bundle(path: str) -> Bundle:
    """Open the bundle directory `path` and read its config.json, at most MAX_BYTES of it.

    No file descriptor is left open. Raises ConfigError when the directory or the file is missing,
    is of another kind or cannot be read (BND-1).
    """
    full = os.path.abspath(path)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        directory = os.open(full, flags)
    except (OSError, ValueError) as error:
        raise ConfigError(f"bundle {full}: {_reason(error)}") from None
    try:
        return Bundle(full, _read_config(directory))
    finally:
        os.close(directory)


def _read_config(directory: int) -> bytes:
    try:
        # O_NONBLOCK: a FIFO of that name must not stop us
        fd = os.open(CONFIG_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        if error.errno == ENOENT:
            raise ConfigError(f"JSON specification file {CONFIG_NAME} not found") from None
        raise ConfigError(f"{CONFIG_NAME}: {_reason(error)}") from None
    try:
        return read_limited(fd, CONFIG_NAME)
    finally:
        os.close(fd)


def read_limited(fd: int, name: str) -> bytes:
    """The bytes of the regular file `fd`, which stays the caller's; ConfigError above MAX_BYTES."""
    mode = os.fstat(fd).st_mode
    if S_ISDIR(mode):
        raise ConfigError(f"{name}: is a directory")
    if not S_ISREG(mode):
        raise ConfigError(f"{name}: not a regular file")
    return read_bytes(fd, name)


def read_bytes(fd: int, name: str) -> bytes:
    """What can be read from `fd`, which stays the caller's; ConfigError above MAX_BYTES."""
    chunks = []
    left = MAX_BYTES + 1
    try:
        while left > 0 and (chunk := os.read(fd, min(left, _CHUNK))):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError as error:
        raise ConfigError(f"{name}: {_reason(error)}") from None
    if left <= 0:
        raise ConfigError(f"{name}: larger than the {MAX_BYTES} bytes that are read")
    return b"".join(chunks)


def _rootfs_error(root_path: str, path: str, error: OSError | ValueError) -> ConfigError:
    from pyrunc.config.problems import Problem, refusal, show

    says = f"{show(root_path)} is not a directory that exists: {path}: {_reason(error)}"
    return refusal(CONFIG_NAME, [Problem("ROOT-4", ("root", "path"), says, "config.md, Root")])


def _reason(error: OSError | ValueError) -> str:
    number = getattr(error, "errno", None)
    return errno_text(number) if number else str(error)
