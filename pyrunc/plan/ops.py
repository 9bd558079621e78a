# SPDX-License-Identifier: Apache-2.0
"""The plan: ops in order with a few words each for people, and the flat buffer that C executes."""

from __future__ import annotations

import os
from _struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The codes of enum pr_op_code, in its order (csrc/pyrunc.cdef.h; a unit test compares the two).
CODES = (
    "NONE",
    "JOIN",
    "UNSHARE",
    "WRITE_SELF",
    "FORK",
    "SYNC",
    "SET_IDS",
    "PROCFS",
    "LOOPBACK",
    "HOSTNAME",
    "DOMAINNAME",
    "KEYRING",
    "PROPAGATION",
    "ROOTFS",
    "NULL",
    "MOUNT",
    "BIND",
    "SETATTR",
    "REMOUNT",
    "LABEL",
    "MKDIR",
    "DEVICE",
    "SYMLINK",
    "UNLINK",
    "PIVOT",
    "MOVE_ROOT",
    "CHROOT",
    "ROOT_READONLY",
    "MASK",
    "READONLY",
    "SYSCTL",
    "CONSOLE",
    "SCHED",
    "IOPRIO",
    "MEMPOLICY",
    "PERSONALITY",
    "AFFINITY",
    "UMASK",
    "CWD",
    "CWD_CHECK",
    "STDIO",
    "NO_NEW_PRIVS",
    "BOUNDING",
    "USER",
    "CAPS",
    "SECCOMP",
    "ENV_HOME",
    "LISTEN_PID",
    "LOOKUP",
    "HOOK",
    "READY",
    "WAIT_START",
    "LAST_WORD",
    "EXEC",
)
CODE = {name: number for number, name in enumerate(CODES)}

# enum pr_sync
SYNC_MAPS = 1
SYNC_SOURCES = 2
SYNC_NETWORK = 3
SYNC_HOOKS = 4
SYNC_LIMITS = 5
SYNC_SECCOMP = 6
SYNC_READY = 7
SYNC_CGROUP = 8

# flags of single ops
MOUNT_RECURSIVE = 1
MOUNT_COPYUP = 2
MOUNT_PLAIN_DIR = 4
MOUNT_DETACHED = 8
MOUNT_IN_PROC = 16
MOUNT_FROM_PROC = 32
MOUNT_OR_BIND = 64
JOIN_PROCESS = 1
CONSOLE_BIND = 1
USER_KEEP_CAPS = 1
USER_NO_SETGROUPS = 2
WRITE_SELF_DUMPABLE = 1
SECCOMP_LISTENER = 1
SECCOMP_FETCHED = 2
IDMAP_TREE = 1
IDMAP_RECURSIVE = 2
HOOK_CREATE_CONTAINER = 1
HOOK_START_CONTAINER = 2

# enum pr_propagation
PROPAGATIONS = {
    word: number
    for number, word in enumerate(
        (
            "private",
            "rprivate",
            "shared",
            "rshared",
            "slave",
            "rslave",
            "unbindable",
            "runbindable",
        ),
        start=1,
    )
}

NONE = 0xFFFF_FFFF_FFFF_FFFF  # UINT64_MAX: no such descriptor or source

_MAGIC = b"PYRUNCP\0"
_VERSION = 1
_HEADER = Struct("=8s6I")
_OP = Struct("=6I5Q")
_MASK = 0xFFFF_FFFF_FFFF_FFFF


class Op:
    """One action: its code's name, flags, and what its strings and numbers are, for messages.

    `strings` are offsets into the plan's string area. `words` says what the op is about, as a
    person would: "mount proc on /proc".
    """

    __slots__ = ("code", "flags", "numbers", "strings", "words")

    def __init__(
        self, code: str, flags: int, strings: tuple[int, ...], numbers: Sequence[int], words: str
    ) -> None:
        self.code = code
        self.flags = flags
        self.strings = strings
        self.numbers = numbers
        self.words = words


class Plan:
    """Ops in order. `add` takes str for strings, lists of str for blocks, bytes for blobs."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.clone_flags = 0
        self.keep_fds: list[int] = []
        self.trace_fd = -1  # one of keep_fds: memory for the times of the ops (trace.py)
        self.seccomp_flags = 0
        self.seccomp_listener = 0
        self._strings = bytearray(b"\0" * 8)  # offset 0 means absent
        self._known: dict[bytes, int] = {}

    def add(
        self,
        code: str,
        words: str = "",
        *numbers: int,
        strings: Sequence[str | Sequence[str] | bytes | None] = (),
        flags: int = 0,
    ) -> Op:
        """Appends an op. Numbers may be negative (two's complement). Returns it."""
        offsets = [0 if item is None else self._store(item) for item in strings]
        offsets.extend((0, 0, 0, 0)[len(offsets) :])
        op = Op(code, flags, tuple(offsets), numbers, words)
        self.ops.append(op)
        return op

    def _store(self, item: str | Sequence[str] | bytes) -> int:
        if isinstance(item, bytes):
            self._strings.extend(b"\0" * (-len(self._strings) % 8))
            offset = len(self._strings)
            self._strings += item
            return offset
        if isinstance(item, str):
            data = os.fsencode(item) + b"\0"
        else:
            if not item:
                return 0
            data = b"".join([os.fsencode(string) + b"\0" for string in item])
        offset = self._known.get(data, 0)
        if not offset:
            offset = self._known[data] = len(self._strings)
            self._strings += data
        return offset

    def encode(self) -> bytearray:
        """The buffer of struct pr_plan, its ops and its strings."""
        strings = self._strings + b"\0"
        string_offset = _HEADER.size + _OP.size * len(self.ops)
        size = string_offset + len(strings)
        buffer = bytearray(size)
        _HEADER.pack_into(
            buffer,
            0,
            _MAGIC,
            _VERSION,
            size,
            len(self.ops),
            string_offset,
            len(strings),
            self.trace_fd + 1,
        )
        at = _HEADER.size
        for op in self.ops:
            numbers = [number & _MASK for number in op.numbers]
            numbers.extend((0, 0, 0, 0, 0)[len(numbers) :])
            _OP.pack_into(buffer, at, CODE[op.code], op.flags, *op.strings, *numbers)
            at += _OP.size
        buffer[string_offset:] = strings
        return buffer

    def set_fifo(self, fd: int) -> None:
        """Names the exec fifo's O_PATH descriptor, which is opened after the plan is made."""
        for op in self.ops:
            if op.code == "WAIT_START":
                op.numbers = (fd,)
                self.keep_fds.append(fd)

    def describe(self) -> str:
        """The plan for people, one op a line."""
        return "\n".join(_lines(self.ops))


def _lines(ops: Iterable[Op]) -> Iterable[str]:
    for index, op in enumerate(ops):
        yield f"{index:3} {op.code.lower():<14} {op.words}"


def pack_propagations(words: Sequence[str]) -> int:
    """Up to four propagation words as the bytes of n2, the first lowest."""
    packed = 0
    for word in reversed(words[-4:]):
        packed = packed << 8 | PROPAGATIONS[word]
    return packed
