# SPDX-License-Identifier: Apache-2.0
"""Values of v1 turned into those of v2, and the checks on single values that both need."""

from __future__ import annotations

import math

from pyrunc.errors import ConfigError

UNSET_SWAPPINESS = 2**64 - 1  # engines that mean -1 write it so
_SHARES_MIN, _SHARES_MAX = 2, 262144
_BLKIO_MIN, _BLKIO_MAX = 10, 1000


def weight_of_shares(shares: int) -> int:
    """cpu.weight (1..10000) for cpu.shares; 1024 becomes 100, the default of both (CONV-1)."""
    if shares <= _SHARES_MIN:
        return 1
    if shares >= _SHARES_MAX:
        return 10000
    power = math.log2(shares)
    return math.ceil(10 ** ((power * power + 125 * power) / 612 - 7 / 34))


def io_weight_of_blkio(weight: int, field: str) -> int:
    """io.weight (1..10000) for a blkio weight (10..1000) (CONV-2)."""
    if not _BLKIO_MIN <= weight <= _BLKIO_MAX:
        raise ConfigError(f"{field}: {weight} is not between {_BLKIO_MIN} and {_BLKIO_MAX}")
    return 1 + (weight - 10) * 9999 // 990


def swap_of_memsw(limit: int | None, memsw: int | None, field: str) -> str | None:
    """memory.swap.max for memory.swap, which counts memory too; None = leave it (MEM-3, MEM-10).

    limit -1 without a swap limit takes away the swap limit too.
    """
    if not memsw:
        return "max" if limit == -1 else None
    if memsw == -1:
        return "max"
    if not limit or limit == -1:
        raise ConfigError(f"{field}: {memsw} counts memory and swap together; "
                          "it needs linux.resources.memory.limit")
    if memsw < limit:
        raise ConfigError(f"{field}: {memsw} is below linux.resources.memory.limit ({limit})")
    return str(memsw - limit)


def max_or(value: int) -> str:
    """The number, or "max" for -1 and below."""
    return "max" if value < 0 else str(value)


def check_shares(shares: int, field: str) -> None:
    """v1 silently changes shares out of bounds; the kernel's bounds are the error here."""
    if not _SHARES_MIN <= shares <= _SHARES_MAX:
        raise ConfigError(f"{field}: {shares} is not between {_SHARES_MIN} and {_SHARES_MAX}, "
                          "the bounds of cpu.shares")


def device_number(entry: dict[str, int]) -> str:
    """"major:minor" of a block device entry."""
    return f"{entry['major']}:{entry['minor']}"
