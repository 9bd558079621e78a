# SPDX-License-Identifier: Apache-2.0
"""Results made into tables: for the terminal, for docs/benchmarks.md and for README.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .rows import (
    COLD,
    GROWTH,
    LIBRARY,
    MANY_PRESENT,
    MEMORY,
    NONE_PRESENT,
    PRESENT,
    PRESENT_TARGET,
    SCALE,
    VERBS,
)
from .runtimes import NAMES

Results = dict[str, Any]
VIEWS = {
    "v1": "cgroup v1 (the hybrid host without its v2 half: crun refuses both together)",
    "v2": "cgroup v2",
}
_README = ("create+start+delete", "run", "exec", "start", "state", "kill", "delete", "library")
_HEAD = ("", *NAMES, "x crun", "at most", "x runc", "at most")


class Line:
    """One line of a table: a figure of each runtime, and pyrunc's ratios with their targets."""

    def __init__(
        self, says: str, unit: str, values: dict[str, float], targets: Sequence[float | None]
    ) -> None:
        self.says = says
        self.unit = unit
        self.values = values
        self.targets = targets

    def ratio(self, other: str) -> float | None:
        """pyrunc's figure by another's."""
        if "pyrunc" not in self.values or not self.values.get(other):
            return None
        return self.values["pyrunc"] / self.values[other]

    def cells(self) -> list[str]:
        """says, the figures, ratio and target beside crun and beside runc."""
        form = "{:.0f}" if self.unit == "KiB" else "{:.1f}"
        cells = [f"{self.says}, {self.unit}"]
        cells += [form.format(self.values[name]) if name in self.values else "-" for name in NAMES]
        for other, target in zip(NAMES[1:], self.targets, strict=True):
            ratio = self.ratio(other)
            cells.append("-" if ratio is None else f"{ratio:.2f}")
            cells.append("" if target is None else f"{target:g}")
        return cells


def lines(results: Results) -> Iterator[Line]:
    """The lines of one view, without growth."""
    times = results["times"]
    for name, row in {**VERBS, **LIBRARY, **SCALE, **COLD}.items():
        if name in times:
            yield Line(row.says, "ms", medians(times[name]), (row.crun, row.runc))
    for name, says in PRESENT.items():
        if name in times:
            says = says.format(count=results["present"])
            yield Line(says, "ms", medians(times[name]), (None, None))
    for name, (says, *targets) in MEMORY.items():
        values = {
            runtime: float(found[name])
            for runtime, found in results["memory_kib"].items()
            if name in found
        }
        if values:
            yield Line(says, "KiB", values, targets)


def medians(by_runtime: dict[str, Any]) -> dict[str, float]:
    return {name: found["median_ms"] for name, found in by_runtime.items()}


def terminal_table(results: Results) -> Iterator[str]:
    """The lines of one view for people at a terminal."""
    yield from _aligned([_HEAD, *(line.cells() for line in lines(results))])
    growing = list(_growth_cells(results))
    if growing:
        yield ""
        yield from _aligned(growing)


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    width = max(len(cells[0]) for cells in table)
    for cells in table:
        yield f"{cells[0]:<{width}}" + "".join(f"{cell:>9}" for cell in cells[1:])


def _growth_cells(results: Results) -> Iterator[list[str]]:
    for what, (sizes, title) in GROWTH.items():
        for size in sizes:
            found = results["times"].get(f"{what} {size}")
            if found:
                yield Line(f"run, {size} {title}", "ms", medians(found), (None, None)).cells()


def _markdown(table: Sequence[Sequence[str]]) -> list[str]:
    head, *rest = table
    line = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(cells) + " |" for cells in (head, line, *rest)]


def growth_per_unit(results: Results, what: str) -> dict[str, float]:
    """Microseconds that one more costs: between the smallest and the greatest size."""
    sizes = [size for size in GROWTH[what][0] if f"{what} {size}" in results["times"]]
    if len(sizes) < 2:
        return {}
    first, last = (medians(results["times"][f"{what} {size}"]) for size in (sizes[0], sizes[-1]))
    return {
        name: 1e3 * (last[name] - first[name]) / (sizes[-1] - sizes[0])
        for name in first
        if name in last
    }


def when_and_where(results: Results) -> str:
    """One sentence: the date, the machine, the versions."""
    machine = results["machine"]
    versions = ", ".join(results["versions"].values())
    return (
        f"{results['date']}: {versions}; {machine['model']}, {machine['cpus']} CPUs, Linux "
        f"{machine['kernel']}; Python {machine['python']}. Load when it began: {machine['load']}."
    )


def page(results: Results) -> str:
    """What docs/benchmarks.md shows between its markers."""
    out = [when_and_where(results), ""]
    for view, found in results["views"].items():
        out += [f"### {VIEWS[view]}", ""]
        out += [f"Medians of {found['rounds']} interleaved rounds.", ""]
        out += [*_markdown([_HEAD, *(line.cells() for line in lines(found))]), ""]
        times = found["times"]
        if MANY_PRESENT in times and "pyrunc" in times[MANY_PRESENT]:
            ratios = ", ".join(
                f"{name} {medians(times[MANY_PRESENT])[name] / none:.2f}"
                for name, none in medians(times[NONE_PRESENT]).items()
            )
            many = f"{found['present']} containers present against none"
            out += [f"{many}: {ratios} (at most {PRESENT_TARGET:g}).", ""]
        growing = list(_growth_cells(found))
        if growing:
            out += [*_markdown([_HEAD, *growing]), "", "What one more costs:", ""]
            table = [("", *NAMES)]
            for what, (_, title) in GROWTH.items():
                each = growth_per_unit(found, what)
                cells = [f"{each[name]:.1f}" if name in each else "-" for name in NAMES]
                table.append((f"{title}, µs each", *cells))
            out += [*_markdown(table), ""]
    return "\n".join(out).rstrip()


def readme(results: Results) -> str:
    """What README.md shows between its markers: the first view's most asked for lines."""
    view, found = next(iter(results["views"].items()))
    names = {**VERBS, **LIBRARY}
    wanted = {names[name].says for name in _README}
    table = [line.cells()[:5] + line.cells()[6:7] for line in lines(found) if line.says in wanted]
    head = ("", *NAMES, "x crun", "x runc")
    return "\n".join([*_markdown([head, *table]), "", f"{when_and_where(results)} {VIEWS[view]}."])
