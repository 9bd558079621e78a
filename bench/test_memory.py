# SPDX-License-Identifier: Apache-2.0
"""Memory: of what waits, of create at its peak, and the smallest limit that is enough."""

from __future__ import annotations

import pytest

from .runtimes import NAMES
from .samples import Samples


@pytest.mark.parametrize("runtime", NAMES)
def test_memory(samples: Samples, runtime: str) -> None:
    """PERF: resident memory of the waiting init and of a foreground run, peak of create, smallest
    limit."""
    found = samples.memory(runtime)
    assert all(kib > 0 for kib in found.values())
