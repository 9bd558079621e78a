# SPDX-License-Identifier: Apache-2.0
"""The rows the parser and the help texts are made from: options and commands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BOOL, TEXT, INT, LIST = "bool", "text", "int", "list"

EMPTY: dict[str, bool | str | int | None] = {BOOL: False, TEXT: "", INT: 0, LIST: None}


class Option:
    """One option: its long name, what it takes (BOOL, TEXT, INT, LIST) and a line of help."""

    __slots__ = ("default", "hidden", "kind", "name", "names", "shown_default", "usage")

    def __init__(
        self,
        name: str,
        kind: str,
        usage: str,
        *,
        short: str = "",
        default: bool | str | int | None = None,
        shown_default: str = "",
        hidden: bool = False,
    ) -> None:
        self.name = name
        self.names = (name, short) if short else (name,)
        self.kind = kind
        self.usage = usage
        self.default = EMPTY[kind] if default is None else default
        self.shown_default = shown_default
        self.hidden = hidden


class Command:
    """One verb: what it takes and what its help says.

    `least` and `most` count the positional arguments (most None = any number); `stop_early`: the
    first positional ends the options, for what follows belongs to another program. `prefix` stands
    before the message of a failure and `failure` is its exit code.
    """

    __slots__ = ("arguments", "description", "failure", "least", "most", "name", "options",
                 "prefix", "stop_early", "usage")

    def __init__(
        self,
        name: str,
        usage: str,
        *,
        arguments: str = "<container-id>",
        description: str = "",
        options: tuple[Option, ...] = (),
        least: int = 1,
        most: int | None = 1,
        stop_early: bool = False,
        prefix: str = "",
        failure: int = 1,
    ) -> None:
        self.name = name
        self.usage = usage
        self.arguments = arguments
        self.description = description
        self.options = options
        self.least = least
        self.most = most
        self.stop_early = stop_early
        self.prefix = prefix
        self.failure = failure


HELP = Option("help", BOOL, "show help", short="h")

GLOBALS = (
    Option("debug", BOOL, "enable debug logging"),
    Option("log", TEXT, "append the log to this file (default: standard error)"),
    Option("log-format", TEXT, "log format: text or json", default="text", shown_default="text"),
    Option("root", TEXT, "directory of the containers' state (should be on a tmpfs)",
           shown_default="/run/pyrunc"),
    Option("systemd-cgroup", BOOL, "let systemd manage cgroups (cgroupsPath is slice:prefix:name)"),
    Option("rootless", TEXT, "ignore cgroup permission errors: true, false or auto",
           default="auto", shown_default="auto"),
    Option("cgroup-manager", TEXT, "cgroupfs, systemd or disabled",
           default="", shown_default="cgroupfs"),
    Option("trace", TEXT, "write when each phase began and ended to this file (docs/tracing.md)"),
    HELP,
)
VERSION = Option("version", BOOL, "print the version", short="v")


def by_name(*groups: tuple[Option, ...]) -> dict[str, Option]:
    """Every name and short name of the options of `groups`; earlier groups win."""
    table: dict[str, Option] = {}
    for option in _each(groups):
        for name in option.names:
            table.setdefault(name, option)
    return table


def _each(groups: tuple[tuple[Option, ...], ...]) -> Iterator[Option]:
    for group in groups:
        yield from group
