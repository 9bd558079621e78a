# SPDX-License-Identifier: Apache-2.0
"""Reads values in GVariant text format ("true", "uint64 5", "['a', 'b']", "(1, 'x')")."""

from __future__ import annotations

from .sdbus import Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEYWORDS = {
    "boolean": "b", "byte": "y", "int16": "n", "uint16": "q", "int32": "i", "uint32": "u",
    "int64": "x", "uint64": "t", "double": "d", "string": "s", "objectpath": "o", "signature": "g",
}
_RANGES = {
    "y": (0, 255), "n": (-2**15, 2**15 - 1), "q": (0, 2**16 - 1), "i": (-2**31, 2**31 - 1),
    "u": (0, 2**32 - 1), "x": (-2**63, 2**63 - 1), "t": (0, 2**64 - 1),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_WORD_ENDS = " \t\n,()[]<>{}'\""


def parse(text: str) -> Variant:
    """The value with its type; ValueError says what is wrong."""
    reader = _Reader(text)
    value = reader.value("")
    reader.blanks()
    if reader.at != len(text):
        raise ValueError(f"unexpected {text[reader.at:]!r} behind the value")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def blanks(self) -> None:
        while self.peek() in (" ", "\t", "\n"):
            self.at += 1

    def peek(self) -> str:
        return self.text[self.at:self.at + 1]

    def take(self, letter: str) -> bool:
        self.blanks()
        if self.peek() != letter:
            return False
        self.at += 1
        return True

    def value(self, wanted: str) -> Variant:
        """One value; `wanted` is the type that is asked of it, "" = its natural one."""
        self.blanks()
        letter = self.peek()
        if not letter:
            raise ValueError("the value is missing")
        if letter == "@":
            self.at += 1
            return self.value(self.word())
        if letter in "'\"":
            return Variant(_one_of(wanted or "s", "sog"), self.string())
        if letter == "[":
            return self.array(wanted)
        if letter == "(":
            return self.tuple()
        if letter == "<":
            self.at += 1
            inner = self.value("")
            if not self.take(">"):
                raise ValueError("'>' is missing")
            return Variant("v", inner)
        word = self.word()
        if word in _KEYWORDS:
            return self.value(_KEYWORDS[word])
        return _scalar(word, wanted)

    def word(self) -> str:
        start = self.at
        while self.peek() and self.peek() not in _WORD_ENDS:
            self.at += 1
        if start == self.at:
            raise ValueError(f"unexpected {self.peek()!r}")
        return self.text[start:self.at]

    def string(self) -> str:
        quote, letters = self.peek(), []
        self.at += 1
        while self.peek() != quote:
            letter = self.peek()
            if not letter:
                raise ValueError("the string does not end")
            self.at += 1
            if letter == "\\":
                letter = _ESCAPES.get(self.peek(), self.peek())
                self.at += 1
            letters.append(letter)
        self.at += 1
        return "".join(letters)

    def items(self, end: str, wanted: str) -> list[Variant]:
        found: list[Variant] = []
        self.at += 1
        while not self.take(end):
            if found and not self.take(","):
                raise ValueError(f"{end!r} or ',' is missing")
            if found and self.take(end):  # "(1,)" is a tuple of one
                break
            found.append(self.value(wanted))
        return found

    def array(self, wanted: str) -> Variant:
        element = wanted[1:] if wanted.startswith("a") else ""
        found = self.items("]", element)
        element = element or (found[0].signature if found else "")
        if not element:
            raise ValueError("an empty array needs its type (@as [])")
        if any(item.signature != element for item in found):
            raise ValueError("the elements of an array have different types")
        return Variant(f"a{element}", [item.value for item in found])

    def tuple(self) -> Variant:
        found = self.items(")", "")
        signature = "".join(item.signature for item in found)
        return Variant(f"({signature})", tuple(item.value for item in found))


def _one_of(wanted: str, letters: str) -> str:
    if wanted not in tuple(letters):
        raise ValueError(f"a value of type {wanted!r} is asked for")
    return wanted


def _scalar(word: str, wanted: str) -> Variant:
    if word in ("true", "false"):
        return Variant(_one_of(wanted or "b", "b"), word == "true")
    number: Any
    try:
        number = int(word, 0)
    except ValueError:
        try:
            number = float(word)
        except ValueError:
            raise ValueError(f"{word!r} is no value (strings are quoted)") from None
        return Variant(_one_of(wanted or "d", "d"), number)
    kind = _one_of(wanted or "i", "ynqiuxtd")
    if kind == "d":
        return Variant(kind, float(number))
    low, high = _RANGES[kind]
    if not low <= number <= high:
        raise ValueError(f"{number} is out of the range of its type")
    return Variant(kind, number)
