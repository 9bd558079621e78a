# SPDX-License-Identifier: Apache-2.0
"""Marks shared by all suites that run a real runtime."""

from __future__ import annotations

import pytest

MARKS = (
    "needs(*probes): skip, with the failing call as the reason, unless the host can do this",
    "bound(seconds): the test ends with a failure then, in place of the suite's own bound",
    "departs(runtime, why): skip for this runtime only, which does something else here",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
