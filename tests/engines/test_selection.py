# SPDX-License-Identifier: Apache-2.0
"""The engines really use the runtime under test, by name, as the default and by path."""

from __future__ import annotations

import json
from pathlib import Path

from .engine import Docker, Podman


def test_docker_default_runtime(docker: Docker, runtime: str) -> None:
    """FEA-0: dockerd's default runtime is the one under test and answers."""
    info = json.loads(docker.out("info", "--format", "{{json .}}"))
    assert info["DefaultRuntime"] == "under-test"
    assert info["Runtimes"]["under-test"]["path"] == runtime
    assert info["RuncCommit"]["ID"] not in ("", "N/A")


def test_docker_runtime_by_name(docker: Docker) -> None:
    """OPS-0: `docker run --runtime NAME` runs with an added runtime, and inspect tells it."""
    with docker.start("--runtime=twin", "busybox:test", "sleep", "1000") as made:
        assert made.inspect()["HostConfig"]["Runtime"] == "twin"
        assert made.out("echo", "word") == "word"


def test_podman_runtime_by_path(podman: Podman, runtime: str) -> None:
    """OPS-0: podman takes the runtime by path and shows its version."""
    info = json.loads(podman.out("info", "--format", "json"))
    assert info["host"]["ociRuntime"]["path"] == runtime
    assert info["host"]["ociRuntime"]["version"].splitlines()[0].count("runc version ") == 1


def test_podman_reads_json_errors(podman: Podman, home: Path, runtime: str) -> None:
    """ERR-1: podman, told that the runtime logs JSON, shows its words plainly."""
    text = Path(podman.env["CONTAINERS_CONF"]).read_text()
    conf = home / "json-containers.conf"
    conf.write_text(text.replace("[engine]\n", "[engine]\nruntime_supports_json = "
                                 f'["{Path(runtime).name}"]\n'))
    done = podman("run", "--rm", *podman.run_options, "busybox:test", "no-such", status=127,
                  env={"CONTAINERS_CONF": str(conf)})
    assert 'exec: "no-such": executable file not found in $PATH: OCI runtime' in done.stderr
    assert "level=error" not in done.stderr
