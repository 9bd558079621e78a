# SPDX-License-Identifier: Apache-2.0
"""The documentation of validation has what the standard leaves open."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs" / "validation.md"


def test_decisions_are_written_down():
    """VAL-2: each of the twelve open decisions has its paragraph, with its reason."""
    text = DOCUMENT.read_text("utf-8")
    found = re.findall(r"^- \*\*D(\d+)[ ,].*?\*\*", text, re.MULTILINE)
    assert [int(number) for number in found] == list(range(1, 13))
