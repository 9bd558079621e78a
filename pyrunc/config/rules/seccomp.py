# SPDX-License-Identifier: Apache-2.0
"""Rules for `linux.seccomp`; each takes the seccomp object."""

from __future__ import annotations

from pyrunc.config.problems import Problem, show
from pyrunc.tables.seccomp import ERRNO_ACTIONS, MAX_ERRNO, NOTIFY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

_SECTION = "config-linux.md, Seccomp"
_KILLABLE = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"


def _errno(path: Path, action: str, number: int) -> Iterator[Problem]:
    if action not in ERRNO_ACTIONS:
        yield Problem("SEC-2", path, f"{number} means nothing to {action}: only "
                      f"{' and '.join(ERRNO_ACTIONS)} take an errno", _SECTION)
    elif number > MAX_ERRNO:
        yield Problem("SEC-2", path, f"{number} is above the highest errno {MAX_ERRNO}",
                      _SECTION + "; seccomp(2)")


def errno(seccomp: Json) -> Iterator[Problem]:
    """SEC-2: an errno is given only with an action that returns one, and is one."""
    if "defaultErrnoRet" in seccomp:
        yield from _errno(("defaultErrnoRet",), seccomp["defaultAction"],
                          seccomp["defaultErrnoRet"])
    for index, rule in enumerate(seccomp.get("syscalls", ())):
        if "errnoRet" in rule:
            yield from _errno(("syscalls", index, "errnoRet"), rule["action"], rule["errnoRet"])


def notify_everything(seccomp: Json) -> Iterator[Problem]:
    """SCN-7: NOTIFY is no default action: the container could not even be started."""
    if seccomp["defaultAction"] == NOTIFY:
        yield Problem("SCN-7", ("defaultAction",), f"{show(NOTIFY)} cannot be the default action",
                      _SECTION)


def notify_write(seccomp: Json) -> Iterator[Problem]:
    """SCN-7: write is needed to report the start while nobody listens yet."""
    for index, rule in enumerate(seccomp.get("syscalls", ())):
        if rule["action"] == NOTIFY and "write" in rule["names"]:
            yield Problem("SCN-7", ("syscalls", index, "names", rule["names"].index("write")),
                          f'"write" cannot have the action {NOTIFY}', _SECTION)


def listener(seccomp: Json) -> Iterator[Problem]:
    """SCN-1, SEC-4: NOTIFY needs a listener, and waiting killably needs NOTIFY."""
    notifies = any(rule["action"] == NOTIFY for rule in seccomp.get("syscalls", ()))
    if notifies and not seccomp.get("listenerPath"):
        yield Problem("SCN-1", ("listenerPath",), f"is missing; a rule has the action {NOTIFY}",
                      _SECTION)
    flags = seccomp.get("flags", ())
    if not notifies and _KILLABLE in flags:
        yield Problem("SEC-4", ("flags", flags.index(_KILLABLE)),
                      f"{show(_KILLABLE)} needs a rule with the action {NOTIFY}",
                      _SECTION + "; seccomp(2)")


RULES = (errno, notify_everything, notify_write, listener)
