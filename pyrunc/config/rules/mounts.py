# SPDX-License-Identifier: Apache-2.0
"""Rules for `mounts`."""

from __future__ import annotations

from pyrunc.config.problems import Problem, show
from pyrunc.config.rules.general import namespaces
from pyrunc.tables.mounts import (
    BIND_OPTIONS,
    IDMAP,
    MOUNT_OPTIONS,
    PROPAGATION,
    RECURSIVE_OPTIONS,
    RIDMAP,
    SPECIAL_OPTIONS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.types import Json

KNOWN_OPTIONS = frozenset((*MOUNT_OPTIONS, *RECURSIVE_OPTIONS, *PROPAGATION, *SPECIAL_OPTIONS))
_BIND = frozenset(BIND_OPTIONS)
_IDMAP = frozenset((IDMAP, RIDMAP))
_SECTION = "config.md, Mounts"


def bind_data(config: Json) -> Iterator[Problem]:
    """MNT-9: a bind mount takes no filesystem data; the kernel would drop it without a word."""
    for index, mount in enumerate(config.get("mounts", ())):
        options = mount.get("options", ())
        if _BIND.isdisjoint(options) or KNOWN_OPTIONS.issuperset(options):
            continue
        for number, word in enumerate(options):
            if word not in KNOWN_OPTIONS:
                yield Problem("MNT-9", ("mounts", index, "options", number),
                              f"{show(word)} is data for a filesystem, which a bind mount ignores",
                              _SECTION)


def idmap(config: Json) -> Iterator[Problem]:
    """IDM-7, IDM-10: idmap needs mappings or a user namespace, and a bind mount."""
    for index, mount in enumerate(config.get("mounts", ())):
        options = mount.get("options", ())
        mapped = "uidMappings" in mount
        if not mapped and _IDMAP.isdisjoint(options):
            continue
        if not mapped and "user" not in namespaces(config):
            yield Problem("IDM-7", ("mounts", index, "options"),
                          "idmap is asked for, but there are neither uidMappings and gidMappings "
                          "nor a user namespace", _SECTION)
        if _BIND.isdisjoint(options):
            yield Problem("IDM-10", ("mounts", index, "options"),
                          "only bind mounts can be idmapped here: bind or rbind is missing",
                          _SECTION)


def idmap_ranges(config: Json) -> Iterator[Problem]:
    """IDM-1: a mount's mappings obey the rules of linux.uidMappings."""
    for index, mount in enumerate(config.get("mounts", ())):
        for member in ("uidMappings", "gidMappings"):
            if member in mount:
                from pyrunc.config.rules.ids import mapping_problems  # rare

                yield from mapping_problems("IDM-1", ("mounts", index, member), mount[member],
                                            _SECTION)


RULES = (bind_data, idmap, idmap_ranges)
