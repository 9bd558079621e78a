# SPDX-License-Identifier: Apache-2.0
"""Capture the config.json and process.json files that engines write, for the tests' corpus.

`python -m tests.engines.capture` runs each engine with a wrapper around the runtime (chosen by
OCI_RUNTIME as in the tests), makes every path, id and number of this machine neutral, and writes
tests/corpus/good/engines/engine-*.json and tests/corpus/process/engine-*.json.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import cgroups, daemons, images, install
from .engine import Engine
from .sandbox import PATH, Sandbox

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
GOOD, PROCESS = CORPUS / "good" / "engines", CORPUS / "process"
BOX = "busybox:test"

WRAPPER = """#!/bin/sh
# Copies what the engine wrote, then becomes the runtime.
previous=; verb=; bundle=.; process=
for word in "$@"; do
    case $previous in -b|--bundle) bundle=$word;; -p|--process) process=$word;; esac
    case $word in
        create|run|exec) verb=${{verb:-$word}};;
        --bundle=*) bundle=${{word#*=}};; --process=*) process=${{word#*=}};;
    esac
    previous=$word
done
label=$(/bin/cat {place}/label)
case $verb in
    create|run) /bin/cp "$bundle/config.json" "{place}/config-$label.json";;
    exec) /bin/cp "$process" "{place}/process-$label.json";;
esac
exec {runtime} "$@"
"""

# name -> options and command of one run with `docker run` or `podman run`
RUNS: dict[str, list[str]] = {
    "plain": [BOX, "true"],
    "terminal": ["-t", BOX, "true"],
    "memory": ["--memory=64m", "--memory-reservation=32m", "--memory-swap=128m", BOX, "true"],
    "cpu-pids": ["--cpus=0.5", "--cpu-shares=512", "--cpuset-cpus=0", "--pids-limit=50", BOX,
                 "true"],
    "bind": ["-v", "{home}/data:/data", "-v", "{home}/data:/ro:ro", "-v",
             "{home}/data:/slave:rslave", BOX, "true"],
    "user": ["--user=1000:2000", "--group-add=777", "-w", "/tmp", "-e", "WORD=a b", BOX, "true"],
    "privileged": ["--privileged", BOX, "true"],
    "read-only": ["--read-only", "--tmpfs=/run:size=1m,mode=1777", BOX, "true"],
    "device": ["--device=/dev/zero:/dev/my-zero:r", "--device-cgroup-rule=c 1:11 rwm", BOX, "true"],
    "sysctl": ["--sysctl=net.ipv4.ip_default_ttl=77", "--sysctl=kernel.msgmax=9999", BOX, "true"],
    "caps": ["--cap-drop=ALL", "--cap-add=NET_ADMIN", "--security-opt=no-new-privileges", BOX,
             "true"],
    "unconfined": ["--security-opt=seccomp=unconfined", "--pid=host", "--ipc=host",
                   "--uts=host", BOX, "true"],
    "host-network": ["--network=host", "--cgroupns=host", BOX, "true"],
    "bridge": ["--network=bridge", "--hostname=named", "--add-host=other:192.0.2.7", BOX, "true"],
    "init-oom": ["--init", "--oom-score-adj=100", "--stop-signal=INT", "--shm-size=8m", BOX,
                 "true"],
    "private-cgroup": ["--cgroupns=private", "--ulimit=nofile=64:64", BOX, "true"],
    "labels": ["--label=one=1", "--annotation=key=value", "--uidmap=0:100000:5000",
               "--gidmap=0:100000:5000", BOX, "true"],  # podman only
}
CTR_RUNS: dict[str, list[str]] = {
    "plain": [], "terminal-env": ["--env", "A=b", "--cwd", "/tmp"],
    "memory": ["--memory-limit", "67108864", "--cpus", "0.5"], "privileged": ["--privileged"],
    "mount": ["--mount", "type=bind,src={home}/data,dst=/data,options=rbind:ro"],
    "read-only": ["--read-only"], "seccomp": ["--seccomp", "--cap-add", "CAP_NET_ADMIN"],
    "host-network": ["--net-host"], "device": ["--device", "/dev/zero"],
}
SECRETS = (
    (r"/pyrunc-engines-\d+", "/engines"), (r"/proc/\d+/", "/proc/100/"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
     "00000000-0000-0000-0000-000000000000"),
    (r"buildah\d+", "buildah1"), (r"\b[0-9a-z]{25}\b", "1" * 25),
    (r"\b\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)", "2026-01-01T00:00:00Z"),
)


COMMON_DEVICES = ("fuse", "full", "hwrng", "kmsg", "loop0", "loop-control", "mem", "net/tun",
                  "null", "port", "ptmx", "random", "rtc0", "tty0", "ttyS0", "urandom", "zero")


def common_devices(config: dict[str, Any]) -> None:
    """Drop the devices that not every machine has (a privileged container gets them all)."""
    linux = config.get("linux", {})
    if len(linux.get("devices", [])) > 20:
        wanted = {f"/dev/{name}" for name in COMMON_DEVICES}
        linux["devices"] = [each for each in linux["devices"] if each["path"] in wanted]


class Capture:
    """The wrapper script, the label of the run at hand, and what it caught."""

    def __init__(self, place: Path, runtime: str) -> None:
        """place: a private directory; runtime: absolute path of the real one."""
        self.place, self.runtime = place, runtime
        self.wrapper = place / "runtime"
        self.wrapper.write_text(WRAPPER.format(place=place, runtime=runtime))
        self.wrapper.chmod(0o755)

    def label(self, name: str) -> None:
        """Name what the next runs write."""
        (self.place / "label").write_text(name)

    def neutral(self, text: str, home: Path) -> str:
        """The text with nothing of this machine in it."""
        text = text.replace(str(self.wrapper), "/usr/bin/runtime").replace(str(home), "/srv/engine")
        for pattern, to in SECRETS:
            text = re.sub(pattern, to, text)
        for number, ident in enumerate(dict.fromkeys(re.findall(r"\b[0-9a-f]{64}\b", text)), 1):
            fresh = f"{number:x}" * 64
            text = text.replace(ident, fresh[:64]).replace(ident[:12], fresh[:12])
        return text

    def save(self, home: Path) -> int:
        """Write every capture into the corpus; returns how many."""
        found = sorted(self.place.glob("*-*.json"))
        for path in found:
            kind, name = path.stem.split("-", 1)
            target = GOOD if kind == "config" else PROCESS
            target.mkdir(parents=True, exist_ok=True)
            neutral = json.loads(self.neutral(path.read_text(), home))
            common_devices(neutral)
            (target / f"engine-{name}.json").write_text(
                json.dumps(neutral, separators=(",", ":"), ensure_ascii=False) + "\n")
        return len(found)


def capture_cli(engine: Engine, capture: Capture, home: Path) -> None:
    """Every run of RUNS, an exec of each kind and a build, with podman or docker."""
    for name, args in RUNS.items():
        if name == "labels" and engine.name == "docker":
            continue
        capture.label(f"{engine.name}-{name}")
        engine.run(*[word.format(home=home) for word in args], status=None)
    with engine.start("--health-cmd=true", BOX, "sleep", "1000") as made:
        for name, options in (("plain", []), ("user", ["-u", "app", "-e", "A=b", "-w", "/tmp"]),
                              ("terminal", ["-t"]), ("privileged", ["--privileged"])):
            capture.label(f"{engine.name}-exec-{name}")
            engine("exec", *options, made.name, "true", status=None)
        if engine.name == "podman":
            capture.label("podman-exec-healthcheck")
            engine("healthcheck", "run", made.name, status=None)
    (home / "context").mkdir(exist_ok=True)
    (home / "context" / "Dockerfile").write_text(f"FROM {BOX}\nRUN true\n")
    for builder in ("0", "1") if engine.name == "docker" else ("0",):
        capture.label(f"{engine.name}-build-{builder}")
        engine("build", "--no-cache", str(home / "context"), env={"DOCKER_BUILDKIT": builder})


def capture_ctr(daemon: daemons.Containerd, capture: Capture, home: Path) -> None:
    """Every run of CTR_RUNS and one exec with containerd's ctr."""
    image = f"localhost/{BOX}"
    for name, options in CTR_RUNS.items():
        capture.label(f"containerd-{name}")
        words = [word.format(home=home) for word in options]
        daemon.ctr("run", "--rm", *daemon.run_options(name), *words, image, name, "true",
                   status=None)
    capture.label("containerd-detached")
    daemon.ctr("run", "-d", *daemon.run_options("long"), image, "long", "sleep", "1000")
    capture.label("containerd-exec-plain")
    daemon.ctr("task", "exec", "--exec-id", "e", "--cwd", "/tmp", "long", "true")
    daemon.ctr("task", "rm", "-f", "long")


