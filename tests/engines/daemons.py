# SPDX-License-Identifier: Apache-2.0
"""Start and end each engine on private directories and sockets, with the runtime under test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from .engine import Docker, Podman, tail
from .sandbox import Sandbox, stop_daemon, wait_until

CAP_SYS_RESOURCE = 24


def may_raise_limits() -> bool:
    """Whether this machine grants CAP_SYS_RESOURCE (podman raises rlimits by default)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1)
    return False


def overlay_works(sandbox: Sandbox, place: Path) -> bool:
    """Try an overlay mount on the file system that will hold the images."""
    names = [place / "probe" / name for name in ("lower", "upper", "work", "merged")]
    for name in names:
        name.mkdir(parents=True, exist_ok=True)
    lower, upper, work, merged = names
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    script = f"mount -t overlay -o {options} none {merged} && umount {merged}"
    return sandbox.run(["sh", "-c", script], status=None).returncode == 0


def make_podman(sandbox: Sandbox, place: Path, runtime: str, parent: str, overlay: bool) -> Podman:
    """podman with its own storage and configuration below `place`."""
    place.mkdir()
    storage = f'[storage]\ndriver = "{"overlay" if overlay else "vfs"}"\n'
    (place / "storage.conf").write_text(
        f'{storage}runroot = "/run/pod-storage"\ngraphroot = "{place}/storage"\n')
    (place / "containers.conf").write_text(
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        '[containers]\ncgroupns = "host"\nlog_driver = "k8s-file"\n'
        '[network]\nnetwork_backend = "netavark"\n')
    policy = sandbox.home / ".config/containers"
    policy.mkdir(parents=True)
    (policy / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    env = {"CONTAINERS_CONF": f"{place}/containers.conf",
           "CONTAINERS_STORAGE_CONF": f"{place}/storage.conf"}
    limits = [] if may_raise_limits() else ["--ulimit=host"]
    return Podman(sandbox, ["podman", "--log-level", "error", "--runtime", runtime],
                  run_options=[*limits, "--network=none", f"--cgroup-parent={parent}"], env=env)


class DockerDaemon:
    """A private dockerd (which starts its own containerd)."""

    def __init__(self, sandbox: Sandbox, place: Path, runtime: str, parent: str,
                 overlay: bool) -> None:
        place.mkdir()
        self.sandbox, self.pidfile = sandbox, place / "pid"
        # BuildKit inside dockerd takes whatever `runc` it finds on PATH.
        (place / "bin").mkdir()
        (place / "bin" / "runc").symlink_to(runtime)
        (place / "daemon.json").write_text(json.dumps({
            "runtimes": {"under-test": {"path": runtime}, "twin": {"path": runtime}},
            "default-runtime": "under-test", "cgroup-parent": parent,
            "storage-driver": "overlay2" if overlay else "vfs", "data-root": f"{place}/data",
            "exec-root": "/run/docker", "pidfile": str(self.pidfile), "hosts": [
                f"unix://{place}/sock"], "oom-score-adjust": 0, "shutdown-timeout": 5}))
        self.log = place / "log"
        with open(self.log, "w") as log:
            self.process = sandbox.popen(
                ["dockerd", "--config-file", f"{place}/daemon.json"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={"PATH": f"{place}/bin:{sandbox.env['PATH']}"})
        self.engine = Docker(
            sandbox, ["/usr/bin/docker", "-H", f"unix://{place}/sock"], log=self.log,
            run_options=["--network=none"], env={"DOCKER_CONFIG": f"{place}/client",
                                                 "DOCKER_BUILDKIT": "0"})
        wait_until(self._ready, "dockerd answers", 60)

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"dockerd ended:\n{self.log.read_text()[-3000:]}")
        return self.engine("version", status=None).returncode == 0

    def close(self) -> None:
        """Stop dockerd, which ends its containers and its containerd."""
        stop_daemon(self.sandbox, self.process, self.pidfile)


class Containerd:
    """A private containerd without the Kubernetes plugin, driven by ctr."""

    ADDRESS = "/run/test-containerd/sock"

    def __init__(self, sandbox: Sandbox, place: Path, runtime: str, parent: str) -> None:
        place.mkdir()
        self.sandbox, self.runtime, self.parent = sandbox, runtime, parent
        (place / "config.toml").write_text(
            f'version = 2\nroot = "{place}/root"\nstate = "/run/test-containerd/state"\n'
            'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            f'[grpc]\naddress = "{self.ADDRESS}"\n')
        self.log = place / "log"
        with open(self.log, "w") as log:
            self.process = sandbox.popen(["containerd", "-c", f"{place}/config.toml"], stdout=log,
                                         stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._ready, "containerd answers", 30)

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"containerd ended:\n{self.log.read_text()[-3000:]}")
        return self.ctr("version", status=None).returncode == 0

    def argv(self, *args: str) -> list[str]:
        """The argv of `ctr args...`."""
        return ["ctr", "-a", self.ADDRESS, *args]

    def ctr(self, *args: str, status: int | None = 0,
            stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ctr; fails unless it exits with status."""
        return self.sandbox.run(self.argv(*args), status=status, stdin=stdin)

    def run_options(self, ident: str) -> list[str]:
        """What every `ctr run` gets: the runtime under test and our cgroup parent."""
        return ["--runc-binary", self.runtime, "--cgroup", f"{self.parent}/{ident}"]

    def log_tail(self, lines: int = 15) -> str:
        """The end of the daemon's log."""
        return tail(self.log, lines)

    def close(self) -> None:
        """Stop containerd."""
        stop_daemon(self.sandbox, self.process, None)


def runtime_path(given: str | None, interpreter: str, search: str) -> str | None:
    """The runtime under test: $OCI_RUNTIME, else pyrunc beside the interpreter, else on PATH."""
    if given:
        return shutil.which(given, path=search)
    beside = os.path.join(os.path.dirname(interpreter), "pyrunc")
    return beside if os.access(beside, os.X_OK) else shutil.which("pyrunc", path=search)
