# SPDX-License-Identifier: Apache-2.0
"""The runtimes that are compared: where they are, their bundle, one timed call of each verb."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ("pyrunc", "crun", "runc")
CGROUPS = "/sys/fs/cgroup"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

_CLONE_NEWNS = 0x0002_0000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_MNT_DETACH = 2
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def find(name: str) -> str | None:
    """The runtime's executable; pyrunc is taken from beside this Python first."""
    beside = Path(sys.executable).parent / name
    return str(beside) if name == "pyrunc" and beside.exists() else shutil.which(name)


def _call(function: str, *args: Any) -> None:
    if getattr(_libc, function)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def host_cgroups() -> str:
    """What is mounted at /sys/fs/cgroup: "v1", "v2" or "hybrid"."""
    if os.path.exists(f"{CGROUPS}/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.ismount(f"{CGROUPS}/unified") else "v1"


@contextmanager
def view(cgroups: str) -> Iterator[str]:
    """A private mount namespace for this process, where all runtimes see "v1" or "v2" cgroups.

    crun refuses a hybrid host, so one of the two halves is shown to all: "v1" by default. Gives
    the name of the view. setns(2), unshare(2): this thread's only, and undone at the end.
    """
    host = host_cgroups()
    before = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    cwd = os.open(".", os.O_RDONLY)
    _call("unshare", _CLONE_NEWNS)
    _call("mount", b"none", b"/", None, _MS_REC_PRIVATE, None)
    if host == "hybrid" and cgroups != "v2":
        _call("umount2", f"{CGROUPS}/unified".encode(), _MNT_DETACH)
    elif host != "v2" and cgroups == "v2":
        _call("umount2", CGROUPS.encode(), _MNT_DETACH)
        _call("mount", b"none", CGROUPS.encode(), b"cgroup2", 0, None)
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield host_cgroups()
    finally:
        _call("prctl", _PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        _call("setns", before, _CLONE_NEWNS)
        os.fchdir(cwd)
        os.close(before)
        os.close(cwd)


class Bundles:
    """Bundles with one static program, `small`, in the default spec: `true` and `pause`."""

    def __init__(self, home: Path, cgroups: str) -> None:
        self._v2 = cgroups == "v2"
        self.small = home / "small"
        compiler = shutil.which("musl-gcc") or "gcc"
        subprocess.run(
            [compiler, "-static", "-Os", "-s", "-o", self.small, HERE / "small.c"], check=True
        )
        self.true = self._make(home / "true", ["/small"])
        self.pause = self._make(home / "pause", ["/small", "pause"])
        self.process = home / "process.json"
        self.process.write_text(json.dumps(self._config(["/small"])["process"]))

    def _make(self, path: Path, args: list[str]) -> Path:
        rootfs = path / "rootfs"
        for name in ("dev", "proc", "sys", "tmp", "etc"):
            (rootfs / name).mkdir(parents=True)
        shutil.copy2(self.small, rootfs / "small")
        (path / "config.json").write_text(json.dumps(self._config(args)))
        return path

    def _config(self, args: list[str]) -> dict[str, Any]:
        """The default spec, without what not all of the three can do on every host.

        Debian's crun refuses a newer version of the standard, and raises RLIMIT_MEMLOCK for its
        device program (linux.resources), which not every machine allows.
        """
        from pyrunc.config.default import default_config

        config: dict[str, Any] = dict(default_config(cgroup_v2=self._v2))
        config["ociVersion"] = "1.0.2"
        config["process"].update(args=args, terminal=False)
        config["linux"].pop("resources", None)
        return config


class Runtime:
    """One runtime with a root directory of its own; `time_*` return seconds of the calls alone."""

    def __init__(self, name: str, executable: str, home: Path, bundles: Bundles) -> None:
        self.name = name
        self.home = home / name
        self.home.mkdir()
        self.bundles = bundles
        self.command = [executable, "--root", str(self.home / "root")]
        self.version = self._output([executable, "--version"]).splitlines()[0]
        self._count = 0
        self._alive: dict[str, int] = {}  # containers that were created and not deleted: init's pid
        self._running = ""

    def _output(self, argv: list[str]) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def timed(self, *args: str | Path, prefix: tuple[str, ...] = (), rooted: bool = True) -> float:
        """Seconds of one call, from posix_spawn to its end. AssertionError when it fails."""
        argv = [*prefix, *(self.command if rooted else self.command[:1]), *map(str, args)]
        null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
        errors = str(self.home / "stderr")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        # A pipe would stay open in the waiting container; of a file only failures are read.
        null.append((os.POSIX_SPAWN_OPEN, 2, errors, flags, 0o600))
        start = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=null)
        status = os.waitpid(pid, 0)[1]
        seconds = time.perf_counter() - start
        said = Path(errors).read_text(errors="replace") if status else ""
        assert status == 0, f"{' '.join(argv)}: wait status {status}: {said}"
        return seconds

    def new_id(self) -> str:
        self._count += 1
        return f"bench-{os.getpid()}-{self.name}-{self._count}"

    def create(self, bundle: Path, *, prefix: tuple[str, ...] = ()) -> tuple[str, int, float]:
        """Creates a container: its id, the pid of its init, seconds."""
        container, pid_file = self.new_id(), self.home / "pid"
        seconds = self.timed(
            "create", "--bundle", bundle, "--pid-file", pid_file, container, prefix=prefix
        )
        self._alive[container] = int(pid_file.read_text())
        return container, self._alive[container], seconds

    def time_life(self) -> dict[str, float]:
        """create, start, delete of a container that ends at once; the wait for it is not timed."""
        container, _, create = self.create(self.bundles.true)
        start = self.timed("start", container)
        delete = self.delete(container)
        return {
            "create+start+delete": create + start + delete,
            "create": create,
            "start": start,
            "delete": delete,
        }

    def time_run(self) -> dict[str, float]:
        """run in the foreground, to the end."""
        return {"run": self.timed("run", "--bundle", self.bundles.true, self.new_id())}

    def time_exec(self) -> dict[str, float]:
        """exec --process in a running container, to the end."""
        process = self.bundles.process
        return {"exec": self.timed("exec", "--process", process, self.running())}

    def time_state(self) -> dict[str, float]:
        return {"state": self.timed("state", self.running())}

    def time_kill(self) -> dict[str, float]:
        """A signal that changes nothing (SIGCONT) to a running container."""
        return {"kill": self.timed("kill", self.running(), "CONT")}

    def time_version(self) -> dict[str, float]:
        return {"--version": self.timed("--version", rooted=False)}

    def running(self) -> str:
        """The id of this runtime's running container, started at the first call."""
        if not self._running:
            container, _, _ = self.create(self.bundles.pause)
            self.timed("start", container)
            self._running = container
        return self._running

    def memory(self) -> dict[str, int]:
        """KiB: resident memory of a created container's waiting init, peak of the create call."""
        file = self.home / "peak"
        prefix = (str(self.bundles.small), "peak", str(file))
        container, pid, _ = self.create(self.bundles.true, prefix=prefix)
        found = {"waiting init": resident(pid), "peak of create": int(file.read_text())}
        self.kill(container)
        self.delete(container)
        return found

    def kill(self, container: str) -> None:
        os.kill(self._alive[container], signal.SIGKILL)

    def delete(self, container: str) -> float:
        """Waits until the container has ended (it is our child, see `view`); seconds of delete."""
        os.waitpid(self._alive.pop(container), 0)
        return self.timed("delete", container)

    def close(self) -> None:
        """Removes every container that is left."""
        for container in list(self._alive):
            self.kill(container)
            self.delete(container)


def resident(pid: int) -> int:
    """VmRSS in KiB. proc_pid_status(5)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no VmRSS: it has ended")
