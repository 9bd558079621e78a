# SPDX-License-Identifier: Apache-2.0
"""Many containers: made at once, and present while another one lives."""

from __future__ import annotations

import pytest

from .rows import PRESENT, SCALE
from .runtimes import NAMES
from .samples import CLOCK, Samples, replay

ROWS = SCALE


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_at_once(benchmark, samples: Samples, row: str, runtime: str) -> None:
    """PERF: creates that are started at once, the time of all for each."""
    replay(benchmark, row, samples.times(row, runtime))


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.parametrize("which", PRESENT)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_present(benchmark, samples: Samples, which: str, runtime: str) -> None:
    """PERF: a life with 500 other containers present, and with none."""
    replay(benchmark, f"{which}: {runtime}", samples.present(which, runtime))
