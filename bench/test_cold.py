# SPDX-License-Identifier: Apache-2.0
"""Verbs with the runtime's own files not in the page cache."""

from __future__ import annotations

import pytest

from .rows import COLD
from .runtimes import NAMES
from .samples import CLOCK, Samples, replay

ROWS = COLD


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_cold(benchmark, samples: Samples, row: str, runtime: str) -> None:
    """PERF: one verb of one runtime, its files dropped from memory before each call."""
    replay(benchmark, row, samples.times(row, runtime))
