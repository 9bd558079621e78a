# SPDX-License-Identifier: Apache-2.0
"""Mount option words, each of them and each pair of opposites in both orders."""

from __future__ import annotations

import pytest

from pyrunc.plan.options import MountOptions
from pyrunc.tables import mounts as table

# word: (MOUNT_ATTR_ bits set, cleared), from mount_setattr(2), written out and not computed
ATTRIBUTES = {
    "ro": (0x1, 0), "rw": (0, 0x1),
    "nosuid": (0x2, 0), "suid": (0, 0x2),
    "nodev": (0x4, 0), "dev": (0, 0x4),
    "noexec": (0x8, 0), "exec": (0, 0x8),
    "noatime": (0x10, 0x70), "atime": (0, 0x70),
    "relatime": (0, 0x70), "norelatime": (0, 0x70),
    "strictatime": (0x20, 0x70), "nostrictatime": (0, 0x70),
    "nodiratime": (0x80, 0), "diratime": (0, 0x80),
    "nosymfollow": (0x200000, 0), "symfollow": (0, 0x200000),
}  # fmt: skip
RECURSIVE = {f"r{word}": bits for word, bits in ATTRIBUTES.items()}

# word: MS_ bits of a new file system, from mount(2)
SUPERBLOCK = {
    "ro": 0x1, "sync": 0x10, "mand": 0x40, "dirsync": 0x80, "silent": 0x8000,
    "iversion": 0x800000, "lazytime": 0x2000000,
}  # fmt: skip
# (word that sets, word that clears)
OPPOSITES = [
    ("ro", "rw"), ("nosuid", "suid"), ("nodev", "dev"), ("noexec", "exec"),
    ("nodiratime", "diratime"), ("nosymfollow", "symfollow"), ("noatime", "atime"),
    ("strictatime", "nostrictatime"), ("sync", "async"), ("mand", "nomand"), ("silent", "loud"),
    ("iversion", "noiversion"), ("lazytime", "nolazytime"), ("relatime", "norelatime"),
]  # fmt: skip
SINGLE = {"dirsync", "bind", "rbind", "remount"}
BINDS = {"bind": False, "rbind": True}


def effect(*words: str) -> dict[str, object]:
    """What the options come to, without what is at its default."""
    options = MountOptions(words)
    found = {name: getattr(options, name) for name in MountOptions.__slots__}
    return {name: value for name, value in found.items() if value}


def expected(**more: object) -> dict[str, object]:
    return {name: value for name, value in more.items() if value}


@pytest.mark.parametrize("word", table.MOUNT_OPTIONS)
def test_each_word(word: str) -> None:
    """OPT-1: each word of the table does its one thing and never reaches the file system."""
    on, off = ATTRIBUTES.get(word, (0, 0))
    assert effect(word) == expected(
        set=on,
        clear=off,
        superblock=SUPERBLOCK.get(word, 0),
        bind=word in BINDS,
        recursive=BINDS.get(word, False),
        remount=word == "remount",
    )


def test_every_word_is_expected() -> None:
    """OPT-1: the lists of this file name every word of the table, and no other."""
    listed = {word for pair in OPPOSITES for word in pair} | SINGLE
    assert listed == set(table.MOUNT_OPTIONS)
    assert set(RECURSIVE) == set(table.RECURSIVE_OPTIONS)


@pytest.mark.parametrize("word", table.RECURSIVE_OPTIONS)
def test_each_recursive_word(word: str) -> None:
    """OPT-1: each r-word sets or clears for the whole tree, the atime field as a whole."""
    on, off = RECURSIVE[word]
    assert effect(word) == expected(set_all=on, clear_all=off)


@pytest.mark.parametrize("word", table.PROPAGATION)
def test_each_propagation_word(word: str) -> None:
    """OPT-1: a propagation word is kept for a step of its own."""
    assert effect(word) == {"propagation": [word]}


@pytest.mark.parametrize(("first", "second"), [*OPPOSITES, *(pair[::-1] for pair in OPPOSITES)])
def test_the_later_opposite_wins(first: str, second: str) -> None:
    """OPT-5: of two opposite words the later one decides."""
    assert effect(first, second) == effect(second)


@pytest.mark.parametrize("word", [word for pair in OPPOSITES[:8] for word in pair])
def test_the_later_recursive_opposite_wins(word: str) -> None:
    """OPT-5: and so it is for the r-words."""
    (other,) = ({*pair} - {word} for pair in OPPOSITES[:8] if word in pair)
    assert effect(f"r{other.pop()}", f"r{word}") == effect(f"r{word}")


@pytest.mark.parametrize(
    ("words", "on"),
    [
        (("noatime", "strictatime"), 0x20),
        (("strictatime", "noatime"), 0x10),
        (("rnoatime", "rstrictatime"), 0x20),
        (("rstrictatime", "rnoatime"), 0x10),
    ],
)
def test_the_later_atime_mode_wins(words: tuple[str, str], on: int) -> None:
    """OPT-5: noatime and strictatime exclude each other: the later decides (MOUNT_ATTR__ATIME)."""
    options = MountOptions(words)
    assert (options.set | options.set_all, options.clear | options.clear_all) == (on, 0x70)


def test_whole_tree_and_mount_are_apart() -> None:
    """OPT-1: rro and rw together: the tree is set, the mount itself cleared."""
    assert effect("rro", "rw") == {"set_all": 0x1, "clear": 0x1}


def test_propagation_words_in_their_order() -> None:
    """OPT-1: several propagation words are all kept, in their order."""
    assert effect("rprivate", "shared") == {"propagation": ["rprivate", "shared"]}


def test_unknown_words_are_data_in_their_order() -> None:
    """OPT-4: what the table does not know is the file system's, in the order given."""
    assert effect("size=1k", "nosuid", "mode=755", "acl") == {
        "set": 0x2, "data": ["size=1k", "mode=755", "acl"],
    }  # fmt: skip


@pytest.mark.parametrize("word", ["defaults", ""])
def test_words_without_effect(word: str) -> None:
    """OPT-1: defaults (and an empty word) is consumed without a trace."""
    assert effect(word) == {}


def test_tmpcopyup() -> None:
    """OPT-1: tmpcopyup is pyrunc's own work."""
    assert effect("tmpcopyup") == {"copyup": True}


@pytest.mark.parametrize("word", ["idmap", "ridmap"])
def test_idmap(word: str) -> None:
    """OPT-1: idmap and ridmap are kept by name."""
    assert effect(word) == {"idmap": word}
