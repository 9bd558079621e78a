# SPDX-License-Identifier: Apache-2.0
"""The systemd driver: the container's cgroup is a transient scope (or slice) that systemd makes."""

from __future__ import annotations

from pyrunc.errors import ConfigError, NativeError, PyruncError

from . import calls, unit_names, unit_properties
from .hierarchies import UNIFIED, Layout
from .manager import Manager
from .sdbus import Bus, BusError, Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .writes import Write

    Property = tuple[str, Variant]

_SYSTEMD = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_MANAGER = "org.freedesktop.systemd1.Manager"
_NO_SUCH_UNIT = "org.freedesktop.systemd1.NoSuchUnit"
_UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists"
_JOB_MATCH = ("type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved',"
              "path='/org/freedesktop/systemd1'")
_JOB_TIMEOUT_S = 30.0
# In other hierarchies of v1 the slices' directories are made by us.
_SYSTEMD_MAKES = (UNIFIED, "name=systemd", "cpu", "cpuacct", "memory", "blkio", "devices", "pids")


class Systemd:
    """The few calls of systemd's manager interface that are needed; org.freedesktop.systemd1(5)."""

    def __init__(self, *, user: bool = False, address: str = "") -> None:
        self._bus = Bus(user=user, address=address)

    def close(self) -> None:
        self._bus.close()

    def __enter__(self) -> Systemd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, member: str, signature: str = "", *arguments: Any) -> list[Any]:
        return self._bus.call(_SYSTEMD, _PATH, _MANAGER, member, signature, *arguments)

    def version(self) -> int:
        """systemd's version number ("252.38-1", "v255" ...)."""
        found = self._bus.get_property(_SYSTEMD, _PATH, _MANAGER, "Version")
        text = str(found.value).removeprefix("v")
        digits = text[:next((i for i, c in enumerate(text) if not c.isdigit()), len(text))]
        return int(digits or 0)

    def control_group(self) -> str:
        """The cgroup below which this systemd has its units, "" for the system's."""
        found = self._bus.get_property(_SYSTEMD, _PATH, _MANAGER, "ControlGroup")
        return str(found.value).removesuffix("/init.scope").strip("/")

    def _job(self, member: str, signature: str, *arguments: Any) -> None:
        """Starts a job and waits until it is done."""
        unit = arguments[0]
        self._bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                       "AddMatch", "s", _JOB_MATCH)
        self._call("Subscribe")
        (job,) = self._call(member, signature, *arguments)
        ended = self._bus.wait_signal(_MANAGER, "JobRemoved", lambda words: words[1] == job,
                                      _JOB_TIMEOUT_S)
        if ended is None:
            raise PyruncError(f"systemd: {member} of unit {unit}: not done after "
                              f"{_JOB_TIMEOUT_S:.0f} s")
        if ended[3] != "done":
            raise PyruncError(f"systemd: {member} of unit {unit}: the job ended with {ended[3]!r}")

    def start(self, unit: str, properties: Sequence[Property]) -> None:
        """Starts a transient unit; one of that name that failed before is cleared away first."""
        signature = "ssa(sv)a(sa(sv))"
        listed = list(properties)
        arguments: tuple[Any, ...] = (unit, "fail", listed, [])
        try:
            self._job("StartTransientUnit", signature, *arguments)
        except BusError as error:
            if error.name != _UNIT_EXISTS:
                raise
            self.reset_failed(unit)
            self._job("StartTransientUnit", signature, *arguments)

    def stop(self, unit: str) -> None:
        """Stops a unit; one that is gone is stopped."""
        try:
            self._job("StopUnit", "ss", unit, "replace")
        except BusError as error:
            if error.name != _NO_SUCH_UNIT:
                raise

    def reset_failed(self, unit: str) -> None:
        """Forgets that a unit failed, without which its name stays taken."""
        try:
            self._call("ResetFailedUnit", "s", unit)
        except BusError:
            pass  # it did not fail, or is gone

    def get_properties(self, unit: str, names: Sequence[str]) -> list[Property]:
        """The values of properties of a unit."""
        (path,) = self._call("GetUnit", "s", unit)
        interface = f"{_SYSTEMD}.{unit.rpartition('.')[2].capitalize()}"
        return [(name, self._bus.get_property(_SYSTEMD, path, interface, name)) for name in names]

    def set_properties(self, unit: str, properties: Sequence[Property]) -> None:
        """Changes properties of a running unit until it ends; systemd has written its files then.

        It answers before it writes them, and writes before it takes the next call (cgroup realize
        queue of its main loop): so one more call is what to wait for.
        """
        self._call("SetUnitProperties", "sba(sv)", unit, True, list(properties))
        self.version()


