# SPDX-License-Identifier: Apache-2.0
"""Verbs of pyrunc beside crun and runc: each round runs all of them in turn, medians are compared.

    python -m pytest bench/test_lifecycle.py [--bench-rounds 5] [--bench-json FILE]

The times are taken in one interleaved loop (samples.py); each test then hands those of its runtime
and verb to pytest-benchmark by its clock, for its tables, JSON and comparison. Nothing is asserted
about time: the closing table shows ratios and what they should be.
"""

from __future__ import annotations

import pytest

from .runtimes import NAMES
from .samples import CLOCK, VERBS, Samples


@pytest.mark.parametrize("runtime", NAMES)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.benchmark(timer=CLOCK.now)
def test_verb(benchmark, samples: Samples, verb: str, runtime: str) -> None:
    """PERF: one verb of one runtime, in the rounds it shared with the others."""
    times = samples.times(verb, runtime)
    benchmark.group = verb
    steps = iter(times)
    benchmark.pedantic(lambda: CLOCK.advance(next(steps)), rounds=len(times))
    assert benchmark.disabled or next(steps, None) is None


@pytest.mark.parametrize("runtime", NAMES)
def test_memory(samples: Samples, runtime: str) -> None:
    """PERF: resident memory of the waiting init, peak memory of create, for the closing table."""
    found = samples.memory(runtime)
    assert all(kib > 0 for kib in found.values())
