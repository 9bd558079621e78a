# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp to a BPF program: words to numbers here, compiled by libseccomp in the C core."""

from __future__ import annotations

from pyrunc import native
from pyrunc.errors import ConfigError, NativeError
from pyrunc.runtime import seccomp_cache
from pyrunc.tables import seccomp as table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.config.types import Seccomp
    from pyrunc.runtime.context import Context

    # (system call, action, ANDed conditions (argument, operator, value, second value))
    Rule = tuple[str, int, list[tuple[int, int, int, int]]]

_EPERM, _ENOSYS = 1, 38
# What the stage says to an unprivileged parent goes through the filter, its listener too.
_SENDING = "sendmsg"


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
        if flags & table.FLAGS["SECCOMP_FILTER_FLAG_TSYNC"]:
            # A result cannot be both a listener and the thread that could not be synchronised.
            flags |= table.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
    return flags


def notifies(profile: Seccomp) -> bool:
    """True when a rule sends its system calls to a listener."""
    return any(rule["action"] == table.NOTIFY for rule in profile.get("syscalls", ()))


def check_unprivileged(profile: Seccomp) -> None:
    """ConfigError where the listener could never reach us: without privilege, or pidfds, the
    stage sends it, through the filter.
    """
    for index, rule in enumerate(profile.get("syscalls", ())):
        if rule["action"] == table.NOTIFY and _SENDING in rule["names"]:
            raise ConfigError(
                f'linux.seccomp.syscalls[{index}].names: "{_SENDING}" cannot have the action '
                f"{table.NOTIFY} when pyrunc is not run by root or the kernel lacks pidfd_getfd"
            )


def _action(word: str, errno: int | None) -> int:
    value = table.ACTIONS[word]
    return value | (_EPERM if errno is None else errno) if word in table.ERRNO_ACTIONS else value


def compile_filter(ctx: Context, profile: Seccomp) -> bytes:
    """The profile's BPF instructions, compiled or remembered. NativeError names the rule that
    libseccomp refuses.
    """
    default = _action(profile["defaultAction"], profile.get("defaultErrnoRet"))
    architectures = [table.ARCHITECTURES[word] for word in profile.get("architectures", ())]
    rules: list[Rule] = []
    for rule in profile.get("syscalls", ()):
        action = _action(rule["action"], rule.get("errnoRet"))
        for name in rule["names"]:
            rules.extend((name, action, args) for args in _conditions(rule.get("args", ())))
    newer = _newer_action(default)
    cache = seccomp_cache.Cache(ctx.root, default, newer, architectures, rules)
    found = cache.load()
    if found is None:
        found = _compile(default, newer, architectures, rules)
        cache.store(*found)
    program, unknown = found
    for index in unknown:
        ctx.debug(f"linux.seccomp: system call {rules[index][0]} is not known here and is left out")
    return program


def _compile(
    default: int, newer: int, architectures: list[int], rules: list[Rule]
) -> tuple[bytes, list[int]]:
    try:
        return native.seccomp_compile(default, newer, architectures, rules)
    except native.CompileFailure as failure:
        what = "linux.seccomp"
        if failure.detail:
            what += f".syscalls: {failure.detail}"
        elif failure.architecture >= 0:
            token = architectures[failure.architecture]
            (word,) = (word for word, value in table.ARCHITECTURES.items() if value == token)
            what += f".architectures: {word}"
        what += ": libseccomp cannot compile it here"
        raise NativeError(what, failure.errno or 0) from None


def _newer_action(default: int) -> int:
    """ENOSYS for what is newer than the profile, where that would get another errno (SEC-7)."""
    enosys = table.ACTIONS["SCMP_ACT_ERRNO"] | _ENOSYS
    forbids = default & 0xFFFF_0000 == table.ACTIONS["SCMP_ACT_ERRNO"]
    return enosys if forbids and default != enosys else 0


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
