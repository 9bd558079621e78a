# SPDX-License-Identifier: Apache-2.0
"""What shows a requirement: the tests whose docstrings begin with its ID, and the corpus' files."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.corpus import rows_good

TESTS = Path(__file__).parents[1]
ID = re.compile(r"(?<![\w-])([A-Z]{2,4}-[A-Z]?)(\d+)(?:\.\.(\d+)|([a-z]?))(?![\w-])")
# Suites that look at a real container, or at the machine's real cgroups.
END_TO_END = ("attacks/", "engines/", "runtime/", "vm/", "unit/cgroups/test_live.py")


def docstring_ids() -> dict[str, list[str]]:
    """ID -> the tests ("runtime/test_user.py::test_uid") that say they show it."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in _tests(ast.parse(path.read_text("utf-8"))):
            name = f"{path.relative_to(TESTS).as_posix()}::{node.name}"
            for word in dict.fromkeys([*_head(node), *_parameters(node)]):
                found.setdefault(word, []).append(name)
    return found


def corpus_ids() -> dict[str, list[str]]:
    """ID -> the configs ("corpus/bad/json-bom.json") that show it."""
    found: dict[str, list[str]] = {}
    for entry in json.loads((TESTS / "corpus" / "index.json").read_text("utf-8")):
        for word in entry["ids"]:
            found.setdefault(word, []).append(f"corpus/bad/{entry['file']}")
    for name, ids, _ in rows_good.files():
        for word in ids.split():
            found.setdefault(word, []).append(f"corpus/good/{name}.json")
    return found


def shows(kind: str, name: str) -> bool:
    """Whether this test or file can show a requirement of this kind (V, P, E or H)."""
    if kind == "E":
        return name.startswith(END_TO_END)
    return kind == "V" or not name.startswith("corpus/")


def ids(text: str) -> list[str]:
    """The IDs in a text; MEM-1..3 stands for three of them."""
    found = []
    for stem, first, last, letter in ID.findall(text):
        found += [f"{stem}{number}{letter}" for number in range(int(first), int(last or first) + 1)]
    return found


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _head(node: ast.FunctionDef) -> list[str]:
    """The IDs before the docstring's first colon."""
    head, colon, _ = (ast.get_docstring(node) or "").partition(":")
    return ids(head) if colon else []


def _parameters(node: ast.FunctionDef) -> list[str]:
    """The IDs in the names of a parametrised test's cases."""
    found = []
    for decorator in node.decorator_list:
        for call in ast.walk(decorator):
            if isinstance(call, ast.keyword) and call.arg in ("id", "ids"):
                for word in ast.walk(call.value):
                    if isinstance(word, ast.Constant) and isinstance(word.value, str):
                        found += ids(word.value)
    return found
