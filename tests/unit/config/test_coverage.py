# SPDX-License-Identifier: Apache-2.0
"""The documentation's table of requirements and tests is complete and fresh."""

from __future__ import annotations

import re

import pytest

from tests.unit.config import coverage
from tests.unit.config.v_lines import V_LINES


@pytest.mark.parametrize("word", V_LINES)
def test_requirement_has_a_test_or_a_corpus_file(word):
    """VAL-1: no requirement that validation can show is without something that shows it."""
    assert coverage.docstring_ids().get(word) or coverage.corpus_ids().get(word)


def test_table_is_fresh():
    """VAL-1: docs/validation.md holds the table that the tests and the corpus make."""
    assert coverage.DOCUMENT.read_text("utf-8") == coverage.document(), (
        "run python -m tests.unit.config.coverage")


def test_decisions_are_written_down():
    """VAL-2: each of the twelve open decisions has its paragraph, with its reason."""
    text = coverage.DOCUMENT.read_text("utf-8")
    found = re.findall(r"^- \*\*D(\d+)[ ,].*?\*\*", text, re.MULTILINE)
    assert [int(number) for number in found] == list(range(1, 13))
