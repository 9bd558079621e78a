# SPDX-License-Identifier: Apache-2.0
"""Verbs of pyrunc beside crun and runc: each round runs all of them in turn, medians are compared.

    python -m pytest bench/test_lifecycle.py [--bench-rounds 5] [--bench-json FILE]

The times are taken in one interleaved loop (samples.py); each test then hands those of its runtime
and verb to pytest-benchmark by its clock, for its tables, JSON and comparison. Nothing is asserted
about time: the closing table shows ratios and what they should be.
"""

from __future__ import annotations

import pytest

from .rows import VERBS
from .runtimes import NAMES
from .samples import CLOCK, Samples, replay

ROWS = VERBS


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_verb(benchmark, samples: Samples, row: str, runtime: str) -> None:
    """PERF: one verb of one runtime, in the rounds it shared with the others."""
    replay(benchmark, row, samples.times(row, runtime))
