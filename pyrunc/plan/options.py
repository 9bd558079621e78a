# SPDX-License-Identifier: Apache-2.0
"""Mount option words taken apart: what the kernel sets, what the file system gets, what pyrunc
does.
"""

from __future__ import annotations

from pyrunc.tables import mounts as table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# MS_ bit: MOUNT_ATTR_ bit, for the attributes of one mount. The three atime bits are one field.
_ATTRIBUTES = (
    (table.MS_RDONLY, table.MOUNT_ATTR_RDONLY),
    (table.MS_NOSUID, table.MOUNT_ATTR_NOSUID),
    (table.MS_NODEV, table.MOUNT_ATTR_NODEV),
    (table.MS_NOEXEC, table.MOUNT_ATTR_NOEXEC),
    (table.MS_NODIRATIME, table.MOUNT_ATTR_NODIRATIME),
    (table.MS_NOSYMFOLLOW, table.MOUNT_ATTR_NOSYMFOLLOW),
)
_ATIME = table.MS_NOATIME | table.MS_RELATIME | table.MS_STRICTATIME
_SUPERBLOCK = (
    table.MS_RDONLY
    | table.MS_SYNCHRONOUS
    | table.MS_MANDLOCK
    | table.MS_DIRSYNC
    | table.MS_SILENT
    | table.MS_I_VERSION
    | table.MS_LAZYTIME
)


class MountOptions:
    """One mount's options, later words having overridden earlier opposite ones (OPT-5).

    set, clear: MOUNT_ATTR_ bits of the mount; set_all, clear_all: of the whole tree (r-words).
    superblock: MS_ bits of a new file system. data: what is left, for the file system (OPT-4).
    """

    __slots__ = (
        "bind",
        "clear",
        "clear_all",
        "copyup",
        "data",
        "idmap",
        "propagation",
        "recursive",
        "remount",
        "set",
        "set_all",
        "superblock",
    )

    def __init__(self, words: Iterable[str]) -> None:
        ms = ms_clear = 0
        self.set_all = self.clear_all = 0
        self.propagation: list[str] = []
        self.data: list[str] = []
        self.copyup = False
        self.idmap = ""
        for word in words:
            if word in table.MOUNT_OPTIONS:
                on, off = table.MOUNT_OPTIONS[word]
                if on & _ATIME:
                    off |= _ATIME & ~on  # three values of one field: the last one asked for
                ms = ms & ~off | on
                ms_clear = ms_clear & ~on | off
            elif word in table.RECURSIVE_OPTIONS:
                self._recursive(*table.RECURSIVE_OPTIONS[word])
            elif word in table.PROPAGATION:
                self.propagation.append(word)
            elif word == table.TMPCOPYUP:
                self.copyup = True
            elif word in (table.IDMAP, table.RIDMAP):
                self.idmap = word
            elif word and word != table.DEFAULTS:
                self.data.append(word)
        self.bind = bool(ms & table.MS_BIND)
        self.recursive = bool(ms & table.MS_REC)
        self.remount = bool(ms & table.MS_REMOUNT)
        self.superblock = ms & _SUPERBLOCK
        self.set, self.clear = _attributes(ms, ms_clear)

    def _recursive(self, on: int, off: int) -> None:
        if off & table.MOUNT_ATTR__ATIME:
            self.set_all &= ~table.MOUNT_ATTR__ATIME
        self.set_all = self.set_all & ~off | on
        self.clear_all = self.clear_all & ~(on & ~table.MOUNT_ATTR__ATIME) | off


def _attributes(ms: int, ms_clear: int) -> tuple[int, int]:
    """MOUNT_ATTR_ bits to set and to clear for the MS_ bits that words set and cleared."""
    on = off = 0
    for flag, attribute in _ATTRIBUTES:
        if ms & flag:
            on |= attribute
        elif ms_clear & flag:
            off |= attribute
    if (ms | ms_clear) & _ATIME:
        # mount_setattr(2): a change of the atime mode must clear the whole field.
        off |= table.MOUNT_ATTR__ATIME
        if ms & table.MS_NOATIME:
            on |= table.MOUNT_ATTR_NOATIME
        elif ms & table.MS_STRICTATIME:
            on |= table.MOUNT_ATTR_STRICTATIME
    return on, off
