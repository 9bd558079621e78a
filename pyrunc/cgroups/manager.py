# SPDX-License-Identifier: Apache-2.0
"""What the managers of v1 and v2 have in common: making, joining, freezing and removing groups."""

from __future__ import annotations

import os
from errno import EACCES, ENODEV, ENOENT, EPERM, EROFS

from pyrunc.errors import ConfigError, NativeError, StateError

from . import calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .hierarchies import Layout
    from .writes import Write

_NOT_ALLOWED = (EPERM, EACCES, EROFS)
_GONE = (ENOENT, ENODEV)


class Manager:
    """The cgroups of one container. `groups` has a group for each controller ("" = v2).

    rootless: permission errors count as "no cgroup" as long as nothing is asked of it. chosen: the
    config names the path, so such an error is one.
    """

    version = 0
    driver = "cgroupfs"
    needs_pid = False  # True: create() wants the container's process, which is started before

    def __init__(self, groups: dict[str, calls.Group], *, rootless: bool = False,
                 chosen: bool = True) -> None:
        self.groups = groups
        self.rootless = rootless
        self.chosen = chosen
        self.layout: Layout | None = None  # of a manager that open_manager() made

    # -- what the state directory keeps ------------------------------------------------------

    @property
    def paths(self) -> dict[str, str]:
        """{controller: absolute path}, the `cgroup_paths` of state.json."""
        return {name: group.full for name, group in self.groups.items()}

    def record(self) -> dict[str, Any]:
        """What from_state() needs, the `cgroup` of state.json; complete before create()."""
        return {
            "version": self.version,
            "rootless": self.rootless,
            "groups": {name: [group.mountpoint, group.path, group.made]
                       for name, group in self.groups.items()},
        }

    def _unique(self) -> list[calls.Group]:
        """One group for each hierarchy: controllers that are mounted together share theirs."""
        return list({group.mountpoint: group for group in self.groups.values()}.values())

    def _freezer(self) -> calls.Group | None:
        raise NotImplementedError

    def _any(self) -> calls.Group | None:
        """The group that tells which processes there are."""
        group = self._freezer()
        return group or next(iter(self.groups.values()), None)

    def view(self) -> tuple[int, list[tuple[str, str, str]]]:
        """What a process of the container sees of the host's hierarchies: their version, and of
        each controller (name, mount point, host path of the cgroup): the container's own, or where
        it has none the one that it stays in, the caller's. Nothing on a host without cgroups.
        """
        if self.layout is None:
            from .hierarchies import detect

            try:
                self.layout = detect()
            except ConfigError:
                return 2, []
        found = []
        for name, mount in self.layout.mounts.items():
            group = self.groups.get(name)
            if group is None:
                own = self.layout.own_path(name).strip("/")
                group = calls.Group(mount.mountpoint, own, self.layout.version)
            found.append((name, mount.mountpoint, group.full))
        return self.layout.version, found

    # -- making ------------------------------------------------------------------------------

    def check(self) -> None:
        """StateError when a cgroup that is there already has processes or is frozen (CGP-6).

        To be called before anything is recorded: what a record names, delete may kill.
        """
        if not all(group.made for group in self.groups.values()):
            self._leave_out_foreign()
            self._check_fit()

    def create(self, pid: int = 0, resources: dict[str, Any] | None = None) -> None:
        """Makes what is missing and checks that the cgroups are fit for a new container (CGP-6).

        pid, resources: only a driver with needs_pid looks at them; apply() is to be called by all.
        StateError when a cgroup that was there has processes, or is frozen; an error leaves
        nothing behind.
        """
        try:
            self._leave_out_foreign()
            self._make()
            self._check_fit()
        except BaseException:
            self._forget()
            raise

    def _leave_out_foreign(self) -> None:
        """A cgroup that nobody asked for, is there and is not ours to join, is no cgroup of ours:
        the name is a mere coincidence."""
        if not self.rootless or self.chosen:
            return
        for name, group in list(self.groups.items()):
            if group.made:
                continue
            try:
                os.close(calls.open_at(group, "cgroup.procs", os.O_WRONLY))
            except NativeError as error:
                if error.errno not in _NOT_ALLOWED:
                    raise
                del self.groups[name]

    def _make(self) -> None:
        try:
            calls.create(self._unique())
        except NativeError as error:
            if error.errno not in _NOT_ALLOWED or not self.rootless or self.chosen:
                raise
            self._make_what_is_allowed()

    def _make_what_is_allowed(self) -> None:
        for name, group in list(self.groups.items()):
            try:
                calls.create([group])
            except NativeError as error:
                if error.errno not in _NOT_ALLOWED:
                    raise
                del self.groups[name]

    def _check_fit(self) -> None:
        freezer = self._freezer()
        if freezer and calls.frozen(freezer):
            raise StateError("container's cgroup unexpectedly frozen")
        found = max((len(calls.pids(group, recursive=True))
                     for group in self._unique() if not group.made), default=0)
        if found:
            raise StateError(f"container's cgroup is not empty: {found} process(es) found")

    def _forget(self) -> None:
        try:
            calls.remove(self._unique(), timeout_ms=0)
        except NativeError:
            pass  # the error that is being raised is the one to tell

    # -- limits ------------------------------------------------------------------------------

    def apply(self, resources: dict[str, Any] | None, *, devices: bool = True) -> None:
        """Sets the limits of linux.resources, before a process is inside (CPU-9); None (the config
        has none) leaves a cgroup that was there before as it is (CGP-5).

        devices: False leaves the device rules to a later apply_devices().
        ConfigError for what this host cannot do, NativeError for what the kernel refuses; both name
        the member of config.json.
        """
        if resources:
            from .writes import perform

            wanted = self.writes(resources)
            self.check_before(resources, wanted)
            perform(wanted, self.group_of)
        if devices:
            self.apply_devices(resources)

    def writes(self, resources: dict[str, Any]) -> list[Write]:
        """Everything but the devices as writes, in order."""
        raise NotImplementedError

    def check_before(self, changes: dict[str, Any], wanted: Sequence[Write]) -> None:
        """Refuses what can be known to fail before anything is written."""
        for write in wanted:
            self.group_of(write)

    def group_of(self, write: Write) -> calls.Group:
        """The group that a write goes to; ConfigError when the host lacks the controller."""
        raise NotImplementedError

    def apply_devices(self, resources: dict[str, Any] | None) -> None:
        """Sets the device rules; a rootless caller may not, nor needs to: it makes no nodes."""
        raise NotImplementedError

    def update(self, current: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        """Changes limits of a running container; returns the merged resources (update.py)."""
        from .update import update

        return update(self, current, changes)

    def stats(self) -> dict[str, Any]:
        """What the kernel counts, the `data` of a stats event (see stats.collect)."""
        from .stats import collect

        return collect(self)

    def delegate(self, uid: int) -> None:
        """Gives the cgroup to host uid `uid` (CGO-1); nothing on v1, where that is not safe."""

    def _without(self, write: Write) -> ConfigError:
        if self.rootless and not self.groups:
            return ConfigError(f"{write.field}: no permission to make a cgroup for it; rootless "
                               "containers need a delegated one for limits")
        return ConfigError(f"{write.field}: the {write.controller} cgroup controller is not "
                           "available on this host")

    # -- processes ---------------------------------------------------------------------------

    def spawn_fd(self) -> int:
        """A directory fd for CLONE_INTO_CGROUP, the caller's; -1 where that does not exist."""
        return -1

    def join_fds(self) -> list[int]:
        """Descriptors on which the new process joins by pr_cgroup_join before it executes anything;
        they are the caller's. Empty where spawn_fd() does it."""
        return calls.open_join(self._unique())

    def for_exec(self, specs: Sequence[str], init_pid: int) -> Manager:
        """The manager whose groups an exec'd process joins.

        specs: values of --cgroup ([CONTROLLER[,CONTROLLER]:]PATH). init_pid: the container's first
        process. UsageError for a spec that cannot be.
        """
        from .exec_target import exec_groups

        groups = exec_groups(self, specs, init_pid)
        return type(self)(groups, rootless=self.rootless, chosen=self.chosen)

    def attach(self, pid: int) -> None:
        """Moves process `pid` into every group; dear on v1, where join_fds() is the better way."""
        groups = self._unique()
        if groups:
            calls.attach(groups, pid)

    def pids(self, recursive: bool = True) -> list[int]:
        """Host pids of the container's processes; none when its cgroup is gone."""
        group = self._any()
        if group is None:
            return []
        try:
            return calls.pids(group, recursive=recursive)
        except NativeError as error:
            if error.errno in _GONE:
                return []
            raise

    def freeze(self, frozen: bool) -> None:
        """Freezes or thaws all processes, waits until it is done; StateError without a freezer.

        Nothing is frozen in a cgroup that is gone: systemd removes a scope's when its last process
        ends, and a frozen process can be killed.
        """
        group = self._freezer()
        if group is None:
            raise StateError("cgroup not exist: there is no freezer for this container")
        try:
            calls.freeze(group, frozen)
        except NativeError as error:
            if frozen or error.errno not in _GONE:
                raise

    def frozen(self) -> bool:
        """True when the container is frozen; False when its cgroup is gone or has no freezer."""
        group = self._freezer()
        if group is None:
            return False
        try:
            return calls.frozen(group)
        except NativeError as error:
            if error.errno in _GONE:
                return False
            raise

    def kill(self, number: int = calls.SIGKILL) -> None:
        """Signals all processes, those in sub-cgroups too; a cgroup that is gone has none."""
        group = self._any()
        if group is None:
            return
        try:
            calls.kill(group, number)
        except NativeError as error:
            if error.errno not in _GONE:
                raise

    def remove(self) -> None:
        """Removes the directories that were made for the container, with all below them.

        Waits a bounded time for processes that are ending; NativeError (EBUSY) after that.
        """
        groups = self._unique()
        if groups:
            calls.remove(groups)


def groups_of(record: dict[str, Any], version: int) -> dict[str, calls.Group]:
    """The groups that Manager.record() wrote."""
    found: dict[str, Sequence[Any]] = record["groups"]
    return {name: calls.Group(mountpoint, path, version, made)
            for name, (mountpoint, path, made) in found.items()}
