# SPDX-License-Identifier: Apache-2.0
"""Reads argv the way runc's parser (urfave/cli) does; the engines rely on its corners."""

from __future__ import annotations

from pyrunc.cli.tables import BOOL, INT, LIST
from pyrunc.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.cli.tables import Option

    Value = bool | str | int | list[str] | None

# The spellings of Go's strconv.ParseBool.
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


class Parsed:
    """What stood on the command line: values by long name, the names given, and the rest."""

    __slots__ = ("given", "rest", "values")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.given: set[str] = set()
        self.rest: list[str] = []


def parse(args: Sequence[str], table: dict[str, Option], *, stop_early: bool) -> Parsed:
    """Splits `args` into options of `table` (every name -> option) and positional arguments.

    Takes --opt val, --opt=val, -opt val, bools as --opt or --opt=true|false; `--` ends the
    options, and so does the first positional when `stop_early`. A repeated option: the last one
    counts, lists collect. UsageError for what is unknown, lacks its value or cannot be read.
    """
    parsed = Parsed()
    index = 0
    while index < len(args):
        word = args[index]
        index += 1
        if word == "--":
            parsed.rest += args[index:]
            break
        if not word.startswith("-") or word == "-":
            parsed.rest.append(word)
            if stop_early:
                parsed.rest += args[index:]
                break
            continue
        name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        option = table.get(name)
        if option is None:
            raise UsageError(f"flag provided but not defined: -{name}")
        if option.kind != BOOL and not equals:
            if index == len(args):
                raise UsageError(f"flag needs an argument: {word}")
            value = args[index]
            index += 1
        _store(parsed, option, value, bare=not equals)
    return parsed


def _store(parsed: Parsed, option: Option, value: str, *, bare: bool) -> None:
    name = option.name
    parsed.given.add(name)
    if option.kind == BOOL:
        parsed.values[name] = True if bare else _read_bool(name, value)
    elif option.kind == INT:
        parsed.values[name] = _read_int(name, value)
    elif option.kind == LIST:
        known = parsed.values.setdefault(name, [])
        assert isinstance(known, list)
        known.append(value)
    else:
        parsed.values[name] = value


def _read_bool(name: str, value: str) -> bool:
    if value not in _BOOLS:
        raise UsageError(f'invalid value "{value}" for flag -{name}: use true or false')
    return _BOOLS[value]


def _read_int(name: str, value: str) -> int:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        raise UsageError(f'invalid value "{value}" for flag -{name}: use a whole number')
    return int(value)


def check_count(program: str, verb: str, count: int, least: int, most: int | None) -> None:
    """UsageError in runc's words unless `count` positional arguments are right."""
    if least == most and count != least:
        raise UsageError(f'{program}: "{verb}" requires exactly {least} argument(s)')
    if count < least:
        raise UsageError(f'{program}: "{verb}" requires a minimum of {least} argument(s)')
    if most is not None and count > most:
        raise UsageError(f'{program}: "{verb}" requires a maximum of {most} argument(s)')
