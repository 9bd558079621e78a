# SPDX-License-Identifier: Apache-2.0
"""JSON in and out, strictly (checklist section 47) and without the price of importing `json`.

The C scanner behind `json` is used directly: `json` itself costs ten times as much to import as
reading a config takes.
"""

from __future__ import annotations

from pyrunc.errors import PyruncError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

MAX_BYTES = 8 << 20
MAX_DEPTH = 64
MAX_DIGITS = 40  # of an integer; 64-bit values have 20

_BLANK = " \t\n\r"
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class JsonError(PyruncError, ValueError):
    """The bytes are not the JSON we read; `line` and `column` count from 1, 0 when unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(where + message)
        self.message = message
        self.line = line
        self.column = column


class _DuplicateError(Exception):
    """An object repeats the member name `args[0]`."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateError(name)
            seen.add(name)
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonError(f"number {digits[:12]}... has {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise JsonError(f"number {digits[:24]} is out of range")
    return number


def _constant(word: str) -> NoReturn:
    raise JsonError(f"{word} is not JSON")


class _Context:
    """What the C scanner wants to know."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_object)
    parse_float = staticmethod(_float)
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(_constant)


_tools: tuple[Callable[[str, int], tuple[Any, int]], Callable[[str], str]] | None = None


def _c_tools() -> tuple[Callable[[str, int], tuple[Any, int]], Callable[[str], str]]:
    """The scanner and the quoting of strings in C, loaded when first used (docs/interpreter.md)."""
    global _tools
    if _tools is None:
        from _json import encode_basestring, make_scanner

        _tools = make_scanner(_Context), encode_basestring  # type: ignore[arg-type]  # typeshed: a class
    return _tools


def scan(text: str, index: int) -> tuple[Any, int]:
    """The value at `index` and the index behind it; raises JsonError, StopIteration, ValueError."""
    return _c_tools()[0](text, index)


def position(text: str, index: int) -> tuple[int, int]:
    """The line and column (from 1) of the character at `index`."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def decode(data: bytes) -> str:
    """`data` as text; JsonError when it is not UTF-8, starts with a byte order mark or is too long.

    RFC 8259 section 8.1; JSN-1, PY-8.
    """
    if len(data) > MAX_BYTES:
        raise JsonError(f"{len(data)} bytes are more than the {MAX_BYTES} that are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise JsonError(f"byte 0x{data[error.start]:02x} is not UTF-8",
                        *position(before, len(before))) from None
    if text.startswith("\ufeff"):
        raise JsonError("a byte order mark is not JSON", 1, 1)
    return text


def loads(data: bytes) -> Any:
    """The value that `data` spells, read strictly.

    Refused with JsonError: anything but UTF-8, repeated member names, NaN and infinities, lone
    surrogates and NUL in strings (they break at the C boundary), nesting deeper than MAX_DEPTH,
    more than MAX_BYTES, text after the value.
    """
    text = decode(data)
    value = _parse(text)
    if b"\\u" in data and _may_hide(data):
        check_strings(value)
    if not _shallow(data):
        _check_depth(value)
    return value


def _parse(text: str) -> Any:
    start = len(text) - len(text.lstrip(_BLANK))
    try:
        value, end = scan(text, start)
    except JsonError:
        raise
    except RecursionError:
        raise JsonError(f"nested deeper than {MAX_DEPTH} levels") from None
    except _DuplicateError as duplicate:
        raise JsonError(f"member {duplicate.args[0]!r} is given twice in one object") from None
    except (StopIteration, SystemError, ValueError):
        raise _syntax_error(text, start) from None
    if text[end:].strip(_BLANK):
        rest = len(text) - len(text[end:].lstrip(_BLANK))
        raise JsonError("text after the end of the value", *position(text, rest))
    return value


def _syntax_error(text: str, start: int) -> JsonError:
    """What keeps the scanner from reading `text`: it is run again with its error class at hand.

    The C scanner looks for json.JSONDecodeError among the imported modules and fails with
    SystemError when it is not there.
    """
    from json import JSONDecodeError

    try:
        scan(text, start)
    except StopIteration as stop:
        index = stop.value
        if (comma := _trailing_comma(text, index)) >= 0:
            return JsonError(_TRAILING, *position(text, comma))
        if index < len(text):
            return JsonError(f"a value cannot start with {text[index]!r}", *position(text, index))
        message = "the text ends where a value should be" if start < index else "there is no value"
        return JsonError(message, *position(text, len(text)))
    except JSONDecodeError as error:
        if (comma := _trailing_comma(text, error.pos)) >= 0:
            return JsonError(_TRAILING, *position(text, comma))
        return JsonError(error.msg[:1].lower() + error.msg[1:], *position(text, error.pos))
    return JsonError("not JSON")


_TRAILING = "a comma before the end of an object or array"


def _trailing_comma(text: str, index: int) -> int:
    """Where the comma is if one before } or ] is the mistake at `index`, else -1.

    Python's own words and place for it changed in 3.13.
    """
    if text[index : index + 1] != ",":
        index = len(text[:index].rstrip(_BLANK)) - 1
    after = text[index + 1 :].lstrip(_BLANK)[:1]
    return index if index >= 0 and text[index] == "," and after in ("}", "]") else -1


def _may_hide(data: bytes) -> bool:
    """True when an escape could be a NUL or half of a surrogate pair."""
    return b"\\u0000" in data or b"\\ud" in data or b"\\uD" in data


def check_strings(value: Any) -> None:
    """JsonError when a string at any depth holds NUL or half of a surrogate pair (PY-9)."""
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str:
            _check_string(item)
        elif type(item) is dict:
            stack.extend(item)
            stack.extend(item.values())
        elif type(item) is list:
            stack.extend(item)


def _check_string(text: str) -> None:
    if "\0" in text:
        raise JsonError(f"string {text[:40]!r} has a NUL character in it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError(f"string {text[:40]!r} has half of a surrogate pair in it") from None


def _shallow(data: bytes) -> bool:
    """True when the brackets of `data`, those in strings included, nest at most MAX_DEPTH deep."""
    brackets = data.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if type(item) is dict:
                inner.extend(item.values())
            elif type(item) is list:
                inner.extend(item)
        if not inner:
            return
        level = inner
    if any(type(item) is dict or type(item) is list for item in level):
        raise JsonError(f"nested deeper than {MAX_DEPTH} levels")


def dumps(value: Any, indent: str = "") -> str:
    """`value` as JSON: on one line without blanks, or one member a line indented by `indent`.

    Takes dicts with string keys, lists, tuples, strings, ints, finite floats, booleans, None.
    """
    chunks: list[str] = []
    margin, colon = ("\n", ": ") if indent else ("", ":")
    _write(value, indent, margin, colon, _c_tools()[1], chunks.append)
    return "".join(chunks)


def _write(value: Any, indent: str, margin: str, colon: str, quote: Callable[[str], str],
           put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(quote(value))
    elif value is None or value is True or value is False:
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, int | float):
        put(repr(value))
    elif isinstance(value, dict):
        inner = margin + indent
        comma = "{" + inner
        for name, member in value.items():
            put(comma + quote(name) + colon)
            _write(member, indent, inner, colon, quote, put)
            comma = "," + inner
        put(margin + "}" if value else "{}")
    elif isinstance(value, list | tuple):
        inner = margin + indent
        comma = "[" + inner
        for member in value:
            put(comma)
            _write(member, indent, inner, colon, quote, put)
            comma = "," + inner
        put(margin + "]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} is not JSON")
