# SPDX-License-Identifier: Apache-2.0
"""Container: what a Python program does with one container, from create to delete."""

from __future__ import annotations

import os

from pyrunc.config.bundle import Bundle, open_bundle
from pyrunc.errors import StateError
from pyrunc.library import inputs
from pyrunc.library.child import Child
from pyrunc.library.family import Family
from pyrunc.runtime import console, delete, lists, process, start, state
from pyrunc.runtime import signal as signals
from pyrunc.runtime.create import Making
from pyrunc.runtime.options import CreateOptions, ExecOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from pyrunc.library.process import Process
    from pyrunc.library.types import State, Stream
    from pyrunc.runtime.context import Context

    Path = str | os.PathLike[str]


class Container:
    """A container, by its id below a root. Made by `create` or found by `open`.

    Safe to use from several threads. Changes nothing that belongs to the whole process and never
    prints. `with` deletes a container that was created here (by force), and lets go of one that was
    opened. Every method raises PyruncError, of which NotFoundError means that the container is
    gone. docs/library.md
    """

    __slots__ = ("_child", "_ctx", "_family", "_made", "_maker", "id")

    def __init__(self, ctx: Context, container_id: str, child: Child, *, made: bool) -> None:
        """Use `create` or `open`."""
        self.id = container_id
        self._ctx = ctx
        self._child = child
        self._made = made
        self._maker = os.getpid()
        self._family = Family(child)

    @classmethod
    def create(
        cls,
        id: str,
        bundle: Path,
        *,
        config: Mapping[str, object] | None = None,
        root: Path | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        console_socket: Path = "",
        pidfd_socket: Path = "",
        pid_file: Path = "",
        preserve_fds: int = 0,
        no_pivot: bool = False,
        no_new_keyring: bool = False,
        allow_newer: bool = False,
        cgroup_manager: str = "cgroupfs",
        rootless: bool | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Container:
        """Makes a container up to but without its program, which `start` executes.

        bundle: the directory; config: what counts in place of its config.json. root: where the
        container's state is kept (default: where the command line keeps it). stdin, stdout, stderr:
        None = this process's own, DEVNULL, STDOUT (of stderr), a descriptor or what has one; they
        stay the caller's. With process.terminal the terminal's master is `console`, unless a
        console_socket takes it. preserve_fds: so many descriptors from 3 on go to the program.
        warn: takes one line for each thing that is not as it should be.

        ConfigError, UsageError, ExistsError, NativeError, HookError; then there is no container.
        """
        ctx = inputs.context(root, warn, cgroup_manager=cgroup_manager, rootless=rootless)
        with inputs.Streams(stdin, stdout, stderr) as stdio:
            options = CreateOptions(
                console_socket=_absolute(console_socket),
                pidfd_socket=_absolute(pidfd_socket),
                pid_file=_absolute(pid_file),
                preserve_fds=inputs.count(preserve_fds, "preserve_fds"),
                no_pivot=no_pivot,
                no_new_keyring=no_new_keyring,
                allow_newer=allow_newer,
                detach=bool(console_socket),
                stdio=stdio,
            )
            with _Making(ctx, id, _bundle(bundle, config), options, waits=True) as making:
                making.stage.go_on()
        child = making.stage.child
        child.close_socket()
        return cls(ctx, id, Child(child.pid, child.pidfd, making.master), made=True)

    @classmethod
    def open(
        cls, id: str, *, root: Path | None = None, warn: Callable[[str], None] | None = None
    ) -> Container:
        """The container of that id, made by whomever; NotFoundError when there is none."""
        ctx = inputs.context(root, warn)
        record = state.load(ctx, id)
        pid = record.init_process_pid
        return cls(
            ctx, id, Child(pid, process.open_pidfd(pid, record.init_process_start)), made=False
        )

    @property
    def pid(self) -> int:
        """The process id of the container's first process as the host numbers it."""
        return self._child.pid

    @property
    def console(self) -> int:
        """The master of the program's terminal (closed by `close` and `delete`), -1 without one."""
        return self._child.console

    @property
    def state(self) -> State:
        """The standard's state, looked up afresh."""
        self._family.reap()
        return lists.describe(state.load(self._ctx, self.id))  # type: ignore[return-value]

    @property
    def status(self) -> str:
        """creating, created, running, paused or stopped, looked up afresh."""
        self._family.reap()
        return state.load(self._ctx, self.id).status()

    def start(self) -> None:
        """Executes the program and runs the poststart hooks. StateError unless it is created."""
        start.start(self._ctx, self.id)

    def fileno(self) -> int:
        """A pidfd of the first process, readable once it has ended: for select, selectors, asyncio.
        It stays this object's and is closed by `wait`. StateError when it is closed.
        """
        return self._child.fileno()

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end of the program: its exit status, 128 + N when signal N ended it.

        timeout: seconds, WaitTimeoutError when they have passed. Only the process that created the
        container can know: StateError in another, and when something else in this process took the
        status (os.wait, an ignored SIGCHLD).
        """
        return self._family.wait(timeout)

    def exec(
        self,
        args: Sequence[str] = (),
        *,
        process: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        user: str | None = None,
        additional_gids: Iterable[int] = (),
        capabilities: Iterable[str] = (),
        no_new_privileges: bool | None = None,
        apparmor: str = "",
        process_label: str = "",
        cgroup: Iterable[str] = (),
        terminal: bool = False,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        console_socket: Path = "",
        pidfd_socket: Path = "",
        pid_file: Path = "",
        preserve_fds: int = 0,
        ignore_paused: bool = False,
    ) -> Process:
        """Executes one more program in the running container and returns as soon as it runs.

        It is the container's own process with `args` and what else is given (env is added), or all
        that `process` (a process.json as a dict) says. The rest is as of `create` and of the exec
        verb. StateError unless the container lives.
        """
        from pyrunc.library.process import Process, enter

        with inputs.Streams(stdin, stdout, stderr) as stdio:
            options = ExecOptions(
                args=inputs.arguments(args, process),
                process=inputs.document(process, "process") if process is not None else "",
                env=[f"{name}={value}" for name, value in (env or {}).items()],
                cwd=cwd,
                user=user,
                additional_gids=list(additional_gids),
                cap=list(capabilities),
                no_new_privs=no_new_privileges,
                apparmor=apparmor,
                process_label=process_label,
                cgroup=list(cgroup),
                tty=terminal,
                console_socket=_absolute(console_socket),
                pidfd_socket=_absolute(pidfd_socket),
                pid_file=_absolute(pid_file),
                preserve_fds=inputs.count(preserve_fds, "preserve_fds"),
                ignore_paused=ignore_paused,
                detach=bool(console_socket),
                stdio=stdio,
            )
            child = enter(self._ctx, self.id, options)
        self._family.add(child)
        return Process(child)

    def kill(self, signal: int | str = "TERM", *, everyone: bool = False) -> None:
        """Sends a signal (9, "KILL", signal.SIGKILL) to the first process, or to every process of
        the container. StateError when it is not running.
        """
        text = signal if isinstance(signal, str) else str(int(signal))
        signals.kill(self._ctx, self.id, text, everyone=everyone)

    def pause(self) -> None:
        """Suspends all processes; StateError unless the container is created or running."""
        from pyrunc.runtime import freeze

        freeze.pause(self._ctx, self.id)

    def resume(self) -> None:
        """Lets them go on; StateError unless the container is paused."""
        from pyrunc.runtime import freeze

        freeze.resume(self._ctx, self.id)

    def update(self, resources: Mapping[str, object]) -> None:
        """Sets the limits that `resources` (like linux.resources) holds; the rest stays."""
        from pyrunc.runtime import update

        update.update(self._ctx, self.id, dict(resources))

    def stats(self) -> dict[str, Any]:
        """What the kernel counts for the container, as `pyrunc events --stats` words it."""
        from pyrunc.runtime import events

        found: dict[str, Any] = events.stats(self._ctx, self.id)["data"]
        return found

    def pids(self) -> list[int]:
        """The process ids of all of the container's processes as the host numbers them."""
        return lists.pids(self._ctx, self.id)

    def delete(self, *, force: bool = False) -> None:
        """Removes the container, reaps its first process and what exec started, closes everything.

        StateError when it runs, unless `force`, which kills it, and takes one that is gone for
        deleted. `wait` still gives the exit status afterwards.
        """
        if self._family.reap():
            self._end_processes(force)
        delete.delete(self._ctx, self.id, force=force)
        self._made = False
        if os.getpid() == self._maker:
            self._child.end()
        self.close()

    def _end_processes(self, force: bool) -> None:
        """What exec started goes first: the kernel lets the first process of a pid namespace end
        when all others of it are reaped. pid_namespaces(7).
        """
        if force:
            try:
                signals.kill(self._ctx, self.id, "KILL")  # thaws, too
            except StateError:
                pass
        elif self.status not in ("created", "stopped"):
            return
        self._family.end_processes()

    def close(self) -> None:
        """Closes all descriptors; the container goes on, and what exec started."""
        self._family.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_exc: object) -> None:
        """In a forked child the container is not touched."""
        if self._made and os.getpid() == self._maker:
            self.delete(force=True)
        else:
            self.close()

    def __repr__(self) -> str:
        return f"<Container {self.id}>"


class _Making(Making):
    """A create that leaves this process's terminal alone."""

    def _console(self, master: int) -> None:
        path = self.options.console_socket
        self.master = console.hand_over(master, path) if path else master


def _bundle(path: Path, config: Mapping[str, object] | None) -> Bundle:
    if config is None:
        return open_bundle(os.fspath(path))
    return Bundle(os.path.abspath(path), inputs.document(config, "config.json"))


def _absolute(path: Path) -> str:
    return os.path.abspath(path) if path else ""


def containers(
    root: Path | None = None, *, warn: Callable[[str], None] | None = None
) -> list[State]:
    """The states of all containers below `root`, by id; `warn` is told of those that are broken."""
    return lists.containers(inputs.context(root, warn))  # type: ignore[return-value]
