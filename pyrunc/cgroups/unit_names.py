# SPDX-License-Identifier: Apache-2.0
"""Names of systemd units and where their cgroups are; pure functions on text."""

from __future__ import annotations

from pyrunc.errors import ConfigError

from .paths import FIELD

_PREFIX = "runc"
_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")
_NAME_MAX = 255


def parse(cgroups_path: str, container_id: str, *, user: bool) -> tuple[str, str]:
    """(slice, unit) of "slice:prefix:name"; absent means ":runc:ID".

    An empty slice is system.slice, or user.slice for a user's own systemd. A name that ends with
    .slice is a slice unit itself, else the unit is the scope PREFIX-NAME. ConfigError for another
    form.
    """
    parts = cgroups_path.split(":") if cgroups_path else ["", _PREFIX, container_id]
    if len(parts) != 3:
        raise ConfigError(f'{FIELD}: expected cgroupsPath to be of format "slice:prefix:name" for '
                          f'systemd cgroups, got "{cgroups_path}" instead')
    parent, prefix, name = parts
    parent = parent or ("user.slice" if user else "system.slice")
    slice_path(parent)
    if name.endswith(".slice"):
        slice_path(name)
        return parent, name
    unit = f"{prefix}-{name}.scope" if prefix else f"{name}.scope"
    if not name or not _NAME_CHARS.issuperset(unit) or len(unit) > _NAME_MAX:
        raise ConfigError(f"{FIELD} {cgroups_path!r}: {unit!r} cannot be a systemd unit's name")
    return parent, unit


def slice_path(name: str) -> str:
    """A slice's cgroup: "a-b.slice" is "a.slice/a-b.slice", "-.slice" is "" (systemd.slice(5))."""
    stem = name.removesuffix(".slice")
    if name == "-.slice":
        return ""
    if stem == name or not stem or not _NAME_CHARS.issuperset(name) or len(name) > _NAME_MAX \
            or stem.startswith("-") or stem.endswith("-") or "--" in stem:
        raise ConfigError(f"{FIELD}: {name!r} is not the name of a systemd slice")
    parts = stem.split("-")
    return "/".join("-".join(parts[:i + 1]) + ".slice" for i in range(len(parts)))


def unit_path(parent: str, unit: str) -> str:
    """Where the unit's cgroup is, below the one of the systemd that manages it."""
    if unit.endswith(".slice"):
        return slice_path(unit)
    return f"{slice_path(parent)}/{unit}".lstrip("/")
