# SPDX-License-Identifier: Apache-2.0
"""The runtimes that are compared: where they are, and one timed call of each kind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .bundles import Bundles
from .view import in_memory

NAMES = ("pyrunc", "crun", "runc")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def find(name: str) -> str | None:
    """The runtime's executable; pyrunc is taken from beside this Python first."""
    beside = Path(sys.executable).parent / name
    return str(beside) if name == "pyrunc" and beside.exists() else shutil.which(name)


class Runtime:
    """One runtime with a root directory of its own; `time_*` return seconds of the calls alone."""

    def __init__(self, name: str, executable: str, home: Path, bundles: Bundles) -> None:
        self.name = name
        self.home = home
        self.home.mkdir(parents=True)
        self.executable = executable
        self.bundles = bundles
        self.root = home / "root"
        self.root.mkdir()
        in_memory(str(self.root))  # as /run is, where their own default roots are
        self.command = [executable, "--root", str(self.root)]
        self.version = self._output([executable, "--version"]).splitlines()[0]
        self._count = 0
        self._alive: dict[str, int] = {}  # containers that were created and not deleted: init's pid
        self._running = ""

    def _output(self, argv: list[str]) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def spawn(self, *args: str | Path, prefix: tuple[str, ...] = (), rooted: bool = True) -> int:
        """Starts one call; its pid. Streams are /dev/null but for errors, which go to a file: a
        pipe would stay open in the waiting container.
        """
        argv = [*prefix, *(self.command if rooted else self.command[:1]), *map(str, args)]
        null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        null.append((os.POSIX_SPAWN_OPEN, 2, str(self.home / "stderr"), flags, 0o600))
        return os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=null)

    def succeeded(self, pid: int, *args: str | Path) -> None:
        """Waits for a call; AssertionError when it failed."""
        status = os.waitpid(pid, 0)[1]
        if status:
            said = (self.home / "stderr").read_text(errors="replace")
            raise AssertionError(f"{self.name} {args}: wait status {status}: {said}")

    def timed(self, *args: str | Path, prefix: tuple[str, ...] = (), rooted: bool = True) -> float:
        """Seconds of one call, from posix_spawn to its end. AssertionError when it fails."""
        start = time.perf_counter()
        self.succeeded(self.spawn(*args, prefix=prefix, rooted=rooted), *args)
        return time.perf_counter() - start

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

    def time_run(self, bundle: Path | None = None) -> float:
        """run in the foreground, to the end."""
        return self.timed("run", "--bundle", bundle or self.bundles.true, self.new_id())

    def time_first_rules(self, bundle: Path) -> float:
        """The same without a program that was compiled before (pyrunc remembers them)."""
        shutil.rmtree(self.root / ",seccomp", ignore_errors=True)
        return self.time_run(bundle)

    def time_exec(self) -> float:
        """exec --process in a running container, to the end."""
        return self.timed("exec", "--process", self.bundles.process, self.running())

    def time_state(self) -> float:
        return self.timed("state", self.running())

    def time_kill(self) -> float:
        """A signal that changes nothing (SIGCONT) to a running container."""
        return self.timed("kill", self.running(), "CONT")

    def time_version(self) -> float:
        return self.timed("--version", rooted=False)

    def time_refused(self) -> float:
        """create of a config that is refused."""
        container = self.new_id()
        start = time.perf_counter()
        pid = self.spawn("create", "--bundle", self.bundles.refused, container)
        status = os.waitpid(pid, 0)[1]
        seconds = time.perf_counter() - start
        assert status, f"{self.name} took a config that it should refuse"
        return seconds

    def time_parallel(self, many: int) -> float:
        """Seconds for each of `many` creates that are started at once."""
        made, seconds = self.create_at_once(many)
        self.delete_at_once(made)
        return seconds / many

    def create_at_once(self, many: int) -> tuple[list[str], float]:
        """Creates so many containers at once; their ids, and seconds until all are there."""
        made = [(self.new_id(), self.home / f"pid-{n}") for n in range(many)]
        start = time.perf_counter()
        pids = [
            self.spawn("create", "--bundle", self.bundles.true, "--pid-file", file, container)
            for container, file in made
        ]
        for pid in pids:
            self.succeeded(pid, "create")
        seconds = time.perf_counter() - start
        for container, file in made:
            self._alive[container] = int(file.read_text())
        return [container for container, _ in made], seconds

    def delete_at_once(self, containers: list[str]) -> None:
        """Ends and deletes these containers."""
        for container in containers:
            self.kill(container)
        for container in containers:
            os.waitpid(self._alive.pop(container), 0)
        for pid in [self.spawn("delete", container) for container in containers]:
            self.succeeded(pid, "delete")

    def time_warm(self) -> float:
        """create, start, wait, delete by the library in this process; of the others their run."""
        return warm(self.bundles.true, self.root, self.new_id()) if self.name == "pyrunc" else (
            self.time_run()
        )  # fmt: skip

    def running(self) -> str:
        """The id of this runtime's running container, started at the first call."""
        if not self._running:
            container, _, _ = self.create(self.bundles.pause)
            self.timed("start", container)
            self._running = container
        return self._running

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


def warm(bundle: Path, root: Path, container_id: str) -> float:
    """Seconds of a container's life by the library."""
    from pyrunc import DEVNULL, Container

    start = time.perf_counter()
    container = Container.create(
        container_id, bundle, root=root, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    container.start()
    status = container.wait()
    container.delete()
    seconds = time.perf_counter() - start
    assert status == 0
    return seconds
