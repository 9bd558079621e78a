# SPDX-License-Identifier: Apache-2.0
"""The table in docs/validation.md that maps each requirement to its tests.

`python -m tests.unit.config.coverage` writes it anew; a test asserts that it is fresh.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from tests.corpus import rows_good
from tests.unit.config.v_lines import V_LINES

TESTS = Path(__file__).parents[2]
DOCUMENT = TESTS.parent / "docs" / "validation.md"
START, END = "<!-- table: start -->\n", "<!-- table: end -->\n"
SHOWN = 3  # tests and files named in a row; the rest are counted


def docstring_ids() -> dict[str, list[str]]:
    """The tests of each requirement, by the IDs that start their docstrings."""
    found: dict[str, list[str]] = {}
    for path in sorted([*(TESTS / "unit" / "config").glob("test_*.py"),
                        *(TESTS / "unit" / "tables").glob("test_*.py")]):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                head = (ast.get_docstring(node) or "").partition(": ")[0]
                for word in re.findall(r"[A-Z]+-[A-Z]?\d+", head):
                    found.setdefault(word, []).append(f"{path.stem}::{node.name}")
    return found


def corpus_ids() -> dict[str, list[str]]:
    """The corpus files of each requirement."""
    found: dict[str, list[str]] = {}
    for entry in json.loads((TESTS / "corpus" / "index.json").read_text("utf-8")):
        for word in entry["ids"]:
            found.setdefault(word, []).append(f"bad/{entry['file']}")
    for name, ids, _ in rows_good.files():
        for word in ids.split():
            found.setdefault(word, []).append(f"good/{name}.json")
    return found


def shorten(names: list[str]) -> str:
    """The first few names as code, and how many more there are."""
    text = ", ".join(f"`{name}`" for name in names[:SHOWN])
    return text + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def table() -> str:
    """The table in Markdown."""
    tests, files = docstring_ids(), corpus_ids()
    lines = ["| requirement | what it says | corpus | tests |", "|---|---|---|---|"]
    lines += [f"| {word} | {says} | {shorten(files.get(word, []))} "
              f"| {shorten(tests.get(word, []))} |" for word, says in V_LINES.items()]
    return "\n".join(lines) + "\n"


def document() -> str:
    """docs/validation.md with the table as it should be."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(START)
    return before + START + "\n" + table() + "\n" + END + rest.partition(END)[2]


def main() -> None:
    """Write the table."""
    DOCUMENT.write_text(document(), "utf-8")


if __name__ == "__main__":
    main()
