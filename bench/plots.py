# SPDX-License-Identifier: Apache-2.0
"""Results made into plots (SVG): verbs side by side, and growth on logarithmic scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .report import Results, medians
from .rows import GROWTH, LIBRARY, VERBS
from .runtimes import NAMES

COLOURS = {"pyrunc": "#2563a8", "crun": "#d9822b", "runc": "#7a7a7a"}
_SHOWN = ("create+start+delete", "create", "run", "exec", "start", "state", "kill", "delete",
          "library")  # fmt: skip


def draw(results: Results, directory: Path) -> list[Path]:
    """Writes the plots of each view into the directory; ImportError without matplotlib."""
    import matplotlib as mpl

    mpl.use("svg")
    # Text stays text, and the same results make the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pyrunc", "font.size": 9})
    made = []
    for view, found in results["views"].items():
        made.append(_verbs(found, directory / f"verbs-{view}.svg", view))
        if any(f"{what} " in row for what in GROWTH for row in found["times"]):
            made.append(_growth(found, directory / f"growth-{view}.svg"))
    return made


def _verbs(found: Results, path: Path, view: str) -> Path:
    from matplotlib import pyplot

    table = {**VERBS, **LIBRARY}
    rows = [name for name in _SHOWN if name in found["times"]]
    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(rows) + 1.2))
    height = 0.8 / len(NAMES)
    for place, name in enumerate(NAMES):
        values = [medians(found["times"][row]).get(name, 0.0) for row in rows]
        where = [index + (place - 1) * height for index in range(len(rows))]
        axes.barh(where, values, height, label=name, color=COLOURS[name])
    axes.set_yticks(range(len(rows)), [table[row].says for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel(f"milliseconds, median of interleaved rounds (cgroup {view})")
    axes.legend(frameon=False)
    return _save(figure, axes, path)


def _growth(found: Results, path: Path) -> Path:
    from matplotlib import pyplot, ticker

    figure, grid = pyplot.subplots(2, 2, figsize=(8, 6))
    for axes, (what, (sizes, title)) in zip(grid.flat, GROWTH.items(), strict=True):
        there = [size for size in sizes if f"{what} {size}" in found["times"]]
        for name in NAMES:
            values = [medians(found["times"][f"{what} {size}"]).get(name) for size in there]
            if all(value is not None for value in values):
                axes.plot(there, values, marker="o", markersize=3, label=name, color=COLOURS[name])
        axes.set(xscale="log", yscale="log", xlabel=title, ylabel="run, ms")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(ticker.NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.spines[["top", "right"]].set_visible(False)
    grid.flat[0].legend(frameon=False)
    return _save(figure, None, path)


def _save(figure: Any, axes: Any, path: Path) -> Path:
    from matplotlib import pyplot

    if axes is not None:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path
