# SPDX-License-Identifier: Apache-2.0
"""The marker `vm`: such tests are left out unless -m mentions it or the matrix runs already."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "vm: boots virtual machines (root, minutes); ask by -m vm")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "vm" in config.getoption("markexpr") or os.environ.get("PYRUNC_VM_RUN"):
        return
    left_out = [item for item in items if item.get_closest_marker("vm")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
