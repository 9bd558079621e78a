# SPDX-License-Identifier: Apache-2.0
"""process.rlimits."""

from __future__ import annotations

import resource

import pytest

from .harness import Container, departs, needs
from .harness.probes import raises_limits

# Every type with its number.
TYPES = {
    "CPU": 0, "FSIZE": 1, "DATA": 2, "STACK": 3, "CORE": 4, "RSS": 5, "NPROC": 6, "NOFILE": 7,
    "MEMLOCK": 8, "AS": 9, "LOCKS": 10, "SIGPENDING": 11, "MSGQUEUE": 12, "NICE": 13, "RTPRIO": 14,
    "RTTIME": 15,
}  # fmt: skip
INFINITY = 2**64 - 1


def limits(container: Container, *entries: tuple[str, int, int]) -> dict[int, tuple[int, int]]:
    """Run with these limits; return what getrlimit says inside, by number."""
    container.bundle.process["rlimits"] = [
        {"type": f"RLIMIT_{name}", "soft": soft, "hard": hard} for name, soft, hard in entries
    ]
    container.bundle.inside("rlimits")
    rows = [list(map(int, line.split())) for line in container.report()]
    return {number: (soft, hard) for number, soft, hard in rows}


def value(name: str) -> tuple[int, int]:
    """A soft and a hard limit that the program can live with and that can be set without
    privileges.
    """
    hard = resource.prlimit(0, TYPES[name])[1]
    top = 2**33 if hard < 0 else hard
    return top // 2, top


@pytest.mark.parametrize("name", TYPES)
def test_each_type(container: Container, name: str) -> None:
    """RLM-2, RLM-3: each of the sixteen types is set, soft and hard."""
    soft, hard = value(name)
    assert limits(container, (name, soft, hard))[TYPES[name]] == (soft, hard)


def test_infinity(container: Container) -> None:
    """RLM-1: 2^64-1 is infinity."""
    got = limits(container, ("CPU", INFINITY, INFINITY))
    assert got[0] == (INFINITY, INFINITY)


def test_above_signed(container: Container) -> None:
    """RLM-1: values above 2^63 survive."""
    got = limits(container, ("RSS", 2**63 + 1, 2**64 - 2))
    assert got[5] == (2**63 + 1, 2**64 - 2)


def test_several(container: Container) -> None:
    """RLM-3: several entries are all set."""
    got = limits(container, ("NOFILE", 64, 128), ("CORE", 0, 0), ("NPROC", 100, 100))
    assert (got[7], got[4], got[6]) == ((64, 128), (0, 0), (100, 100))


def test_others_are_inherited(container: Container) -> None:
    """RLM-3: what is not listed stays as the caller has it."""
    got = limits(container, ("NOFILE", 64, 128))
    soft, hard = resource.prlimit(0, TYPES["STACK"])
    assert got[3] == (soft % 2**64, hard % 2**64)


@needs(raises_limits)
def test_raise(container: Container) -> None:
    """RLM-3: a hard limit above the caller's is set, given CAP_SYS_RESOURCE."""
    high = resource.prlimit(0, resource.RLIMIT_NPROC)[1] + 1
    assert limits(container, ("NPROC", high, high))[6] == (high, high)


def test_unknown_type(container: Container) -> None:
    """RLM-2: a type that the kernel does not have is refused."""
    entry = {"type": "RLIMIT_FOO", "soft": 1, "hard": 1}
    container.bundle.process["rlimits"] = [entry]
    assert "RLIMIT_FOO" in container.fails()


def test_soft_above_hard(container: Container) -> None:
    """RLM-5: a soft limit above the hard one is refused."""
    entry = {"type": "RLIMIT_NOFILE", "soft": 20, "hard": 10}
    container.bundle.process["rlimits"] = [entry]
    assert "rlimit" in container.fails().lower()


@departs("runc", "1.1 takes the last of them")
def test_duplicate(container: Container) -> None:
    """RLM-4: the same type twice is refused."""
    entry = {"type": "RLIMIT_NOFILE", "soft": 20, "hard": 20}
    container.bundle.process["rlimits"] = [entry, entry]
    assert "RLIMIT_NOFILE" in container.fails()