def tell(text: str) -> None:
    """Progress."""
    print(f"[capture] {text}", flush=True)


def run_all(home: Path, parent: str, capture: Capture) -> None:
    """Start each engine in a sandbox, run everything, end it all."""
    (home / "data").mkdir()
    tar = images.busybox_tar(home / "busybox.tar")
    runtime = str(capture.wrapper)
    with ExitStack() as stack:
        def ended(close: Callable[[], object]) -> None:
            stack.callback(close)
        sandbox = Sandbox(home)
        ended(sandbox.close)
        overlay = daemons.overlay_works(sandbox, home)
        capture.label("setup")
        podman = daemons.make_podman(sandbox, home / "podman", runtime, parent, overlay)
        docker = daemons.DockerDaemon(sandbox, home / "docker", runtime, parent, overlay)
        ended(docker.close)
        containerd = daemons.Containerd(sandbox, home / "containerd", runtime, parent)
        ended(containerd.close)
        for engine in (podman, docker.engine):
            engine("import", str(tar), BOX)
            tell(engine.name)
            capture_cli(engine, capture, home)
        podman("save", "--format", "oci-archive", "-o", str(home / "image"), BOX)
        containerd.ctr("image", "import", str(home / "image"))
        tell("containerd")
        capture_ctr(containerd, capture, home)


def main() -> int:
    """Capture into the corpus; returns the exit status."""
    runtime = daemons.runtime_path(os.environ.get("OCI_RUNTIME"), sys.executable,
                                   os.environ.get("PATH", PATH))
    if os.geteuid() or not runtime:
        print("capture: needs root and a runtime (OCI_RUNTIME, or pyrunc on PATH)", file=sys.stderr)
        return 1
    install.install(tell)
    home = Path(tempfile.mkdtemp(prefix="pyrunc-engines-"))
    name = f"pyrunc-engines-{os.getpid()}"
    mine = [name] if cgroups.find("libpod_parent") else [name, "libpod_parent"]
    try:
        (home / "capture").mkdir()
        capture = Capture(home / "capture", os.path.abspath(runtime))
        run_all(home, f"/{name}", capture)
        tell(f"{capture.save(home)} files")
    finally:
        for each in mine:
            cgroups.remove(each)
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
