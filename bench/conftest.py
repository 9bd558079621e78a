# SPDX-License-Identifier: Apache-2.0
"""Options, the session's samples, and the table of ratios at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .runtimes import NAMES, Bundles, Runtime, find, view
from .samples import Samples

TOP = Path(__file__).parents[1]
SAMPLES = pytest.StashKey[Samples]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bench", "pyrunc beside other runtimes")
    group.addoption(
        "--bench-rounds",
        type=int,
        default=20,
        metavar="N",
        help="rounds of each verb (default: 20; 5 will do for CI)",
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


@pytest.fixture(scope="session")
def samples(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Samples]:
    """The measurements, taken in a private mount namespace that ends with the session."""
    if os.geteuid() != 0:
        pytest.skip("containers beside crun and runc are made as root only")
    home = tmp_path_factory.mktemp("bench")
    with view(request.config.getoption("--bench-cgroups")) as cgroups:
        bundles = Bundles(home, cgroups)
        found = [(name, find(name)) for name in NAMES]
        runtimes = [Runtime(name, path, home, bundles) for name, path in found if path]
        samples = Samples(runtimes, request.config.getoption("--bench-rounds"), cgroups)
        request.config.stash[SAMPLES] = samples
        try:
            yield samples
        finally:
            for runtime in runtimes:
                runtime.close()
            samples.write(request.config.getoption("--bench-json"))


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
