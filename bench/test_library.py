# SPDX-License-Identifier: Apache-2.0
"""The library in one warm process beside the others' run."""

from __future__ import annotations

import pytest

from .rows import LIBRARY
from .runtimes import NAMES
from .samples import CLOCK, Samples, replay

ROWS = LIBRARY


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_library(benchmark, samples: Samples, row: str, runtime: str) -> None:
    """PERF: create, start, wait and delete by the library; of the others their run."""
    replay(benchmark, row, samples.times(row, runtime))
