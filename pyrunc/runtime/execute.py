# SPDX-License-Identifier: Apache-2.0
"""exec: one more process in a running container."""

from __future__ import annotations

import os
from errno import EAGAIN

from pyrunc import cgroups, native
from pyrunc.config.bundle import read_limited
from pyrunc.config.validate import load_process
from pyrunc.errors import ConfigError, NativeError, StateError, UsageError
from pyrunc.plan import ops
from pyrunc.plan.enter import exec_plan
from pyrunc.plan.facts import Facts, Join
from pyrunc.plan.process import parse_list
from pyrunc.runtime import foreground, host, state
from pyrunc.runtime import process as processes
from pyrunc.runtime.entering import (
    check_fds,
    check_groups,
    security_facts,
    set_rlimits,
    write_pid_file,
)
from pyrunc.runtime.stage import Stage
from pyrunc.tables.namespaces import CLONE_NEWUSER, NAMESPACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config, Process
    from pyrunc.runtime.context import Context
    from pyrunc.runtime.options import ExecOptions

_ID_MAX = 0xFFFF_FFFE  # 2^32-1 means "no change" to setresuid(2)


def execute(ctx: Context, container_id: str, options: ExecOptions) -> int:
    """Runs the process. Returns 0 when detached, else its exit status (128 + signal).

    StateError when the container is stopped, or paused without options.ignore_paused.
    """
    record, config, process = prepare(ctx, container_id, options)
    if not options.detach and not options.no_subreaper:
        native.set_subreaper(on=True)
    executing = Executing(ctx, record, config, process, options)
    if options.detach:
        executing.stage.child.close()
        return 0
    child = executing.stage.child
    return foreground.wait(child, executing.master, options.door, foreground.NOTHING)


def prepare(
    ctx: Context, container_id: str, options: ExecOptions
) -> tuple[state.State, Config, Process]:
    """The container's record and config, and the process that the options make; errors as of
    `execute`.
    """
    record = state.load(ctx, container_id)
    status = record.status()
    if status in ("stopped", "creating"):
        raise StateError("cannot exec in a stopped container")
    if status == "paused" and not options.ignore_paused:
        raise StateError("cannot exec in a paused container (use --ignore-paused to override)")
    config: Config = record.config()  # type: ignore[assignment]
    process = _process(ctx, config, options)
    if process.get("terminal") or options.console_socket:
        from pyrunc.runtime import console

        console.check_options(terminal=bool(process.get("terminal")), options=options)
    return record, config, process


