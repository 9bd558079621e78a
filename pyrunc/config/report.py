# SPDX-License-Identifier: Apache-2.0
"""The full report of `pyrunc validate`: every problem and hint, as text, JSON or SARIF."""

from __future__ import annotations

from pyrunc import __version__
from pyrunc.config import validate
from pyrunc.config.explain import explain, json_problem
from pyrunc.config.hints import hints, member_hints
from pyrunc.config.locate import place
from pyrunc.config.problems import ERROR, HINT, Problem
from pyrunc.jsonio import JsonError, decode, dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrunc.config.types import Json

# Exit codes of `pyrunc validate`, for CI.
EXIT_GOOD = 0
EXIT_BAD = 1

KINDS = {"config": validate.CONFIG, "process": validate.PROCESS, "resources": validate.RESOURCES}

_RED, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_WIDE = 100


def find_problems(data: bytes, *, kind: str = "config", strict: bool = False,
                  allow_newer: bool = False) -> list[Problem]:
    """All errors and hints about the document `data`, ordered by their place in it.

    `kind` is one of KINDS. What the pre-pass softens is a hint, or an error when `strict`.
    Asks nothing of the filesystem or the kernel and raises nothing.
    """
    what = KINDS[kind]
    try:
        value = loads(data)
    except JsonError as error:
        return [json_problem(error, data)]
    softened = validate.soften(value, data)
    refused = what.check(value) is not None or bool(what.second(value, allow_newer, True))
    if refused or (strict and softened):
        found = explain(data, value, what, softened if strict else [], allow_newer)
        found += member_hints(value, what.schema)
    else:
        found = hints(value, what.schema)
    if not strict:
        found += softened
    place(found, decode(data))
    found.sort(key=lambda problem: (problem.line, problem.column, problem.level))
    return found


def exit_code(problems: Sequence[Problem]) -> int:
    """EXIT_BAD when there is an error among `problems`; hints do not count."""
    return EXIT_BAD if any(problem.level == ERROR for problem in problems) else EXIT_GOOD


def text_report(problems: Sequence[Problem], data: bytes, name: str, *,
                colour: bool = False) -> str:
    """The report for people: place, problem, the line of the file with a mark under the value."""
    paint = _painter(colour)
    lines = _lines(data)
    blocks = []
    for problem in problems:
        tint = _RED if problem.level == ERROR else _YELLOW
        where = f"{name}:{problem.line}:{problem.column}" if problem.line else name
        blocks.append(f"{paint(_BOLD, where)}: {paint(tint, problem.level)}: {problem.sentence()}\n"
                      + _excerpt(problem, lines, paint))
    errors = sum(problem.level == ERROR for problem in problems)
    blocks.append(f"{name}: {_summary(errors, len(problems) - errors)}\n")
    return "".join(blocks)


def json_report(problems: Sequence[Problem], name: str) -> str:
    """The report for programs: one object with `valid` and `problems`."""
    errors = sum(problem.level == ERROR for problem in problems)
    return dumps({"file": name, "valid": errors == 0, "errors": errors,
                  "hints": len(problems) - errors,
                  "problems": [_object(problem) for problem in problems]}, "  ") + "\n"


def sarif_report(problems: Sequence[Problem], name: str) -> str:
    """The report as SARIF 2.1.0, which code hosting and editors show beside the line."""
    rules = sorted({problem.ids[0] for problem in problems})
    run = {
        "tool": {"driver": {"name": "pyrunc", "version": __version__,
                            "rules": [{"id": rule} for rule in rules]}},
        "results": [_result(problem, name) for problem in problems],
    }
    return dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, "  ") + "\n"


def _painter(colour: bool) -> Callable[[str, str], str]:
    return (lambda tint, text: f"{tint}{text}{_PLAIN}") if colour else (lambda _, text: text)


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")


def _excerpt(problem: Problem, lines: list[str], paint: Callable[[str, str], str]) -> str:
    if not 0 < problem.line <= len(lines):
        return ""
    line, column = lines[problem.line - 1].rstrip("\r"), problem.column
    start = max(0, column - _WIDE // 2)  # a one-line file is shown in part
    shown = line[start : start + _WIDE].replace("\t", " ")
    shown = "".join(letter if letter.isprintable() else "?" for letter in shown)
    number = str(problem.line)
    mark = " " * (column - 1 - start) + paint(_RED if problem.level == ERROR else _YELLOW, "^")
    return (f"  {paint(_DIM, number + ' |')} {shown}\n"
            f"  {paint(_DIM, ' ' * len(number) + ' |')} {mark}\n")


def _summary(errors: int, hinted: int) -> str:
    if not errors and not hinted:
        return "good"
    parts = [f"{count} {word}{'' if count == 1 else 's'}"
             for count, word in ((errors, ERROR), (hinted, HINT)) if count]
    return ("bad: " if errors else "good, ") + " and ".join(parts)


def _object(problem: Problem) -> Json:
    return {"level": problem.level, "path": problem.where(), "message": problem.says,
            "suggestion": problem.meant, "section": problem.section,
            "requirements": list(problem.ids), "line": problem.line, "column": problem.column}


def _result(problem: Problem, name: str) -> Json:
    place: Json = {"artifactLocation": {"uri": name}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column}
    return {"ruleId": problem.ids[0],
            "level": "error" if problem.level == ERROR else "note",
            "message": {"text": problem.sentence()},
            "locations": [{"physicalLocation": place,
                           "logicalLocations": [{"fullyQualifiedName": problem.where()}]}]}
