# SPDX-License-Identifier: Apache-2.0
"""What a verb is called with: its options and arguments, the context and the way to print."""

from __future__ import annotations

from pyrunc.log import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.parser import Parsed, Value
    from pyrunc.cli.tables import Option
    from pyrunc.log import Log
    from pyrunc.runtime.context import Context


class Call:
    """One run of one verb; `main` sets the context once the global flags are found to be good."""

    __slots__ = ("args", "context", "given", "log", "program", "values")

    context: Context

    def __init__(self, program: str, options: tuple[Option, ...], parsed: Parsed,
                 log: Log) -> None:
        self.program = program
        self.args = parsed.rest
        self.given = parsed.given
        self.log = log
        self.values: dict[str, Value] = {option.name: option.default for option in options}
        self.values.update(parsed.values)

    def flag(self, name: str) -> bool:
        """A BOOL option."""
        return self.values[name] is True

    def text(self, name: str) -> str:
        """A TEXT option, "" when absent."""
        value = self.values[name]
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """An INT option."""
        value = self.values[name]
        return value if isinstance(value, int) else 0

    def list(self, name: str) -> list[str]:
        """A LIST option, [] when absent."""
        value = self.values[name]
        return value if isinstance(value, list) else []

    def print(self, text: str) -> None:
        """Writes `text` to standard output as it is."""
        write_all(1, text.encode("utf-8", "surrogateescape"))
