# SPDX-License-Identifier: Apache-2.0
"""--trace from below: the table of phases is true."""

from __future__ import annotations

import importlib
import inspect

import pytest

from pyrunc.trace_phases import PHASES


@pytest.mark.parametrize("row", PHASES, ids=lambda row: f"{row[0]}.{row[1]}")
def test_each_phase_is_a_function(row: tuple[str, str, str, str, int]) -> None:
    """PERF: a phase whose function was renamed would silently be missing; the argument that says
    what it is about exists."""
    module, path, phase, category, detail = row
    function = importlib.import_module(module)
    for name in path.split("."):
        function = vars(function)[name]
    assert inspect.isfunction(function) and function.__module__ == module
    assert phase and category in ("work", "wait", "verb")
    assert detail < len(inspect.signature(function).parameters)


def test_no_phase_stands_twice() -> None:
    """PERF: a function wrapped twice would be two nested phases."""
    functions = [(module, path) for module, path, *_ in PHASES]
    assert len(set(functions)) == len(functions)
