# SPDX-License-Identifier: Apache-2.0
"""The engines really use the runtime under test, by name, as the default and by path."""

from __future__ import annotations

import json

from .engine import Docker, Podman


def test_docker_default_runtime(docker: Docker, runtime: str) -> None:
    """CLI features, --version: dockerd's default runtime is the one under test and answers."""
    info = json.loads(docker.out("info", "--format", "{{json .}}"))
    assert info["DefaultRuntime"] == "under-test"
    assert info["Runtimes"]["under-test"]["path"] == runtime
    assert info["RuncCommit"]["ID"] not in ("", "N/A")


def test_docker_runtime_by_name(docker: Docker) -> None:
    """CLI: `docker run --runtime NAME` runs with an added runtime, and inspect tells it."""
    with docker.start("--runtime=twin", "busybox:test", "sleep", "1000") as made:
        assert made.inspect()["HostConfig"]["Runtime"] == "twin"
        assert made.out("echo", "word") == "word"


def test_podman_runtime_by_path(podman: Podman, runtime: str) -> None:
    """CLI --version: podman takes the runtime by path and shows its version."""
    info = json.loads(podman.out("info", "--format", "json"))
    assert info["host"]["ociRuntime"]["path"] == runtime
    assert info["host"]["ociRuntime"]["version"].startswith("runc version ")
