# SPDX-License-Identifier: Apache-2.0
"""Where linux.cgroupsPath leads below a hierarchy's mount point; pure functions on text."""

from __future__ import annotations

from pyrunc.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FIELD = "linux.cgroupsPath"
_NAME_MAX = 255
_PATH_MAX = 3800  # leaves room for the mount point and the name of a file


def split(path: str, field: str = FIELD) -> list[str]:
    """The components of a cgroup path; ConfigError for one that could lead elsewhere (CGP-2)."""
    for bad, name in (("\0", "a NUL byte"), ("\n", "a newline")):
        if bad in path:
            raise ConfigError(f"{field} {path!r}: contains {name}")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ConfigError(f"{field} {path!r}: contains \"..\"; name the cgroup without it")
    if len(path.encode(errors="surrogateescape")) > _PATH_MAX:
        raise ConfigError(f"{field} {path[:40]!r}...: longer than {_PATH_MAX} bytes")
    for part in parts:
        if len(part.encode(errors="surrogateescape")) > _NAME_MAX:
            raise ConfigError(f"{field} {path[:40]!r}...: a name is longer than {_NAME_MAX} bytes")
    return parts


def place(
    cgroups_path: str,
    container_id: str,
    *,
    version: int,
    own_path: Callable[[], str],
    delegated: bool = False,
) -> str:
    """The path below the mount point, without a leading slash (CGP-1, CGP-3, CGP-4).

    Absolute: as it stands. Relative: below the caller's own cgroup on v1, beside it on v2 (where a
    cgroup with processes cannot have limited children). Absent: /<id>, or when `delegated` (an
    unprivileged caller, who owns nothing at the top) as the relative path <id>.
    """
    if not cgroups_path:
        cgroups_path = container_id if delegated else f"/{container_id}"
    parts = split(cgroups_path)
    if not parts:
        raise ConfigError(f"{FIELD} {cgroups_path!r}: the root cgroup cannot be a container's")
    if not cgroups_path.startswith("/"):
        own = split(own_path(), "the caller's cgroup")
        parts = (own[:-1] if version == 2 else own) + parts
    return "/".join(parts)
