# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a config, one thing at a time, and how a person reads it."""

from __future__ import annotations

from pyrunc.errors import ConfigError
from pyrunc.jsonio import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import Json

    Path = tuple[str | int, ...]

ERROR = "error"
HINT = "hint"

_SHOWN = 60  # characters of a value in a message


class Problem:
    """One thing wrong with a config.

    `path` leads to it (member names and array indexes), `says` states what is wrong in words that
    follow the path, `section` is where the standard says so, `ids` are the requirement IDs,
    `level` is ERROR or HINT (a hint never refuses). `line` and `column` count from 1 and are 0
    until `validate` has looked them up; `meant` is a suggestion or empty.
    """

    __slots__ = ("column", "ids", "level", "line", "meant", "path", "says", "section")

    def __init__(self, ids: str, path: Path, says: str, section: str = "", *,
                 level: str = ERROR, meant: str = "") -> None:
        self.ids = tuple(ids.split())
        self.path = path
        self.says = says
        self.section = section
        self.level = level
        self.meant = meant
        self.line = 0
        self.column = 0

    def where(self) -> str:
        """The JSON path as people write it: `linux.namespaces[2].path`, or "" for the whole."""
        return path_text(self.path)

    def sentence(self) -> str:
        """The problem in one line, without the file's name."""
        where = self.where()
        meant = f"; did you mean {self.meant}?" if self.meant else ""
        section = f" ({self.section})" if self.section else ""
        return f"{where}: {self.says}{meant}{section}" if where else f"{self.says}{meant}{section}"

    def key(self) -> tuple[str, str]:
        """What makes two problems the same one."""
        return self.where(), self.says

    def __repr__(self) -> str:
        return f"<{self.level} {' '.join(self.ids)}: {self.sentence()}>"


def path_text(path: Path) -> str:
    """A JSON path: dots between plain names, brackets around indexes and odd names."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{show(step)}]"
    return text


def show(value: Json) -> str:
    """`value` as JSON, on one line, printable and short enough for a message."""
    try:
        text = dumps(value)
    except (TypeError, RecursionError):
        text = repr(value)
    if not text.isprintable():  # nothing in a file may drive the terminal
        text = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}"
                       for letter in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def refusal(name: str, problems: Sequence[Problem]) -> ConfigError:
    """The error for a file `name` with `problems`: the first in full, the rest by number."""
    message = f"{name}: {problems[0].sentence()}"
    if len(problems) > 1:
        more = len(problems) - 1
        message += f" (and {more} more problem{'s' if more > 1 else ''}: see pyrunc validate)"
    return ConfigError(message, problems)
