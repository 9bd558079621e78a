# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the black-box suite, for containers that are made to attack."""

from tests.runtime.conftest import (
    bundle,
    container,
    home,
    make_bundle,
    make_container,
    mark,
    pytest_report_header,
    pytest_runtest_setup,
    runtime,
    session_cgroup,
    witness,
)

__all__ = [
    "bundle", "container", "home", "make_bundle", "make_container", "mark", "pytest_report_header",
    "pytest_runtest_setup", "runtime", "session_cgroup", "witness",
]  # fmt: skip
