# SPDX-License-Identifier: Apache-2.0
"""The help texts, made from the same tables the parser reads."""

from __future__ import annotations

from pyrunc.cli.tables import BOOL, GLOBALS, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyrunc.cli.tables import Command, Option

_ABOUT = """\
Runs containers from OCI bundles: directories with a "config.json" and a root filesystem.
The command line is runc's. To make and run a container in the current directory:

    # {name} spec
    # {name} run my-container
"""


def option_lines(options: Iterable[Option]) -> list[str]:
    """One aligned line for each option that is not hidden."""
    rows = [(_spelling(option), _explanation(option)) for option in options if not option.hidden]
    width = max((len(left) for left, _ in rows), default=0)
    return [f"   {left:<{width}}  {right}" for left, right in rows]


def _spelling(option: Option) -> str:
    value = "" if option.kind == BOOL else " value"
    return ", ".join(("--" if len(name) > 1 else "-") + name + value for name in option.names)


def _explanation(option: Option) -> str:
    if option.shown_default:
        return f"{option.usage} (default: {option.shown_default})"
    return option.usage


def command_help(name: str, command: Command) -> str:
    """The help of one verb; `name` is the program's base name."""
    own = [option for option in command.options if not option.hidden]
    takes = " [command options]" if own else ""
    lines = [
        "NAME:",
        f"   {name} {command.name} - {command.usage}",
        "",
        "USAGE:",
        f"   {name} {command.name}{takes} {command.arguments}".rstrip(),
        "",
    ]
    if command.description:
        text = command.description.format(name=name).strip("\n")
        lines += ["DESCRIPTION:", *(f"   {line}".rstrip() for line in text.split("\n")), ""]
    if own:
        lines += ["OPTIONS:", *option_lines(own), ""]
    return "\n".join(lines)


def root_help(name: str, verbs: dict[str, str], version: str) -> str:
    """The help of the program itself; `verbs` maps names to their line of help."""
    width = max(len(verb) for verb in verbs)
    lines = [
        "NAME:",
        f"   {name} - Open Container Initiative runtime",
        "",
        *_ABOUT.format(name=name).split("\n"),
        "USAGE:",
        f"   {name} [global options] command [command options] [arguments...]",
        "",
        "VERSION:",
        *(f"   {line}" for line in version.rstrip("\n").split("\n")),
        "",
        "COMMANDS:",
        *(f"   {verb:<{width}}  {usage}" for verb, usage in verbs.items()),
        "",
        "GLOBAL OPTIONS:",
        *option_lines((*GLOBALS, VERSION)),
        "",
    ]
    return "\n".join(lines)
