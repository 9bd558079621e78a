# SPDX-License-Identifier: Apache-2.0
"""Compiled seccomp programs kept in the state root: engines' default profiles take libseccomp tens
of milliseconds, which is more than all the rest of a create.
"""

from __future__ import annotations

import os
from _blake2 import blake2b
from _struct import Struct, pack

from pyrunc import _native, native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A comma is no part of a container's id: this can never be one.
DIRECTORY = ",seccomp"
ENTRIES_MAX = 64
_SIZE_MAX = 1 << 18  # bytes of one entry: more than the longest program with its unknown names
_DIGEST = 32
_FORMAT = b"pyrunc seccomp 1\0"
_HEAD = Struct("=32s32sI")  # key, digest of what follows the first two, count of unknown rules


class Cache:
    """The place of one profile's program. Nothing here raises: at worst it is compiled again.

    The key covers everything the compiler is given, with lengths, and who compiles: so an entry
    answers this question only, and what is wrong in it is found by its digest.
    """

    def __init__(
        self,
        root: str,
        default: int,
        newer: int,
        architectures: Sequence[int],
        rules: Sequence[tuple[str, int, Sequence[tuple[int, int, int, int]]]],
    ) -> None:
        parts = [_FORMAT, _compiler(), pack("=3I", default, newer, len(architectures))]
        parts.append(pack(f"={len(architectures)}I", *architectures))
        for name, action, conditions in rules:
            encoded = name.encode()
            parts.append(pack("=3I", len(encoded), action, len(conditions)) + encoded)
            parts.extend(pack("=2I2Q", *condition) for condition in conditions)
        self.key = blake2b(b"".join(parts), digest_size=_DIGEST).digest()
        self.directory = f"{root}/{DIRECTORY}"
        self.path = f"{self.directory}/{self.key.hex()}"

    def load(self) -> tuple[bytes, list[int]] | None:
        """The program and the indexes of unknown rules, None when they are not here."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            status = os.fstat(fd)
            if status.st_uid != os.geteuid() or status.st_mode & 0o177777 != 0o100600:
                return None
            return self._decode(os.read(fd, _SIZE_MAX))
        except OSError:
            return None
        finally:
            os.close(fd)

    def _decode(self, data: bytes) -> tuple[bytes, list[int]] | None:
        if len(data) < _HEAD.size:
            return None
        key, digest, count = _HEAD.unpack_from(data)
        start = _HEAD.size + 4 * count
        if key != self.key or _digest(data[2 * _DIGEST :]) != digest or start >= len(data):
            return None
        unknown = memoryview(data)[_HEAD.size : start].cast("I").tolist()
        return data[start:], unknown

    def store(self, program: bytes, unknown: Sequence[int]) -> None:
        """Keeps what was compiled, if that can be done; the oldest entries make room."""
        tail = pack(f"={1 + len(unknown)}I", len(unknown), *unknown) + program
        try:
            try:
                os.mkdir(self.directory, 0o700)
            except FileExistsError:
                _make_room(self.directory)
            if len(tail) < _SIZE_MAX - 2 * _DIGEST:
                _replace(self.path, self.key + _digest(tail) + tail)
        except OSError:
            pass


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


def _compiler() -> bytes:
    """Who compiles: our module as it is on disk, libseccomp, the kernel that runs the program."""
    try:
        built = os.stat(str(_native.__file__))
    except OSError:
        return os.urandom(16)  # never found again
    system = os.uname()
    words = f"{built.st_ino} {built.st_size} {built.st_mtime_ns} {system.release} {system.machine}"
    encoded = words.encode()
    return pack("=2I", native.seccomp_version(), len(encoded)) + encoded


def _make_room(directory: str) -> None:
    """Leaves room for one more entry below ENTRIES_MAX; others may be doing the same."""
    with os.scandir(directory) as entries:
        files = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in entries]
    files.sort()
    for _, path in files[: max(0, len(files) - ENTRIES_MAX + 1)]:
        os.unlink(path)


def _replace(path: str, data: bytes) -> None:
    from pyrunc.runtime.state import replace_file

    replace_file(path, data, 0o600)
