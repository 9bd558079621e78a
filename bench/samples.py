# SPDX-License-Identifier: Apache-2.0
"""The measurements of one session: interleaved rounds, medians, the table of ratios, JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .runtimes import NAMES, Runtime

# verb: (the method that times it, what pyrunc / crun and pyrunc / runc should be at most)
VERBS: dict[str, tuple[str, float | None, float | None]] = {
    "create+start+delete": ("time_life", 1.0, 0.5),
    "create": ("time_life", None, None),
    "start": ("time_life", 0.6, None),
    "delete": ("time_life", 0.6, None),
    "run": ("time_run", 1.5, 0.5),
    "exec": ("time_exec", None, 0.6),
    "state": ("time_state", 0.6, None),
    "kill": ("time_kill", 0.6, None),
    "--version": ("time_version", None, None),
}
MEMORY_TARGETS: dict[str, tuple[float | None, float | None]] = {
    "waiting init": (None, None),
    "peak of create": (None, 1.0),
}


class ReplayClock:
    """A clock for pytest-benchmark that stands still but for the times already measured."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


CLOCK = ReplayClock()


class Samples:
    """Times by verb and runtime, measured when first asked for: all runtimes of a verb together."""

    def __init__(self, runtimes: Sequence[Runtime], rounds: int, cgroups: str) -> None:
        self.runtimes = runtimes
        self.rounds = rounds
        self.cgroups = cgroups
        self._times: dict[str, dict[str, list[float]]] = {}
        self._memory: dict[str, dict[str, int]] = {}

    def times(self, verb: str, runtime: str) -> list[float]:
        """Seconds of each round; skips where that runtime is not installed."""
        self._require(runtime)
        if verb not in self._times:
            self._measure(VERBS[verb][0])
        return self._times[verb][runtime]

    def _require(self, name: str) -> None:
        if name not in (runtime.name for runtime in self.runtimes):
            pytest.skip(f"there is no {name} on PATH to compare with")

    def _measure(self, method: str) -> None:
        """One round warms up; in each round every runtime has its turn, each time another first."""
        for number in range(self.rounds + 1):
            first = number % len(self.runtimes)
            for runtime in [*self.runtimes[first:], *self.runtimes[:first]]:
                taken = getattr(runtime, method)()
                if number:
                    for verb, seconds in taken.items():
                        by_runtime = self._times.setdefault(verb, {})
                        by_runtime.setdefault(runtime.name, []).append(seconds)

    def memory(self, name: str) -> dict[str, int]:
        """KiB by what was looked at; skips where that runtime is not installed."""
        self._require(name)
        if name not in self._memory:
            runtime = next(one for one in self.runtimes if one.name == name)
            self._memory[name] = runtime.memory()
        return self._memory[name]

    def results(self) -> dict[str, Any]:
        """All that was measured, for JSON."""
        verbs = {
            verb: {
                name: {"median_ms": median_ms(times), "ms": [round(1e3 * t, 3) for t in times]}
                for name, times in by_runtime.items()
            }
            for verb, by_runtime in self._times.items()
        }
        return {
            "versions": {runtime.name: runtime.version for runtime in self.runtimes},
            "machine": {"kernel": platform.release(), "cpus": os.cpu_count()},
            "cgroups": self.cgroups,
            "rounds": self.rounds,
            "verbs": verbs,
            "memory_kib": self._memory,
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.results(), indent=1) + "\n")

    def table(self) -> Iterator[str]:
        """Lines: medians, and pyrunc's ratio to the others with what it should be at most."""
        yield "".join(f"{head:>{width}}" for head, width in _HEADS)
        for verb, (_, *targets) in VERBS.items():
            if verb in self._times:
                medians = {name: median_ms(times) for name, times in self._times[verb].items()}
                yield _row(f"{verb}, ms", medians, targets)
        for what, targets_of in MEMORY_TARGETS.items():
            sizes = {name: float(found[what]) for name, found in self._memory.items()}
            if sizes:
                yield _row(f"{what}, KiB", sizes, targets_of)


_HEADS = (
    ("", 24),
    *((name, 9) for name in NAMES),
    ("x crun", 9),
    ("target", 8),
    ("x runc", 9),
    ("target", 8),
)


def median_ms(times: Sequence[float]) -> float:
    return round(1e3 * statistics.median(times), 3)


def _row(what: str, values: dict[str, float], targets: Sequence[float | None]) -> str:
    cells = [f"{what:<24}"]
    for name in NAMES:
        cells.append(f"{values[name]:9.1f}" if name in values else f"{'-':>9}")
    for other, target in zip(NAMES[1:], targets, strict=True):
        both = "pyrunc" in values and other in values
        cells.append(f"{values['pyrunc'] / values[other]:9.2f}" if both else f"{'-':>9}")
        cells.append(f"{f'<= {target:g}':>8}" if target else f"{'':>8}")
    return "".join(cells)
