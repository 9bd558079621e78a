# SPDX-License-Identifier: Apache-2.0
"""Growth with mounts, environment and seccomp rules."""

from __future__ import annotations

import pytest

from .rows import growth
from .runtimes import NAMES
from .samples import CLOCK, Samples, replay

ROWS = growth


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_growth(benchmark, samples: Samples, row: str, runtime: str) -> None:
    """PERF: run of a config of one size, in the rounds it shared with the others."""
    replay(benchmark, row, samples.times(row, runtime))
