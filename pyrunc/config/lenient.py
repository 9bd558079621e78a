# SPDX-License-Identifier: Apache-2.0
"""The pre-pass: turns what engines really write, against the letter, into what the standard means.

Each change leaves a note, which is a debug line by default and a refusal under `strict`.
"""

from __future__ import annotations

from pyrunc.config.problems import HINT, Problem, show
from pyrunc.tables.mounts import ROOTFS_PROPAGATION_R

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

S_IFMT = 0o170000
MAX_NOTES = 100

# Sections that belong to other platforms: nothing in them is looked at (PLT-1).
FOREIGN = ("solaris", "windows", "vm", "zos", "freebsd")


def drop_nulls(value: Json, path: Path, notes: list[Problem]) -> None:
    """Remove every member that is null, at any depth: Go runtimes read null as absent."""
    stack: list[tuple[Path, Json]] = [(path, value)]
    while stack:
        where, item = stack.pop()
        if type(item) is dict:
            for name in [name for name, member in item.items() if member is None]:
                del item[name]
                if len(notes) < MAX_NOTES:
                    notes.append(_note("VAL-1", (*where, name), "null is no value of any member"))
            stack.extend(((*where, name), member) for name, member in item.items())
        elif type(item) is list:
            stack.extend(((*where, index), member) for index, member in enumerate(item))


def soften_linux(linux: Json, notes: list[Problem]) -> None:
    """Mask file types off device modes; drop empty namespace paths and propagation."""
    if type(linux) is not dict:
        return
    for index, device in enumerate(_dicts(linux.get("devices"))):
        mode = device.get("fileMode")
        if type(mode) is int and mode & S_IFMT and 0 <= mode <= 0o177777:
            device["fileMode"] = mode & ~S_IFMT
            notes.append(_note("DEV-5", ("linux", "devices", index, "fileMode"),
                               f"{mode} ({mode:#o}) holds file type bits"))
    for index, namespace in enumerate(_dicts(linux.get("namespaces"))):
        if namespace.get("path") == "":
            del namespace["path"]
            notes.append(_note("NS-7", ("linux", "namespaces", index, "path"),
                               '"" is not an absolute path'))
    word = linux.get("rootfsPropagation")
    if word == "":
        del linux["rootfsPropagation"]
    if word == "" or word in ROOTFS_PROPAGATION_R:
        notes.append(_note("RFP-1", ("linux", "rootfsPropagation"),
                           f"{show(word)} is not one of the standard's words"))


def _dicts(value: Json) -> list[dict[str, Json]]:
    """The items of an array, with an empty stand-in for what is no object."""
    if type(value) is not list:
        return []
    return [item if type(item) is dict else {} for item in value]


def _note(ids: str, path: Path, says: str) -> Problem:
    return Problem(ids, path, says, "accepted as engines write it, refused by --strict",
                   level=HINT)
