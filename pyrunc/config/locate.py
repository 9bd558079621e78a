# SPDX-License-Identifier: Apache-2.0
"""Finds where in the text of a JSON file a value stands; used only once something is wrong."""

from __future__ import annotations

from pyrunc.jsonio import MAX_DEPTH, JsonError, check_strings, position, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyrunc.config.problems import Path, Problem

MAX_TEXT = 1 << 20  # characters; longer files are refused without line numbers
_BLANK = " \t\n\r"


class FaultError(Exception):
    """A value at the index `args[0]` is JSON that we do not read."""


class Locator:
    """The offsets of all values of `text`, by path."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[Path, int] = {}

    def walk(self) -> None:
        """Fill `offsets`; raises FaultError at the first value that strict reading refuses."""
        if len(self.text) <= MAX_TEXT:
            self._value(self._skip(0), ())

    def _skip(self, index: int) -> int:
        text = self.text
        while text[index : index + 1] in _BLANK and index < len(text):
            index += 1
        return index

    def _value(self, index: int, path: Path) -> int:
        self.offsets[path] = index
        mark = self.text[index : index + 1]
        if len(path) >= MAX_DEPTH and mark in ("[", "{"):
            raise FaultError(index)
        if mark == "{":
            return self._object(index, path)
        if mark == "[":
            return self._array(index, path)
        try:
            value, end = scan(self.text, index)
            check_strings(value)
        except JsonError:
            raise FaultError(index) from None
        return end

    def _object(self, index: int, path: Path) -> int:
        index = self._skip(index + 1)
        names = set()
        while self.text[index] != "}":
            name, end = scan(self.text, index)
            try:
                check_strings(name)
            except JsonError:
                raise FaultError(index) from None
            if name in names:
                raise FaultError(index)
            names.add(name)
            index = self._skip(self._value(self._skip(self._skip(end) + 1), (*path, name)))
            if self.text[index] == ",":
                index = self._skip(index + 1)
        return index + 1

    def _array(self, index: int, path: Path) -> int:
        index = self._skip(index + 1)
        number = 0
        while self.text[index] != "]":
            index = self._skip(self._value(index, (*path, number)))
            number += 1
            if self.text[index] == ",":
                index = self._skip(index + 1)
        return index + 1

    def find(self, path: Path) -> tuple[int, int]:
        """The line and column of the value at `path`, or of the innermost value around it."""
        while path and path not in self.offsets:
            path = path[:-1]
        return position(self.text, self.offsets[path]) if path in self.offsets else (0, 0)


def place(problems: Iterable[Problem], text: str) -> None:
    """Give each problem its line and column in `text`, which has been read without a fault."""
    locator = Locator(text)
    locator.walk()
    for problem in problems:
        problem.line, problem.column = locator.find(problem.path)


def fault_position(text: str) -> tuple[int, int]:
    """The line and column of the first value in `text` that strict reading refuses, or (0, 0)."""
    try:
        Locator(text).walk()
    except FaultError as fault:
        return position(text, fault.args[0])
    except (StopIteration, SystemError, ValueError, IndexError, RecursionError):
        pass  # not JSON behind the fault either
    return 0, 0
