# SPDX-License-Identifier: Apache-2.0
"""create: a container up to but without its program; run uses the same steps.

What only some containers need is imported where it is needed.
"""

from __future__ import annotations

import os

from pyrunc import cgroups, jsonio
from pyrunc.config.bundle import Bundle, open_bundle
from pyrunc.config.validate import load_config
from pyrunc.errors import ConfigError, NativeError, PyruncError
from pyrunc.plan import ops
from pyrunc.plan.build import container_plan
from pyrunc.plan.facts import Facts
from pyrunc.plan.mounts import CGROUP_TYPES, cgroup_mounts, is_mapped
from pyrunc.runtime import host, recording, state
from pyrunc.runtime.entering import (
    check_fds,
    check_groups,
    hold_back,
    security_facts,
    set_rlimits,
    write_pid_file,
)
from pyrunc.runtime.stage import Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.config.problems import Problem
    from pyrunc.config.types import Config
    from pyrunc.runtime.context import Context
    from pyrunc.runtime.options import CreateOptions
    from pyrunc.runtime.resctrl import Group
    from pyrunc.runtime.stage import Answer

NO_PROCESS = "config.json: process: a container needs a process to be created"


def create(ctx: Context, container_id: str, bundle: str, options: CreateOptions) -> None:
    """Makes the container; its first process waits for `start`. PyruncError, and nothing left."""
    making = Making(ctx, container_id, bundle, options, waits=True)
    with making:
        making.stage.go_on()
        making.stage.child.close()