class Executing:
    """A process entering a container; when the constructor returns it has executed its program."""

    def __init__(
        self,
        ctx: Context,
        record: state.State,
        config: Config,
        process: Process,
        options: ExecOptions,
    ) -> None:
        self.ctx = ctx
        self.options = options
        self.process = process
        self.config = config
        self.master = -1
        self.record = record
        self.filter = b""
        self.moves_in = False  # into the cgroups when it is ready, instead of being born there
        self.stage = self._stage()
        try:
            try:
                self._enter()
            except NativeError as error:
                if error.errno != EAGAIN or self.stage.talked:
                    raise
                # The cgroup is full (pids.max): what moves in is not refused, what is cloned is.
                self.stage.abandon()
                self.moves_in = True
                self.stage = self._stage()
                self._enter()
            self._ready()
            self._before_go()
            self.stage.go_on()
            self.stage.until_executed()
        except BaseException:
            self.stage.abandon()
            if self.master >= 0:
                os.close(self.master)
            raise

    def _before_go(self) -> None:
        if not self.options.detach:
            foreground.hold_signals()

    def _stage(self) -> Stage:
        self.listen_fds = check_fds(self.options.preserve_fds, self.ctx.environ)
        self.facts = self._facts(self.record, self.listen_fds)
        return Stage(self.ctx, exec_plan(self.config, self.process, self.facts))

    def _enter(self) -> None:
        """Starts the stage; it is ready to execute afterwards."""
        self._spawn(self.facts, self.options.preserve_fds + self.listen_fds)
        self.stage.on_console = self._console
        self.stage.on_listener = self._listener
        self.stage.meanwhile = self._compile
        self.stage.answers = {ops.SYNC_LIMITS: self._limits, ops.SYNC_SECCOMP: self._seccomp}
        self.stage.until_ready()

    def _facts(self, record: state.State, listen_fds: int) -> Facts:
        facts = Facts(bundle=record.bundle, rootfs="/", container_id=record.id)
        facts.warn = self.ctx.warn
        facts.joins = _joins(record)
        facts.user_namespace = any(join.flag & CLONE_NEWUSER for join in facts.joins)
        facts.privileged = os.geteuid() == 0
        facts.setgroups_denied = host.setgroups_denied(record.init_process_pid)
        check_groups(self.process, facts)
        facts.no_new_keyring = not record.keyring
        facts.preserve_fds = self.options.preserve_fds
        facts.listen_fds = listen_fds
        facts.last_capability = host.last_capability()
        if not facts.user_namespace:
            facts.available_capabilities = host.permitted_capabilities()
        security_facts(facts, self.process, self.config.get("linux", {}).get("seccomp"))
        return facts

    def _spawn(self, facts: Facts, preserve: int) -> None:
        record = self.record
        self.cgroups = cgroups.from_state(record.members()).for_exec(
            self.options.cgroup, record.init_process_pid
        )
        if self.options.cgroup and not self.options.ignore_paused and self.cgroups.frozen():
            named = ", ".join(self.options.cgroup)
            raise StateError(f"--cgroup {named} is frozen (use --ignore-paused to override)")
        cgroup_fd = -1 if self.moves_in else self.cgroups.spawn_fd()
        join = [] if self.moves_in or cgroup_fd >= 0 else self.cgroups.join_fds()
        before: set[int] = set()
        try:
            before = self._initial_affinity()
            self.stage.spawn(
                cgroup_fd=cgroup_fd, join=join, preserve=preserve, stdio=self.options.stdio
            )
        finally:
            if before:
                os.sched_setaffinity(0, before)
            for fd in (cgroup_fd, *join):
                if fd >= 0:
                    os.close(fd)
            for each in facts.joins:
                if each.fd != -1:
                    os.close(each.fd)
            facts.joins.clear()

    def _initial_affinity(self) -> set[int]:
        """execCPUAffinity.initial: this thread, which the new process is like until it has joined
        the cgroups, runs on these CPUs (AFF-2). Returns what it ran on before, empty = untouched.
        """
        cpus = self.process.get("execCPUAffinity", {}).get("initial", "")
        numbers = parse_list(cpus)
        if not numbers:
            return set()
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, numbers)
        except OSError as error:
            what = f"process.execCPUAffinity.initial {cpus}: sched_setaffinity"
            raise NativeError(what, error.errno or 0) from None
        return before

    def _limits(self) -> tuple[bytes, tuple[int, ...]]:
        set_rlimits(self.stage.child.pid, self.process.get("rlimits", []))
        return b"", ()

    def _compile(self) -> None:
        profile = self.config.get("linux", {}).get("seccomp")
        if profile:
            from pyrunc.runtime import seccomp

            self.filter = seccomp.compile_filter(self.ctx, profile)

    def _seccomp(self) -> tuple[bytes, tuple[int, ...]]:
        return self.filter, ()

    def _listener(self, fd: int) -> None:
        from pyrunc.runtime import listener

        document = self.record.document("running")
        listener.send(self.config["linux"]["seccomp"], fd, self.stage.child.pid, document)

    def _console(self, master: int) -> None:
        from pyrunc.runtime import console

        self.master = console.hand_over(master, self.options.console_socket)

    def _ready(self) -> None:
        child = self.stage.child
        if self.moves_in:
            self.cgroups.attach(child.pid)
        if self.record.intel_rdt:
            from pyrunc.runtime import resctrl

            resctrl.join(self.record.intel_rdt, child.pid)
        if self.options.pidfd_socket:
            from pyrunc.runtime import console

            console.send_pidfd(self.options.pidfd_socket, child.pidfd, b"setns")
        if self.options.pid_file:
            write_pid_file(self.options.pid_file, child.pid)


