# SPDX-License-Identifier: Apache-2.0
"""podman with $OCI_RUNTIME: as root, and as the user of a real session."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .bundle import command, driver, make_rootfs, rootless

pytestmark = pytest.mark.skipif(
    rootless() and not os.getenv("XDG_RUNTIME_DIR"), reason="podman needs the user's session"
)
limits = pytest.mark.skipif(
    rootless() and driver() == "cgroupfs", reason="podman sets no limits without systemd then"
)
rootless_only = pytest.mark.skipif(not rootless(), reason="about unprivileged users")
MEBI = 1024 * 1024


def podman(*args: str | Path, code: int = 0) -> str:
    """Run podman with our runtime and this run's cgroup driver; return its stdout."""
    top = ["podman", "--runtime", command()[0], "--cgroup-manager", driver()]
    done = subprocess.run(
        [*top, *map(str, args)], check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, f"podman {args}: {done.returncode}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system that the containers of this file share."""
    return make_rootfs(tmp_path_factory.mktemp("podman") / "rootfs")


@pytest.fixture
def name() -> Iterator[str]:
    """A container's name; the container is removed at the end."""
    name = f"vm{secrets.token_hex(4)}"
    yield name
    podman("rm", "--force", "--ignore", "--time=0", name)


def run(rootfs: Path, *words: str | Path, flags: tuple[str | Path, ...] = ()) -> str:
    """Run `words` in the foreground in a container that is removed at its end."""
    return podman("run", "--rm", "--network=none", *flags, "--rootfs", rootfs, *words)


def start(rootfs: Path, name: str, *words: str, flags: tuple[str | Path, ...] = ()) -> None:
    """Start `words` in the background in the container `name`."""
    fixed = ["--detach", "--name", name, "--network=none"]
    podman("run", *fixed, *flags, "--rootfs", rootfs, *words)


def inspect(name: str, template: str) -> str:
    return podman("inspect", "--format", template, name).strip()


def test_run(rootfs: Path) -> None:
    """`podman run` gives the program's output and leaves no container."""
    assert run(rootfs, "/bin/echo", "hello") == "hello\n"
    assert podman("ps", "--all", "--quiet") == ""


@limits
def test_memory_limit_and_exec(rootfs: Path, name: str) -> None:
    """A limit of podman's command line is in force, and `podman exec` runs in the container."""
    start(rootfs, name, "/bin/sleep", "300", flags=("--memory=64m", "--pids-limit=33"))
    files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max"]
    assert podman("exec", name, "/bin/cat", *files) == f"{64 * MEBI}\n33\n"


def test_exec(rootfs: Path, name: str) -> None:
    """`podman exec` gives output and exit status, and runs as the user that it is told."""
    start(rootfs, name, "/bin/sleep", "300")
    assert podman("exec", "--user", "5:6", name, "/bin/id", "-u") == "5\n"
    podman("exec", name, "/bin/sh", "-c", "exit 7", code=7)


def test_logs_and_exit_status(rootfs: Path, name: str) -> None:
    """`podman wait` gives the exit status and `podman logs` what the program wrote."""
    start(rootfs, name, "/bin/sh", "-c", "echo one; echo two; exit 3")
    assert podman("wait", name) == "3\n"
    assert podman("logs", name) == "one\ntwo\n"


def test_stop(rootfs: Path, name: str) -> None:
    """`podman stop` sends SIGTERM to the program, which ends by itself."""
    start(
        rootfs, name, "/bin/sh", "-c", "trap 'exit 9' TERM; echo up; while true; do sleep 1; done"
    )
    while podman("logs", name) != "up\n":
        pass
    podman("stop", "--time=60", name)
    assert inspect(name, "{{.State.Status}} {{.State.ExitCode}}") == "exited 9"


def test_restart(rootfs: Path, name: str) -> None:
    """A container that has ended can be started again, and removed while it runs."""
    start(rootfs, name, "/bin/sleep", "300")
    podman("kill", name)
    assert podman("wait", name) == "137\n"
    podman("start", name)
    assert inspect(name, "{{.State.Status}}") == "running"
    podman("rm", "--force", "--time=0", name)
    assert podman("ps", "--all", "--quiet") == ""


def test_volume(rootfs: Path, tmp_path: Path) -> None:
    """A directory given by -v is read and written as the caller."""
    (tmp_path / "in").write_text("theirs")
    script = "cat /v/in; echo ours > /v/out"
    assert run(rootfs, "/bin/sh", "-c", script, flags=("-v", f"{tmp_path}:/v")) == "theirs"
    assert (tmp_path / "out").read_text() == "ours\n"
    assert (tmp_path / "out").stat().st_uid == os.getuid()


def test_user(rootfs: Path, tmp_path: Path) -> None:
    """-u runs as that user, who on the host has a subordinate id when podman is rootless."""
    tmp_path.chmod(0o777)
    script = "id -u; id -g; echo mine > /v/out"
    words = run(rootfs, "/bin/sh", "-c", script, flags=("-u", "1234:56", "-v", f"{tmp_path}:/v"))
    assert words.split() == ["1234", "56"]
    assert (tmp_path / "out").stat().st_uid == (100000 + 1234 - 1 if rootless() else 1234)


@rootless_only
def test_keep_id(rootfs: Path, tmp_path: Path) -> None:
    """--userns=keep-id: the user has the same id inside, in a user namespace of the container's."""
    flags = ("--userns=keep-id", "-v", f"{tmp_path}:/v")
    script = "id -u; id -g; echo mine > /v/out"
    words = run(rootfs, "/bin/sh", "-c", script, flags=flags)
    assert words.split() == [str(os.getuid()), str(os.getgid())]
    assert (tmp_path / "out").stat().st_uid == os.getuid()


@limits
def test_pause(rootfs: Path, name: str) -> None:
    """`podman pause` freezes the container and `podman unpause` lets it go on."""
    start(rootfs, name, "/bin/sleep", "300")
    podman("pause", name)
    assert inspect(name, "{{.State.Status}}") == "paused"
    podman("unpause", name)
    assert podman("exec", name, "/bin/echo", "on") == "on\n"


@limits
def test_update(rootfs: Path, name: str) -> None:
    """`podman update` changes a limit of the running container."""
    start(rootfs, name, "/bin/sleep", "300", flags=("--memory=64m",))
    podman("update", "--memory=96m", name)
    memory = podman("exec", name, "/bin/cat", "/sys/fs/cgroup/memory.max")
    assert memory == f"{96 * MEBI}\n"


def test_health_check(rootfs: Path, name: str) -> None:
    """`podman healthcheck run` tells whether the command in the container succeeds."""
    start(rootfs, name, "/bin/sleep", "300", flags=("--health-cmd=cat /tmp/well",
                                                    "--health-interval=disable"))  # fmt: skip
    podman("healthcheck", "run", name, code=1)
    podman("exec", name, "/bin/sh", "-c", "echo > /tmp/well")
    podman("healthcheck", "run", name)


def test_pod(rootfs: Path, name: str) -> None:
    """A container of a pod runs, and is removed with the pod."""
    pod = f"{name}pod"
    podman("pod", "create", "--infra=false", "--name", pod)
    try:
        fixed = ["--detach", "--network=none", "--pod", pod, "--name", name]
        podman("run", *fixed, "--rootfs", rootfs,
               "/bin/sleep", "300")  # fmt: skip
        assert json.loads(podman("pod", "inspect", pod))["State"] == "Running"
    finally:
        podman("pod", "rm", "--force", "--time=0", pod)
    assert podman("ps", "--all", "--quiet") == ""


def test_build(tmp_path: Path) -> None:
    """`podman build` runs a RUN instruction in the runtime (buildah's way) and keeps its result."""
    make_rootfs(tmp_path / "rootfs")
    (tmp_path / "Containerfile").write_text(
        "FROM scratch\nCOPY rootfs /\nRUN echo built by $(id -u) > /made\n"
    )
    tag = f"localhost/vm{secrets.token_hex(4)}"
    podman("build", "--isolation=oci", "--network=none", "--tag", tag, tmp_path)
    try:
        words = ["run", "--rm", "--network=none", tag, "/bin/cat", "/made"]
        assert podman(*words) == "built by 0\n"
    finally:
        podman("rmi", "--force", tag)