class Making:
    """A container in the making; as a context manager it undoes everything when its body fails.

    bundle: its directory, or what was read there. On entry everything up to PR_OP_READY is done and
    recorded: the stage waits for `stage.go_on`. master is the pty's master in the foreground (the
    caller's), or -1.
    """

    def __init__(
        self,
        ctx: Context,
        container_id: str,
        bundle: str | Bundle,
        options: CreateOptions,
        *,
        waits: bool,
    ) -> None:
        self.ctx = ctx
        self.options = options
        self.waits = waits
        self.master = -1
        state.check_id(container_id)
        self.bundle = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
        self.config = self._load()
        if "process" not in self.config:
            raise ConfigError(NO_PROCESS)
        self.rootfs = os.path.realpath(self.bundle.rootfs(self.config["root"]["path"]))
        self.terminal = bool(self.config["process"].get("terminal"))
        if self.terminal or options.console_socket:
            from pyrunc.runtime import console

            console.check_options(terminal=self.terminal, options=options)
        self.listen_fds = check_fds(options.preserve_fds, ctx.environ)
        self.facts = self._facts(container_id)
        self.manager = cgroups.open_manager(
            self.config.get("linux", {}).get("cgroupsPath"),
            container_id,
            driver=ctx.cgroup_manager,
            rootless=host.is_rootless(ctx),
            annotations=self.config.get("annotations"),
        )
        self.resctrl = self._resctrl(container_id)
        self.record = state.new(ctx, container_id)
        self.lock = state.Lock(self.record.path)
        self.stage: Stage
        self.late_resources: Any = None
        self.filter = b""

    def _load(self) -> Config:
        notes: list[Problem] = []
        config = load_config(self.bundle.data, allow_newer=self.options.allow_newer, notes=notes)
        for note in notes:
            self.ctx.debug(f"config.json: {note.sentence()}")
        return config

    def _facts(self, container_id: str) -> Facts:
        config, process_ = self.config, self.config["process"]
        facts = Facts(bundle=self.bundle.path, rootfs=self.rootfs, container_id=container_id)
        facts.warn = self.ctx.warn
        facts.no_pivot = self.options.no_pivot
        facts.no_new_keyring = self.options.no_new_keyring
        facts.preserve_fds = self.options.preserve_fds
        facts.listen_fds = self.listen_fds
        facts.waits_for_start = self.waits
        facts.privileged = os.geteuid() == 0
        facts.last_capability = host.last_capability()
        linux = config.get("linux", {})
        host.user_namespace_facts(facts, linux)
        facts.new_cgroup_namespace = any(
            entry["type"] == "cgroup" for entry in linux.get("namespaces", ())
        )
        check_groups(process_, facts)
        if linux.get("mountLabel"):
            host.check_selinux("linux.mountLabel")
        security_facts(facts, process_, linux.get("seccomp"))
        return facts

    def _resctrl(self, container_id: str) -> Group | None:
        wanted = self.config.get("linux", {}).get("intelRdt")
        if wanted is None:
            return None
        from pyrunc.runtime import resctrl

        return resctrl.Group(wanted, container_id, resctrl.find_mount())

    def _make_resctrl(self) -> None:
        if self.resctrl:
            try:
                self.resctrl.create()
            finally:
                self.record.intel_rdt = self.resctrl.record()

    def _cgroup_facts(self) -> None:
        """What the cgroups look like now that they are made: a rootless caller may have none."""
        facts = self.facts
        facts.late_cgroup = self.manager.needs_pid
        if not any(m.get("type") in CGROUP_TYPES for m in self.config.get("mounts", ())):
            return
        facts.cgroup_version, view = self.manager.view()
        facts.cgroup_mounts = cgroup_mounts(view)

    def __enter__(self) -> Making:
        try:
            self.lock.__enter__()
            self.manager.check()
            self._write_record()
            self._make_resctrl()
            if not self.manager.needs_pid:
                self._make_cgroup(0)
            self._cgroup_facts()
            self.stage = Stage(self.ctx, self._plan())
            self._spawn()
            self._answers()
            self.stage.until_ready()
            self._close_idmaps()
            self._ready()
        except BaseException:
            self._undo()
            raise
        return self

    def __exit__(self, kind: object, _value: object, _trace: object) -> None:
        if kind is not None:
            self._undo()
        else:
            self.lock.__exit__()

    def _write_record(self) -> None:
        """What delete needs to undo the rest, before the first side effect outside ROOT/ID."""
        record = self.record
        record.rootfs = self.rootfs
        record.rootless = self.manager.rootless
        record.cgroup_driver = self.manager.driver
        record.cgroup_paths = self.manager.paths
        record.cgroup = self.manager.record()
        record.intel_rdt = self.resctrl.record() if self.resctrl else {}
        record.keyring = not self.options.no_new_keyring
        recording.early(record, self.bundle, self.config)

    def _plan(self) -> ops.Plan:
        facts, record = self.facts, self.record
        for status in ("creating", "created"):
            before, _, after = jsonio.dumps({**record.document(status), "pid": -1}).partition("-1")
            facts.state_before[status], facts.state_after = before, after
        if self.config.get("hooks"):
            from pyrunc.runtime.hooks import environment

            facts.environment = environment()
        facts.joins = host.open_joins(self.config)
        host.check_joined(self.config, facts.joins)
        if any(is_mapped(mount) for mount in self.config.get("mounts", ())):
            from pyrunc.runtime import idmapped

            facts.idmap_fds = idmapped.open_namespaces(self.config, facts.joins)
        config = self.config
        if self.ctx.environ.get("NOTIFY_SOCKET"):
            from pyrunc.runtime import notify

            config = notify.with_mount(config, record.path)
        return container_plan(config, facts)

    def _close_idmaps(self) -> None:
        fds = self.facts.idmap_fds
        while fds:
            os.close(fds.popitem()[1])

    def _make_cgroup(self, pid: int) -> Answer:
        """With the limits, while the stage is not there yet or waits."""
        resources, self.late_resources = hold_back(self.config.get("linux", {}).get("resources"))
        record, manager = self.record, self.manager
        try:
            manager.create(pid, resources)
        except BaseException:
            # Nothing of ours is there, and what is there is not ours to be undone.
            record.cgroup, record.cgroup_paths = {}, {}
            raise
        record.cgroup, record.cgroup_paths = manager.record(), manager.paths
        manager.apply(resources, devices=not self._devices_later)
        if manager.version == 2 and os.geteuid() == 0 and self.facts.new_cgroup_namespace:
            from pyrunc.cgroups.delegate import delegate_to

            delegate_to(manager, self.config)
        return b"", ()

    @property
    def _devices_later(self) -> bool:
        """True where the stage need not wait for the device rules, which take the kernel long to
        check on v2: they let it make all nodes and open what it opens (DEFAULT_RULES), and come
        into force at once. On v1 everything is denied halfway; a hook is to find them in force.
        """
        return self.manager.version == 2 and not self.config.get("hooks")

    def _spawn(self) -> None:
        fifo = self._make_fifo() if self.waits else -1
        late = self.manager.needs_pid
        cgroup_fd = -1 if late else self.manager.spawn_fd()
        join = [] if late or cgroup_fd >= 0 else self.manager.join_fds()
        try:
            self.stage.spawn(
                cgroup_fd=cgroup_fd,
                join=join,
                preserve=self.options.preserve_fds + self.listen_fds,
                stdio=self.options.stdio,
            )
        finally:
            for fd in (fifo, cgroup_fd, *join):
                if fd >= 0:
                    os.close(fd)
            host.close_joins(self.facts.joins)

    def _make_fifo(self) -> int:
        """The exec fifo; an O_PATH descriptor of it goes to the stage."""
        path = f"{self.record.path}/{state.FIFO}"
        try:
            os.mkfifo(path, 0o622)
            os.chmod(path, 0o622)
            fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise NativeError(f"make {path}", error.errno or 0) from None
        self.stage.plan.set_fifo(fd)
        return fd

    def _answers(self) -> None:
        stage = self.stage
        stage.on_console = self._console
        stage.on_listener = self._listener
        stage.meanwhile = self._meanwhile
        stage.answers = {
            ops.SYNC_CGROUP: lambda: self._make_cgroup(stage.child.pid),
            ops.SYNC_MAPS: self._maps,
            ops.SYNC_SOURCES: self._sources,
            ops.SYNC_HOOKS: self._hooks,
            ops.SYNC_LIMITS: self._limits,
            ops.SYNC_SECCOMP: self._seccomp,
            ops.SYNC_NETWORK: self._network,
        }

    def _maps(self) -> Answer:
        from pyrunc.runtime.idmaps import write_maps

        write_maps(self.stage.child.pid, self.config["linux"])
        return b"", ()

    def _sources(self) -> Answer:
        from pyrunc.runtime.sources import open_next

        return b"", open_next(self.stage.child.pidfd, self.facts.sources)

    def _hooks(self) -> Answer:
        from pyrunc.runtime.hooks import run_hooks

        hooks: Any = self.config.get("hooks", {})
        document = {**self.record.document("creating"), "pid": self.stage.child.pid}
        data = jsonio.dumps(document).encode()
        for kind in ("prestart", "createRuntime"):
            run_hooks(self.ctx, kind, hooks.get(kind, []), data, cwd=self.bundle.path)
        return b"", ()

    def _meanwhile(self) -> None:
        """While the stage mounts: the device rules, the seccomp program, and what is needed when it
        is ready."""
        if self._devices_later:
            resources: Any = self.config.get("linux", {}).get("resources")
            self.manager.apply_devices(resources)
        self._compile()
        recording.ahead(self.record, self.stage.child.pid)

    def _compile(self) -> None:
        profile = self.config.get("linux", {}).get("seccomp")
        if profile:
            from pyrunc.runtime import seccomp

            self.filter = seccomp.compile_filter(self.ctx, profile)

    def _seccomp(self) -> Answer:
        return self.filter, ()

    def _listener(self, fd: int) -> None:
        from pyrunc.runtime import listener

        pid = self.stage.child.pid
        document = {**self.record.document("creating"), "pid": pid}
        listener.send(self.config["linux"]["seccomp"], fd, pid, document)

    def _limits(self) -> Answer:
        set_rlimits(self.stage.child.pid, self.config["process"]["rlimits"])
        return b"", ()

    def _network(self) -> Answer:
        from pyrunc.runtime import netdevices

        child = self.stage.child
        netdevices.move(child.pid, child.pidfd, self.config["linux"]["netDevices"])
        return b"", ()

    def _console(self, master: int) -> None:
        from pyrunc.runtime import console

        self.master = console.hand_over(master, self.options.console_socket)

    def _ready(self) -> None:
        """The stage has done everything: the record, then the pid file."""
        record, child = self.record, self.stage.child
        if self.late_resources:
            self.manager.update({}, self.late_resources)
        if record.intel_rdt:
            from pyrunc.runtime import resctrl

            resctrl.join(record.intel_rdt, child.pid)
        if record.init_process_pid != child.pid:  # the stage cloned its successor since
            recording.ahead(record, child.pid)
        recording.publish(record)
        if self.options.pidfd_socket:
            from pyrunc.runtime import console

            console.send_pidfd(self.options.pidfd_socket, child.pidfd, b"standard")
        if self.options.pid_file:
            write_pid_file(self.options.pid_file, child.pid)

    def _undo(self) -> None:
        """As if nothing had been tried (ERR-1); poststop hooks run all the same (HK-10)."""
        host.close_joins(self.facts.joins)
        self._close_idmaps()
        if hasattr(self, "stage"):
            self.stage.abandon()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
        from pyrunc.runtime import delete

        try:
            delete.destroy(self.ctx, self.record)
        except (PyruncError, OSError) as error:
            self.ctx.warn(f"clean up after the failed create: {error}")
        self.lock.__exit__()
