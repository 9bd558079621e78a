# SPDX-License-Identifier: Apache-2.0
"""What `state` prints in each phase of a container's life."""

from __future__ import annotations

import os
import re

from .harness import Container

RFC3339_NANO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def test_created(container: Container) -> None:
    """STA-3, STA-8: after create and before start the status is "created"."""
    container.create()
    assert container.status == "created"


def test_running(container: Container) -> None:
    """STA-8: after start the status is "running"."""
    container.up()
    assert container.status == "running"


def test_stopped_while_zombie(container: Container) -> None:
    """STA-10: a container whose process is an unreaped zombie is stopped, with pid 0."""
    container.bundle.args("/bin/true")
    container.up()
    os.waitid(os.P_PID, container.pid, os.WEXITED | os.WNOWAIT)
    state = container.state()
    assert (state["status"], state["pid"]) == ("stopped", 0)


def test_stopped_after_reaping(container: Container) -> None:
    """STA-8: after the process has ended and was reaped the status is "stopped" and the pid 0."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    state = container.state()
    assert (state["status"], state["pid"]) == ("stopped", 0)
