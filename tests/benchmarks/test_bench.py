# SPDX-License-Identifier: Apache-2.0
"""The benchmarks are alive: one short run of all of them writes every figure, table and plot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench import report
from bench.rows import MEMORY, PRESENT, rows
from bench.runtimes import NAMES, find
from bench.view import host_cgroups
from tests.runtime.harness import cgroupfs

TOP = Path(__file__).parents[2]
OUT = TOP / "build" / "bench"


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """What `python -m bench --quick` measured."""
    assert all(find(name) for name in NAMES), "the suite compares with Debian's crun and runc"
    done = subprocess.run([sys.executable, "-m", "bench", "--quick"], cwd=TOP, check=False,
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads((OUT / "results.json").read_text())
    return found


def test_every_row_is_measured(results: dict[str, Any]) -> None:
    """PERF: each row of the table of targets has a figure for each runtime."""
    views = results["views"]
    first = views["v2"] if host_cgroups() == "v2" else views["v1"]
    wanted = {*rows(quick=True), *PRESENT}
    if first["cgroups"] == "v2":
        wanted = set(rows(quick=True)) & set(first["times"])
    assert set(first["times"]) == wanted
    for row, by_runtime in first["times"].items():
        assert set(by_runtime) == set(NAMES), row
        assert all(found["median_ms"] > 0 for found in by_runtime.values()), row
    assert set(first["memory_kib"]["pyrunc"]) >= set(MEMORY) - {"smallest limit"}
    assert set(results["versions"]) == set(NAMES)


def test_pages_are_written(results: dict[str, Any]) -> None:
    """PERF: the tables stand between their markers, the rest of the pages is as it was."""
    for name in command.PAGES:
        text, before = (OUT / Path(name).name).read_text(), (TOP / name).read_text()
        table = text.partition(command.BEGIN)[2].partition(command.END)[0]
        assert "| create + start + delete, ms | " in table
        assert results["date"] in table
        for end in (0, 2):
            mark = (command.BEGIN, "", command.END)[end]
            assert text.partition(mark)[end] == before.partition(mark)[end]


def test_plots_are_drawn(results: dict[str, Any]) -> None:
    """PERF: verbs of each view and growth, as SVG with the runtimes' names as text."""
    if not find_spec("matplotlib"):
        pytest.skip("find_spec('matplotlib') is None: plots want the bench extra")
    plots = [OUT / f"verbs-{view}.svg" for view in results["views"]]
    if "v1" in results["views"]:
        plots.append(OUT / "growth-v1.svg")
    for plot in plots:
        assert all(f">{name}</text>" in plot.read_text() for name in NAMES)


def test_nothing_is_left(results: dict[str, Any]) -> None:
    """PERF: no cgroup and no process of a benchmark stays."""
    assert results
    assert cgroupfs.named("bench-") == []
    names = [Path(f"/proc/{pid}/comm") for pid in os.listdir("/proc") if pid.isdigit()]
    assert not [path for path in names if path.exists() and path.read_text() == "small\n"]


def view(times: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Results of one view that was measured with these medians."""
    return {"rounds": 2, "present": 8, "memory_kib": {}, "times": {
        row: {name: {"median_ms": ms} for name, ms in found.items()}
        for row, found in times.items()}}  # fmt: skip


def test_ratios() -> None:
    """PERF: a line has the figures, the ratios to crun and runc, and what they should be."""
    found = view({"run": {"pyrunc": 12.0, "crun": 8.0, "runc": 48.0}})
    (line,) = report.lines(found)
    expected = ["run in the foreground, ms", "12.0", "8.0", "48.0", "1.50", "1.5", "0.25", "0.5"]
    assert line.cells() == expected


def test_missing_runtime() -> None:
    """PERF: a runtime that is not there has no figure, and no ratio is made up."""
    (line,) = report.lines(view({"state": {"pyrunc": 0.5}}))
    assert line.cells() == ["state, ms", "0.5", "-", "-", "-", "0.6", "-", ""]


def test_growth_per_unit() -> None:
    """PERF: what one more costs is the slope between the smallest and the greatest size."""
    found = view({"mounts 1": {"pyrunc": 10.0}, "mounts 100": {"pyrunc": 11.0},
                  "mounts 1000": {"pyrunc": 19.99}})  # fmt: skip
    assert report.growth_per_unit(found, "mounts") == {"pyrunc": pytest.approx(10.0)}
    assert report.growth_per_unit(found, "env") == {}


def test_no_markers() -> None:
    """PERF: a page without markers is an error, not overwritten."""
    with pytest.raises(ValueError, match="no <!-- benchmarks: begin -->"):
        command.between("text", "table")
    marked = f"a{command.BEGIN}old{command.END}b"
    assert command.between(marked, "new") == f"a{command.BEGIN}\nnew\n{command.END}b"
