# SPDX-License-Identifier: Apache-2.0
"""The black-box suite's bundles and its check that nothing is left, for containers made in this
process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyrunc import DEVNULL, Container
from tests.runtime.conftest import (
    home,
    make_bundle,
    mark,
    pytest_runtest_call,
    pytest_runtest_setup,
    session_cgroup,
    witness,
)
from tests.runtime.harness import Bundle

__all__ = [
    "home", "make_bundle", "mark", "pytest_runtest_call", "pytest_runtest_setup", "session_cgroup",
    "witness",
]  # fmt: skip

Make = Callable[..., Container]


@pytest.fixture
def bundle(make_bundle: Callable[[str], Bundle]) -> Bundle:
    """The test's bundle; its config is handed over as a dict."""
    return make_bundle("b")


@pytest.fixture
def root(home: Path) -> Path:
    return home / "root"


@pytest.fixture
def make(root: Path, bundle: Bundle, mark: str) -> Iterator[Make]:
    """Makes a container of the bundle, silent unless it is told otherwise; deleted at the end."""
    made: list[Container] = []

    def create(name: str = "c", **how: Any) -> Container:
        for stream in () if how.get("config", bundle.config)["process"]["terminal"] else STREAMS:
            how.setdefault(stream, DEVNULL)
        how = {"config": bundle.config, "root": root, **how}
        made.append(Container.create(f"{mark}-{name}", bundle.path, **how))
        return made[-1]

    yield create
    for container in made:
        container.delete(force=True)


STREAMS = ("stdin", "stdout", "stderr")
