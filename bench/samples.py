# SPDX-License-Identifier: Apache-2.0
"""The measurements of one session: interleaved rounds, medians, JSON."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .cold import Cold
from .memory import memory
from .report import terminal_table
from .rows import MANY_PRESENT, NONE_PRESENT, PARALLEL, Row, rows
from .runtimes import Runtime
from .view import sweep


class ReplayClock:
    """A clock for pytest-benchmark that stands still but for the times already measured."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


CLOCK = ReplayClock()


def replay(benchmark: Any, group: str, times: Sequence[float]) -> None:
    """Hands times to pytest-benchmark as if it had taken them."""
    benchmark.group = group
    steps = iter(times)
    benchmark.pedantic(lambda: CLOCK.advance(next(steps)), rounds=len(times))
    assert benchmark.disabled or next(steps, None) is None


class Samples:
    """Times by row and runtime, measured when first asked for: all runtimes of a row together."""

    def __init__(
        self, runtimes: Sequence[Runtime], rounds: int, cgroups: str, *, quick: bool
    ) -> None:
        self.runtimes = runtimes
        self.rounds = rounds
        self.cgroups = cgroups
        self.quick = quick
        self.rows = rows(quick=quick)
        self.present_count = 8 if quick else 500
        self._times: dict[str, dict[str, list[float]]] = {}
        self._memory: dict[str, dict[str, int]] = {}
        self._failed: dict[str, dict[str, str]] = {}  # by row and runtime: why there is no figure
        self._cold: list[Cold] = []

    def times(self, name: str, runtime: str) -> list[float]:
        """Seconds of each round; skips where that runtime is not installed, fails where it did."""
        self._require(runtime)
        if name not in self._times:
            self._measure(name, self.rows[name])
        if runtime in self._failed.get(name, {}):
            pytest.fail(self._failed[name][runtime], pytrace=False)
        return self._times[name][runtime]

    def _require(self, name: str) -> None:
        if name not in (runtime.name for runtime in self.runtimes):
            pytest.skip(f"there is no {name} on PATH to compare with")

    def _measure(self, name: str, row: Row) -> None:
        """One round warms up; in each round every runtime has its turn, each time another first.

        A runtime that fails is left out of that row; the others go on.
        """
        those: Sequence[Any] = self._cold_runtimes() if row.cold else self.runtimes
        failed = self._failed.setdefault(name, {})
        for number in range(max(2, round(self.rounds * row.rounds)) + 1):
            for index in range(len(those)):
                one = (index + number) % len(those)
                runtime = self.runtimes[one].name
                if runtime in failed:
                    continue
                try:
                    taken = row.measure(those[one])
                except (AssertionError, OSError) as error:
                    failed[runtime] = f"{type(error).__name__}: {error}"
                    self._times.get(name, {}).pop(runtime, None)
                    continue
                if number:
                    self._note(runtime, taken, name)
        self._times.setdefault(name, {})

    def _note(self, runtime: str, taken: float | dict[str, float], name: str) -> None:
        for each, seconds in (taken if isinstance(taken, dict) else {name: taken}).items():
            self._times.setdefault(each, {}).setdefault(runtime, []).append(seconds)

    def _cold_runtimes(self) -> list[Cold]:
        if not self._cold:
            self._cold = [Cold(runtime) for runtime in self.runtimes]
        return self._cold

    def present(self, which: str, name: str) -> list[float]:
        """Seconds of a life with many other containers present, or none.

        They weigh on the whole machine, so `none` is measured before and after.
        """
        self._require(name)
        runtime = next(one for one in self.runtimes if one.name == name)
        if name not in self._times.get(which, {}):
            self._lives(NONE_PRESENT, runtime)
            others: list[str] = []
            while (missing := self.present_count - len(others)) > 0:
                others += runtime.create_at_once(min(PARALLEL, missing))[0]
            self._lives(MANY_PRESENT, runtime)
            for first in range(0, len(others), PARALLEL):
                runtime.delete_at_once(others[first : first + PARALLEL])
            self._lives(NONE_PRESENT, runtime)
        return self._times[which][name]

    def _lives(self, which: str, runtime: Runtime) -> None:
        runtime.time_life()
        for _ in range(max(2, self.rounds // 2)):
            self._note(runtime.name, runtime.time_life()["create+start+delete"], which)

    def memory(self, name: str) -> dict[str, int]:
        """KiB by what was looked at; skips where that runtime is not installed."""
        self._require(name)
        if name not in self._memory:
            runtime = next(one for one in self.runtimes if one.name == name)
            self._memory[name] = memory(runtime, limits=self.cgroups != "v2")
        return self._memory[name]

    def close(self) -> None:
        """Removes every container."""
        for runtime in (*self.runtimes, *(cold.runtime for cold in self._cold)):
            runtime.close()
        sweep(f"bench-{os.getpid()}-")

    def results(self) -> dict[str, Any]:
        """All that was measured, for JSON."""
        return {
            "versions": {runtime.name: runtime.version for runtime in self.runtimes},
            "cgroups": self.cgroups,
            "rounds": self.rounds,
            "present": self.present_count,
            "times": {
                row: {
                    name: {"median_ms": median_ms(times), "ms": [round(1e3 * t, 3) for t in times]}
                    for name, times in by_runtime.items()
                }
                for row, by_runtime in self._times.items()
            },
            "memory_kib": self._memory,
            "failed": {row: reasons for row, reasons in self._failed.items() if reasons},
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.results(), indent=1) + "\n")

    def table(self) -> Iterator[str]:
        """Lines for people: medians, and pyrunc's ratio to the others."""
        return terminal_table(self.results())


def median_ms(times: Sequence[float]) -> float:
    return round(1e3 * statistics.median(times), 3)
