# SPDX-License-Identifier: Apache-2.0
"""The conversions from v1 values to v2 values, against their published vectors."""

from __future__ import annotations

import pytest

from pyrunc.cgroups import convert
from pyrunc.errors import ConfigError

SHARES = [
    (2, 1),
    (3, 2),
    (10, 4),
    (100, 17),
    (256, 35),
    (512, 59),
    (1000, 99),
    (1024, 100),
    (1025, 101),
    (2048, 174),
    (4096, 303),
    (10240, 639),
    (100000, 4340),
    (262143, 10000),
    (262144, 10000),
]
WEIGHTS = [
    (10, 1),
    (11, 11),
    (50, 405),
    (100, 910),
    (300, 2930),
    (500, 4950),
    (999, 9989),
    (1000, 10000),
]


@pytest.mark.parametrize(("shares", "weight"), SHARES)
def test_shares_become_the_published_weight(shares: int, weight: int) -> None:
    """CONV-1: cpu.shares turns into the cpu.weight of the vector."""
    assert convert.weight_of_shares(shares) == weight


@pytest.mark.parametrize(("shares", "weight"), [(1, 1), (2**63, 10000)])
def test_shares_out_of_bounds_become_the_nearest_weight(shares: int, weight: int) -> None:
    """CONV-1: at most 2 is 1, at least 262144 is 10000."""
    assert convert.weight_of_shares(shares) == weight


@pytest.mark.parametrize(("blkio", "weight"), WEIGHTS)
def test_blkio_weight_becomes_the_published_io_weight(blkio: int, weight: int) -> None:
    """CONV-2: a blkio weight turns into the io.weight of the vector."""
    assert convert.io_weight_of_blkio(blkio, "f") == weight


@pytest.mark.parametrize("blkio", [1, 9, 1001])
def test_blkio_weight_out_of_bounds_is_refused(blkio: int) -> None:
    """CONV-2: a weight outside 10 to 1000 cannot be converted: an error names the field."""
    with pytest.raises(ConfigError, match=rf"^linux\.x: {blkio} is not between 10 and 1000$"):
        convert.io_weight_of_blkio(blkio, "linux.x")


@pytest.mark.parametrize(
    ("limit", "memsw", "swap_max"),
    [
        (None, None, None),
        (100, None, None),
        (100, 0, None),
        (-1, None, "max"),
        (-1, -1, "max"),
        (100, -1, "max"),
        (None, -1, "max"),
        (100, 100, "0"),
        (100, 150, "50"),
    ],
)
def test_memory_plus_swap_becomes_swap(
    limit: int | None, memsw: int | None, swap_max: str | None
) -> None:
    """MEM-3: memory.swap counts both, memory.swap.max the difference; -1 is max, 0 not set."""
    assert convert.swap_of_memsw(limit, memsw, "f") == swap_max


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (None, "f: 50 counts memory and swap together; it needs linux.resources.memory.limit"),
        (-1, "f: 50 counts memory and swap together; it needs linux.resources.memory.limit"),
        (100, "f: 50 is below linux.resources.memory.limit (100)"),
    ],
)
def test_swap_that_cannot_be_converted_is_refused(limit: int | None, reason: str) -> None:
    """MEM-10: swap without limit or below it cannot be converted."""
    with pytest.raises(ConfigError) as caught:
        convert.swap_of_memsw(limit, 50, "f")
    assert str(caught.value) == reason
