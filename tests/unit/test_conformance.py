# SPDX-License-Identifier: Apache-2.0
"""Every requirement of the standard has what shows it, and CONFORMANCE.md says so truly."""

from __future__ import annotations

import pytest

from tests.conformance import evidence, generate

WANTED = generate.requirements()
NOT_HERE = generate.pairs("not_here.tsv")
OPEN = generate.pairs("open.tsv")
FOUND = generate.evidence()


@pytest.mark.parametrize("word", [word for word in WANTED if word not in OPEN])
def test_requirement_is_shown(word: str) -> None:
    """HABIT: each requirement has a test of each kind it wants, or a stand-in."""
    lacking = generate.lacks(WANTED[word], FOUND.get(word, []))
    assert lacking == [] or (word in NOT_HERE and FOUND.get(word)), (
        f"{word} ({WANTED[word].statement}) has no test of kind {' '.join(lacking)}")


def test_what_is_open_is_really_open() -> None:
    """HABIT: a requirement that tests show is taken off the list of open ones."""
    shown = [word for word in OPEN if not generate.lacks(WANTED[word], FOUND.get(word, []))]
    assert shown == [], "take these off open.tsv"


@pytest.mark.parametrize("word", [word for word in WANTED if "H" in WANTED[word].kind.split()])
def test_hardware_is_named(word: str) -> None:
    """HABIT: what needs special hardware or a security module is listed with what is missing."""
    assert word in NOT_HERE or word in OPEN


def test_docstrings_name_real_requirements() -> None:
    """HABIT: no test says that it shows a requirement that does not exist."""
    assert {word: names for word, names in evidence.docstring_ids().items()
            if word not in WANTED} == {}


def test_corpus_names_real_requirements() -> None:
    """HABIT: no file of the corpus is said to show a requirement that does not exist."""
    assert set(evidence.corpus_ids()) <= set(WANTED)


def test_lists_name_real_requirements_once() -> None:
    """HABIT: the lists of what is not here and of what is open name requirements, each once."""
    rows = [*generate.read("not_here.tsv"), *generate.read("open.tsv")]
    words = [word for word, _ in rows]
    assert set(words) <= set(WANTED)
    assert len(words) == len(set(words))
    assert len(WANTED) == len(generate.read("requirements.tsv"))


def test_departures_name_real_requirements() -> None:
    """HABIT: each row of the departures is about requirements that there are."""
    text = generate.DOCUMENT.read_text("utf-8").partition("## Departures")[2]
    rows = [line for line in text.partition("\n## ")[0].splitlines() if line[:2] == "| "]
    for line in rows[1:]:
        words = evidence.ids(line.split("|")[1])
        assert words and set(words) <= set(WANTED), line


def test_kinds_and_levels_are_known() -> None:
    """HABIT: the table uses the words that CONFORMANCE.md explains."""
    for requirement in WANTED.values():
        assert set(requirement.kind.split()) <= set("VPEH") and requirement.kind
        assert requirement.level in ("M", "MN", "S", "SN", "O", "D", "C", "X")


def test_document_is_fresh() -> None:
    """HABIT: CONFORMANCE.md holds the table that the tests make."""
    assert generate.DOCUMENT.read_text("utf-8") == generate.document(), (
        "run python -m tests.conformance.generate")
