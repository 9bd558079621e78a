# SPDX-License-Identifier: Apache-2.0
"""Options, the session's samples, and the table of ratios at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .bundles import Bundles
from .runtimes import NAMES, Runtime, find
from .samples import Samples
from .view import view

TOP = Path(__file__).parents[1]
SAMPLES = pytest.StashKey[Samples]()
QUICK_ROUNDS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bench", "pyrunc beside other runtimes")
    group.addoption(
        "--bench-rounds",
        type=int,
        default=20,
        metavar="N",
        help="rounds of each verb (default: 20)",
    )
    group.addoption(
        "--bench-quick",
        action="store_true",
        help="two rounds, small sizes: shows that the benchmarks work, not how fast anything is",
    )
    group.addoption(
        "--bench-json",
        type=Path,
        default=TOP / "build" / "bench.json",
        metavar="FILE",
        help="where all times go (default: build/bench.json)",
    )
    group.addoption(
        "--bench-cgroups",
        choices=("v1", "v2"),
        default="v1",
        help="which half of a hybrid host's cgroups all runtimes see (default: v1)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each row that its module's ROWS (of --bench-quick or not) names."""
    if "row" in metafunc.fixturenames:
        table = metafunc.module.ROWS
        if callable(table):
            table = table(metafunc.config.getoption("--bench-quick"))
        metafunc.parametrize("row", list(table))


@pytest.fixture(scope="session")
def samples(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Samples]:
    """The measurements, taken in a private mount namespace that ends with the session."""
    if os.geteuid() != 0:
        pytest.skip("containers beside crun and runc are made as root only")
    home = tmp_path_factory.mktemp("bench")
    option = request.config.getoption
    quick = option("--bench-quick")
    with view(option("--bench-cgroups")) as cgroups:
        bundles = Bundles(home, cgroups)
        found = [(name, find(name)) for name in NAMES]
        runtimes = [Runtime(name, path, home / name, bundles) for name, path in found if path]
        rounds = QUICK_ROUNDS if quick else option("--bench-rounds")
        samples = Samples(runtimes, rounds, cgroups, quick=quick)
        request.config.stash[SAMPLES] = samples
        try:
            yield samples
        finally:
            samples.close()
            samples.write(option("--bench-json"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    samples = terminalreporter.config.stash.get(SAMPLES, None)
    if samples is None:
        return
    title = f"medians of {samples.rounds} interleaved rounds, cgroups {samples.cgroups}"
    terminalreporter.section(title)
    for runtime in samples.runtimes:
        terminalreporter.write_line(f"{runtime.name}: {runtime.version}")
    for line in samples.table():
        terminalreporter.write_line(line)
    path = terminalreporter.config.getoption("--bench-json")
    terminalreporter.write_line(f"all times: {path}")
