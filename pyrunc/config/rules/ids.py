# SPDX-License-Identifier: Apache-2.0
"""Rules for the id mappings of user namespaces and of mounts."""

from __future__ import annotations

from itertools import pairwise

from pyrunc.config.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

MAX_LINES = 340  # of /proc/PID/uid_map, user_namespaces(7)
ID_END = 1 << 32  # one above the highest number; the last id, -1, belongs to nobody
_SECTION = "config-linux.md, User namespace mappings; user_namespaces(7)"


def mapping_problems(ids: str, path: Path, mappings: Json, section: str) -> Iterator[Problem]:
    """What the kernel would refuse in one uid or gid map."""
    if len(mappings) > MAX_LINES:
        yield Problem(f"{ids} UMP-4", path,
                      f"{len(mappings)} entries are more than the kernel's {MAX_LINES}", section)
    for member in ("containerID", "hostID"):
        spans = []
        for index, entry in enumerate(mappings):
            start, end = entry[member], entry[member] + entry["size"]
            if end >= ID_END:
                yield Problem(f"{ids} UMP-5", (*path, index, "size"),
                              f"{entry['size']} ids from {member} {start} go beyond the last id",
                              section)
            spans.append((start, end, index))
        spans.sort()
        for (_, end, first), (start, _, second) in pairwise(spans):
            if start < end:
                yield Problem(f"{ids} UMP-5", (*path, max(first, second), member),
                              f"overlaps the range of entry {min(first, second)}", section)


def uids(config: Json) -> Iterator[Problem]:
    """UMP-4, UMP-5: uid mappings fit 32 bits, do not overlap and are not too many."""
    yield from mapping_problems("UMP-1", ("linux", "uidMappings"), config["linux"]["uidMappings"],
                                _SECTION)


def gids(config: Json) -> Iterator[Problem]:
    """UMP-4, UMP-5: gid mappings fit 32 bits, do not overlap and are not too many."""
    yield from mapping_problems("UMP-1", ("linux", "gidMappings"), config["linux"]["gidMappings"],
                                _SECTION)


UID_RULES = (uids,)
GID_RULES = (gids,)
