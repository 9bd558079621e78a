# SPDX-License-Identifier: Apache-2.0
"""The table in CONFORMANCE.md: each requirement of the standard with what shows it.

`python -m tests.conformance.generate` writes it anew; tests/unit/test_conformance.py asserts that
it is fresh and that nothing is missing.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from tests import matrix
from tests.conformance.evidence import TESTS, corpus_ids, docstring_ids, shows

DATA = Path(__file__).parent
DOCUMENT = TESTS.parent / "CONFORMANCE.md"
START, END = "<!-- table: start -->\n", "<!-- table: end -->\n"
HOSTS_START, HOSTS_END = "<!-- hosts: start -->\n", "<!-- hosts: end -->\n"
SHOWN = 3  # tests and files named in a row


class Requirement(NamedTuple):
    """One line of requirements.tsv; `kind` is some of V, P, E and H, with blanks between."""

    id: str
    level: str
    kind: str
    since: str
    statement: str


def read(name: str) -> list[list[str]]:
    """The rows of a table of this directory, without its heading."""
    with open(DATA / name, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def requirements() -> dict[str, Requirement]:
    """Every requirement by its ID, in the standard's order."""
    return {row[0]: Requirement(*row) for row in read("requirements.tsv")}


def pairs(name: str) -> dict[str, str]:
    """not_here.tsv (ID -> what the machine lacks) or open.tsv (ID -> what will bring it)."""
    return dict(read(name))


def evidence() -> dict[str, list[str]]:
    """ID -> the tests and then the corpus' files that show it."""
    found = {word: list(names) for word, names in docstring_ids().items()}
    for word, names in corpus_ids().items():
        found.setdefault(word, []).extend(names)
    return found


def lacks(requirement: Requirement, names: list[str]) -> list[str]:
    """The letters of the requirement's kind that nothing among `names` shows."""
    return [kind for kind in requirement.kind.split()
            if not any(shows(kind, name) for name in names)]


def row(requirement: Requirement, names: list[str], remark: str) -> str:
    """One line of the table; end-to-end tests are named first."""
    best = sorted(names, key=lambda name: (
        not name.startswith("runtime/"), not shows("E", name), not shows("P", name)))
    text = ", ".join(f"`{name}`" for name in best[:SHOWN])
    if len(best) > SHOWN:
        text += " and more"
    cells = (requirement.id, requirement.level, requirement.kind, requirement.since,
             requirement.statement, " ".join(filter(None, (remark, text))))
    return "| " + " | ".join(cells) + " |"


def table() -> str:
    """The table in Markdown."""
    found, absent, later = evidence(), pairs("not_here.tsv"), pairs("open.tsv")
    lines = ["| requirement | level | kind | since | what it says | shown by |",
             "|---|---|---|---|---|---|"]
    for word, requirement in requirements().items():
        remark = ""
        if word in absent:
            remark = f"**not here** ({absent[word]}); stand-ins:"
        elif word in later:
            remark = f"**open** ({later[word]})"
        lines.append(row(requirement, found.get(word, []), remark))
    return "\n".join(lines) + "\n"


def summary() -> str:
    """The counts, in one sentence."""
    wanted, absent, later = requirements(), pairs("not_here.tsv"), pairs("open.tsv")
    shown = len(wanted) - len(absent) - len(later)
    return (f"{len(wanted)} requirements: {shown} shown by tests, {len(absent)} by stand-ins "
            f"because the machine lacks something, {len(later)} open.\n")


def between(text: str, start: str, end: str, new: str) -> str:
    """`text` with what stands between the two lines replaced by `new`; as it is without them."""
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    return before + start + "\n" + new + "\n" + end + after if found and closed else text


def document() -> str:
    """CONFORMANCE.md with the tables as they should be.

    The table of hosts is what matrix.tsv says, whenever that was written; without the file the
    table stays as it is.
    """
    text = between(DOCUMENT.read_text("utf-8"), START, END, summary() + "\n" + table())
    rows = matrix.kept()
    return between(text, HOSTS_START, HOSTS_END, matrix.markdown(rows)) if rows else text


def main() -> None:
    """Write the table."""
    DOCUMENT.write_text(document(), "utf-8")


if __name__ == "__main__":
    main()
