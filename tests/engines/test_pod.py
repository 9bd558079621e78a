# SPDX-License-Identifier: Apache-2.0
"""podman pods: containers that share the pause container's namespaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .engine import Podman


@pytest.fixture
def pod(podman: Podman, cgroup_parent: str) -> Iterator[str]:
    """A pod whose pause image podman builds itself from catatonit."""
    podman("pod", "create", "--name", "pod", "--network=none", f"--cgroup-parent={cgroup_parent}")
    yield "pod"
    podman("pod", "rm", "-f", "-t", "0", "pod")


def start(podman: Podman, name: str, *args: str) -> None:
    """Run a detached container in the pod; limits as the machine needs them."""
    limits = [each for each in podman.run_options if each.startswith("--ulimit")]
    podman("run", "-d", "--name", name, "--pod", "pod", *limits, "busybox:test", *args)


def test_pod_shares_namespaces(podman: Podman, pod: str) -> None:
    """NS-2: containers of a pod share net, ipc and uts, each has its own mnt and pid."""
    for name in ("one", "two"):
        start(podman, name, "sleep", "1000")
    links = {name: {kind: podman.out("exec", name, "readlink", f"/proc/self/ns/{kind}")
                    for kind in ("net", "ipc", "uts", "mnt", "pid")} for name in ("one", "two")}
    same = {kind for kind, link in links["one"].items() if link == links["two"][kind]}
    assert same == {"net", "ipc", "uts"}


def test_pod_talks_over_localhost(podman: Podman, pod: str) -> None:
    """NS-3: one container of the pod reaches another's server on 127.0.0.1."""
    start(podman, "server", "sh", "-c", "echo hi > /tmp/f; exec httpd -f -p 8080 -h /tmp")
    start(podman, "client", "sleep", "1000")
    fetch = "until wget -q -O - http://127.0.0.1:8080/f; do sleep 0.1; done"
    assert podman.out("exec", "client", "sh", "-c", fetch) == "hi"


def test_pod_stop_and_start(podman: Podman, pod: str) -> None:
    """STA-8, OPS-T3: a pod stopped and started again runs its containers again."""
    start(podman, "member", "sleep", "1000")
    podman("pod", "stop", "-t", "0", pod)
    assert podman.out("inspect", "-f", "{{.State.Status}}", "member") == "exited"
    podman("pod", "start", pod)
    assert podman.out("exec", "member", "echo", "again") == "again"
