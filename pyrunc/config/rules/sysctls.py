# SPDX-License-Identifier: Apache-2.0
"""Rules for `linux.sysctl`: only what belongs to a namespace of the container may be set."""

from __future__ import annotations

from pyrunc.config.grammar import sysctl_path
from pyrunc.config.problems import Problem, show
from pyrunc.config.rules.general import namespaces
from pyrunc.tables.sysctls import SYSCTL_PREFIXES, SYSCTLS, SYSCTLS_REFUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.types import Json

_SECTION = "config-linux.md, Sysctl; namespaces(7)"


def owner(name: str) -> str | None:
    """The type of namespace that the sysctl of the path `name` (below /proc/sys) belongs to."""
    dotted = name.replace("/", ".")
    if dotted in SYSCTLS:
        return SYSCTLS[dotted]
    for prefix, word in SYSCTL_PREFIXES.items():
        if dotted.startswith(prefix):
            return word
    return None


def sysctl(config: Json) -> Iterator[Problem]:
    """SYS-2, SYS-3: a sysctl is a clean path and belongs to one of the container's namespaces."""
    settings = config.get("linux", {}).get("sysctl")
    if not settings:
        return
    own = namespaces(config)
    for name in settings:
        at = ("linux", "sysctl", name)
        path = sysctl_path(name)
        parts = path.split("/")
        if "" in parts or "." in parts or ".." in parts:
            yield Problem("SYS-3", at, f"{show(name)} is not the name of a sysctl", _SECTION)
            continue
        instead = SYSCTLS_REFUSED.get(path.replace("/", "."))
        if instead:
            yield Problem("SYS-2", at, f"cannot be set: use {instead} instead", _SECTION)
            continue
        word = owner(path)
        if word is None:
            yield Problem("SYS-2", at, "is not a sysctl of a namespace: setting it would change "
                          "the host", _SECTION)
        elif word not in own:
            yield Problem("SYS-2", at, "would change the host: linux.namespaces has no "
                          f"{word} entry", _SECTION)


def domainname(config: Json) -> Iterator[Problem]:
    """SYS-2: kernel.domainname does not contradict `domainname`."""
    wanted = config.get("domainname")
    if not wanted:
        return
    for name, value in config.get("linux", {}).get("sysctl", {}).items():
        if sysctl_path(name) == "kernel/domainname" and value != wanted:
            yield Problem("SYS-2", ("linux", "sysctl", name),
                          f"{show(value)} contradicts domainname {show(wanted)}", _SECTION)


RULES = (sysctl, domainname)