class ManagerSystemd(Manager):
    """Asks systemd for a unit, then works on its cgroups as the manager `inner` of v1 or v2 does.

    A scope cannot be without a process: create() comes after the process was started (needs_pid).
    """

    driver = "systemd"
    needs_pid = True  # for a slice it does no harm

    def __init__(self, inner: Manager, parent: str, unit: str, *, user: bool = False,
                 address: str = "", annotations: dict[str, str] | None = None) -> None:
        super().__init__(inner.groups, rootless=inner.rootless, chosen=inner.chosen)
        self.version = inner.version
        self.inner = inner
        for name, group in self.groups.items():
            if name in _SYSTEMD_MAKES:
                group.made = min(group.made, 1)  # the slices are systemd's
        self.parent = parent
        self.unit = unit
        self.user = user
        self.address = address
        self.annotations = annotations or {}

    def record(self) -> dict[str, Any]:
        """See Manager.record."""
        return {**super().record(), "slice": self.parent, "unit": self.unit, "user": self.user,
                "address": self.address}

    def _systemd(self) -> Systemd:
        return Systemd(user=self.user, address=self.address)

    def _freezer(self) -> calls.Group | None:
        return self.inner._freezer()

    # -- making ------------------------------------------------------------------------------

    def create(self, pid: int = 0, resources: dict[str, Any] | None = None) -> None:
        """Starts the unit with process `pid` and the limits, then makes what systemd left out.

        See Manager.create. The process is in all the container's cgroups afterwards.
        """
        if not pid and not self.unit.endswith(".slice"):
            raise ValueError("a scope needs a process")
        self._check_fit()
        with self._systemd() as systemd:
            properties = self._unit_properties(pid)
            properties += self._limits(resources, systemd.version())
            properties += unit_properties.from_annotations(self.annotations)
            systemd.start(self.unit, properties)
        try:
            self.inner._make()
            if pid:
                self.attach(pid)
        except BaseException:
            self._forget()
            raise

    def _check_fit(self) -> None:
        try:
            self.inner._check_fit()
        except NativeError:
            pass  # it does not exist yet

    def _forget(self) -> None:
        try:
            self.remove()
        except PyruncError:
            pass  # the error that is being raised is the one to tell

    def _unit_properties(self, pid: int) -> list[Property]:
        name = self.unit.rpartition(".")[0]
        found = [("Description", Variant("s", f"pyrunc container {name}"))]
        if self.unit.endswith(".slice"):
            found.append(("Wants", Variant("as", [self.parent])))
        else:
            found.append(("Slice", Variant("s", self.parent)))
            found.append(("Delegate", Variant("b", True)))
            found.append(("PIDs", Variant("au", [pid])))
        io = "IOAccounting" if self.version == 2 else "BlockIOAccounting"
        found += [(name, Variant("b", True)) for name in
                  ("MemoryAccounting", "CPUAccounting", "TasksAccounting", io)]
        found.append(("DefaultDependencies", Variant("b", False)))
        return found

    def _limits(self, resources: dict[str, Any] | None, version: int) -> list[Property]:
        if not resources:
            return []
        found = unit_properties.from_writes(self.inner.writes(resources), version)
        return found + self._device_properties(resources)

    def _device_properties(self, resources: dict[str, Any]) -> list[Property]:
        if self.rootless:
            return []
        from . import devices

        with open("/proc/devices", encoding="utf-8", errors="replace") as file:
            names = file.read()
        rules = devices.rules_of(resources.get("devices") or [])
        return unit_properties.devices(rules, names)

    # -- limits ------------------------------------------------------------------------------

    def writes(self, resources: dict[str, Any]) -> list[Write]:
        """See Manager.writes."""
        return self.inner.writes(resources)

    def check_before(self, changes: dict[str, Any], wanted: Sequence[Write]) -> None:
        """See Manager.check_before."""
        self.inner.check_before(changes, wanted)

    def group_of(self, write: Write) -> calls.Group:
        """See Manager.group_of."""
        return self.inner.group_of(write)

    def apply_devices(self, resources: dict[str, Any] | None) -> None:
        """See Manager.apply_devices."""
        self.inner.apply_devices(resources)

    def update(self, current: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        """See Manager.update; systemd is told too, so that a reload keeps the new limits."""
        from .update import Still, changes_devices, merge, select

        merged = merge(current, changes)
        wanted = select(self.writes(merged), changes)
        self.check_before(changes, wanted)
        devices = changes_devices(current, changes)
        with self._systemd() as systemd:
            properties = unit_properties.from_writes(wanted, systemd.version())
            if devices:
                properties += self._device_properties(merged)
            if not properties:
                return self.inner.update(current, changes)
            before = systemd.get_properties(self.unit, [name for name, _ in properties])
            with Still(self, devices):
                systemd.set_properties(self.unit, properties)
                try:
                    return self.inner.update(current, changes)
                except PyruncError:
                    systemd.set_properties(self.unit, before)
                    if devices:  # systemd's own list is not the exact one
                        self.inner.apply_devices(current)
                    raise

    def delegate(self, uid: int) -> None:
        """See Manager.delegate."""
        self.inner.delegate(uid)

    # -- the end -----------------------------------------------------------------------------

    def spawn_fd(self) -> int:
        """-1 until the unit is there; then an exec'd process can be born in it."""
        try:
            return self.inner.spawn_fd()
        except NativeError:
            return -1

    def join_fds(self) -> list[int]:
        """See Manager.join_fds: for exec'd processes only."""
        return self.inner.join_fds()

    def for_exec(self, specs: Sequence[str], init_pid: int) -> Manager:
        """See Manager.for_exec: systemd has no part in it."""
        return self.inner.for_exec(specs, init_pid)

    def remove(self) -> None:
        """Stops the unit, forgets its failure, and removes what systemd did not make."""
        with self._systemd() as systemd:
            systemd.stop(self.unit)
            systemd.reset_failed(self.unit)
        self.inner.remove()


def place(cgroups_path: str, container_id: str, layout: Layout, *, user: bool,
          address: str = "") -> tuple[str, str, str]:
    """(slice, unit, path of the unit's cgroup below the mount points)."""
    parent, unit = unit_names.parse(cgroups_path, container_id, user=user)
    path = unit_names.unit_path(parent, unit)
    if not user:
        return parent, unit, path
    if layout.version != 2 or UNIFIED not in layout.mounts:
        raise ConfigError("the systemd cgroup driver works for a user on cgroup v2 only")
    with Systemd(user=True, address=address) as systemd:
        return parent, unit, f"{systemd.control_group()}/{path}".strip("/")
