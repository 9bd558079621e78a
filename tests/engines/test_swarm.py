# SPDX-License-Identifier: Apache-2.0
"""A docker swarm of one node runs a service and replaces its task when that is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .engine import Docker
from .sandbox import wait_until


@pytest.fixture
def swarm(docker: Docker) -> Iterator[Docker]:
    """dockerd as the only node of a swarm, left again afterwards."""
    docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    yield docker
    docker("swarm", "leave", "--force")


@pytest.mark.slow
def test_service(swarm: Docker) -> None:
    """STA-8, OPS-T3: a service's one task runs, and a new one comes when it is killed."""
    swarm("service", "create", "-d", "--name", "web", "--no-resolve-image", "--restart-delay",
          "100ms", "--limit-memory", "64m", "busybox:test", "sleep", "1000")

    def tasks() -> list[str]:
        return swarm.out("ps", "-q", "--filter", "label=com.docker.swarm.service.name=web").split()
    first = wait_until(tasks, "the service's container runs", 40)
    assert isinstance(first, list)
    assert len(first) == 1
    assert swarm.out("exec", first[0], "echo", "word") == "word"
    swarm("kill", first[0])
    second = wait_until(lambda: [each for each in tasks() if each not in first],
                        "a new container runs", 40)
    assert isinstance(second, list)
    assert len(second) == 1
    swarm("service", "rm", "web")
    wait_until(lambda: not tasks(), "no container of the service is left", 40)