def _joins(record: state.State) -> list[Join]:
    pidfd = processes.open_pidfd(record.init_process_pid, record.init_process_start)
    if pidfd < 0:
        raise StateError("cannot exec in a stopped container")
    try:
        return joins_of(record, pidfd)
    finally:
        os.close(pidfd)


def joins_of(record: state.State, pidfd: int) -> list[Join]:
    """The container's namespaces that are not ours, to be joined by a copy of the handle.

    Its own namespaces a process may not join again (EINVAL for the user namespace).
    """
    mask = 0
    for flag, name in NAMESPACES.values():
        try:
            theirs = os.stat(f"/proc/{record.init_process_pid}/ns/{name}")
            ours = os.stat(f"/proc/self/ns/{name}")
        except FileNotFoundError:
            continue  # a kernel without that kind
        except PermissionError as error:
            raise NativeError(
                f"look at the {name} namespace of the container", error.errno or 0
            ) from None
        if (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino):
            mask |= flag
    if not mask:
        return []
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    path = f"the namespaces of container {record.id}"
    return [Join(fcntl(pidfd, F_DUPFD_CLOEXEC, 3), mask, path)]


def _process(ctx: Context, config: Config, options: ExecOptions) -> Process:
    if options.process:
        return _read_process(options.process)
    base = config.get("process")
    if base is None:
        raise ConfigError(
            "the container's config.json has no process to derive from: use --process"
        )
    process: Process = {**base, "args": options.args, "terminal": bool(options.tty)}
    process.pop("consoleSize", None)
    if options.cwd:
        if not options.cwd.startswith("/"):
            raise UsageError(f'--cwd: "{options.cwd}" is not an absolute path')
        process["cwd"] = options.cwd
    if options.env:
        process["env"] = [*base.get("env", ()), *options.env]
    if options.apparmor:
        process["apparmorProfile"] = options.apparmor
    if options.process_label:
        process["selinuxLabel"] = options.process_label
    if options.no_new_privs is not None:
        process["noNewPrivileges"] = options.no_new_privs
    if options.user is not None:
        _set_user(process, options.user)
    if options.additional_gids:
        groups = [*process["user"].get("additionalGids", ()), *options.additional_gids]
        process["user"] = {**process["user"], "additionalGids": groups}
    if options.cap:
        _add_capabilities(process, options.cap)
    return process


def _read_process(path: str | bytes) -> Process:
    if isinstance(path, bytes):
        return load_process(path, name="process")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NativeError(f"open {path}", error.errno or 0) from None
    try:
        with open(fd, "rb", buffering=0, closefd=False) as file:
            data = file.read() if not os.path.isfile(path) else read_limited(fd, path)
    finally:
        os.close(fd)
    return load_process(data, name=os.path.basename(path))


def _set_user(process: Process, text: str) -> None:
    """uid[:gid] in numbers; anything else is refused, never read as 0 (CVE-2026-30892)."""
    uid, colon, gid = text.partition(":")
    numbers = [uid, gid] if colon else [uid]
    for number in numbers:
        if not (number.isascii() and number.isdigit()) or int(number) > _ID_MAX:
            raise UsageError(f'invalid value "{text}" for --user: use uid[:gid] in numbers')
    user = {**process["user"], "uid": int(uid)}
    if colon:
        user["gid"] = int(gid)
    process["user"] = user  # type: ignore[typeddict-item]


def _add_capabilities(process: Process, names: list[str]) -> None:
    """--cap: bounding, effective and permitted; ambient only where the config has inheritable ones,
    which are never added to (CVE-2022-29162)."""
    sets = dict(process.get("capabilities", {}))
    kinds = ["bounding", "effective", "permitted"]
    if sets.get("inheritable"):
        kinds.append("ambient")
    for kind in kinds:
        present = list(sets.get(kind, []))  # type: ignore[call-overload]
        sets[kind] = present + [name for name in names if name not in present]
    process["capabilities"] = sets  # type: ignore[typeddict-item]
