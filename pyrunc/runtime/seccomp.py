# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp to a BPF program: words to numbers here, compiled by libseccomp in the C core."""

from __future__ import annotations

from pyrunc import native
from pyrunc.tables import seccomp as table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.config.types import Seccomp
    from pyrunc.runtime.context import Context

_EPERM = 1


def filter_flags(profile: Seccomp) -> int:
    """seccomp(2) flags: those listed; without a list SPEC_ALLOW, as the other runtimes do
    (SEC-4).
    """
    words = profile.get("flags")
    if words is None:
        words = list(table.DEFAULT_FLAGS)
    flags = 0
    for word in words:
        flags |= table.FLAGS[word]
    if notifies(profile):
        flags |= table.SECCOMP_FILTER_FLAG_NEW_LISTENER
    return flags


def notifies(profile: Seccomp) -> bool:
    """True when a rule sends its system calls to a listener."""
    return any(rule["action"] == table.NOTIFY for rule in profile.get("syscalls", ()))


def _action(word: str, errno: int | None) -> int:
    value = table.ACTIONS[word]
    return value | (_EPERM if errno is None else errno) if word in table.ERRNO_ACTIONS else value


def compile_filter(ctx: Context, profile: Seccomp) -> bytes:
    """The profile's BPF instructions. NativeError names the rule that libseccomp refuses."""
    default = _action(profile["defaultAction"], profile.get("defaultErrnoRet"))
    architectures = [table.ARCHITECTURES[word] for word in profile.get("architectures", ())]
    rules: list[tuple[str, int, list[tuple[int, int, int, int]]]] = []
    for rule in profile.get("syscalls", ()):
        action = _action(rule["action"], rule.get("errnoRet"))
        for name in rule["names"]:
            rules.extend((name, action, args) for args in _conditions(rule.get("args", ())))
    program, unknown = native.seccomp_compile(default, architectures, rules)
    for index in unknown:
        ctx.debug(f"linux.seccomp: system call {rules[index][0]} is not known here and is left out")
    return program


def _conditions(args: Any) -> list[list[tuple[int, int, int, int]]]:
    """The ANDed conditions of one rule; several on one argument become a rule each (SEC-6)."""
    values = [
        (arg["index"], table.OPERATORS[arg["op"]], arg["value"], arg.get("valueTwo", 0))
        for arg in args
    ]
    indexes = {value[0] for value in values}
    if len(indexes) < len(values):
        return [[value] for value in values]
    return [values]
