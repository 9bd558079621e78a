# SPDX-License-Identifier: Apache-2.0
"""linux.intelRdt: the container in a resctrl group: cache, memory bandwidth, monitoring.

Documentation/filesystems/resctrl.rst of the kernel; config-linux.md, IntelRdt.
"""

from __future__ import annotations

import os

from pyrunc.errors import ConfigError, NativeError, PyruncError, errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.config.types import IntelRdt

MOUNTINFO = "/proc/self/mountinfo"
_READ_MAX = 1 << 20
# What lies beside the groups in the root.
_NOT_GROUPS = ("info", "mon_groups", "mon_data")
_ROOT_CLASS = "/"
_HEXADECIMAL = ("L2", "L3")  # masks, also L3CODE and the like; bandwidth is decimal


def find_mount(mountinfo: str = MOUNTINFO) -> str:
    """Where resctrl is mounted; ConfigError when it is not (RDT-1). proc_pid_mountinfo(5)."""
    with open(mountinfo, "rb", buffering=0) as file:
        data = file.readall()
    for line in data.splitlines():
        front, _, back = line.partition(b" - ")
        if back.startswith(b"resctrl "):
            return os.fsdecode(_unescape(front.split(b" ")[4]))
    raise ConfigError("linux.intelRdt: resctrl is not mounted (mount -t resctrl resctrl "
                      "/sys/fs/resctrl, if the processor has it)")  # fmt: skip


def _unescape(path: bytes) -> bytes:
    for code, byte in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        path = path.replace(code, byte)
    return path


class Group:
    """The group that linux.intelRdt asks for: looked at first, then made, then joined.

    made: the group's directory is not there yet.
    """

    def __init__(self, wanted: IntelRdt, container_id: str, mount: str) -> None:
        name = wanted.get("closID") or container_id
        if name in _NOT_GROUPS:
            raise ConfigError(f'linux.intelRdt.closID: "{name}" is not a group of resctrl')
        self.path = mount if name == _ROOT_CLASS else f"{mount}/{name}"
        self.mount = mount
        self.lines = schema_lines(wanted)
        self.made = not os.path.isdir(self.path)
        monitors = bool(wanted.get("enableMonitoring"))
        self.monitor = f"{self.path}/mon_groups/{container_id}" if monitors else ""
        self._ours = {self.monitor}
        if self.made and not wanted.get("closID"):
            self._ours.add(self.path)  # and so it ends with the container (RDT-8)
        if self.made and wanted.get("closID") and not self.lines:
            raise ConfigError(
                f"linux.intelRdt.closID: there is no {self.path}, and no schema to make it with"
            )

    def record(self) -> dict[str, Any]:
        """What state.json keeps: the directories that `remove` is to remove, in their order."""
        remove = [path for path in (self.monitor, self.path) if path and path in self._ours]
        return {"path": self.path, "monitor": self.monitor, "remove": remove}

    def create(self) -> None:
        """Makes or compares the group (RDT-6); what fails halfway is not left behind."""
        if not self.made:
            self._compare()
        else:
            self._mkdir(self.path)
            try:
                write_schemata(self.path, self.lines, self.mount)
            except BaseException:
                os.rmdir(self.path)
                raise
        if self.monitor:
            self._mkdir(self.monitor)

    def _mkdir(self, path: str) -> None:
        try:
            os.mkdir(path, 0o755)
        except OSError as error:
            self._ours.discard(path)  # somebody else's, if there is one
            # ENOSPC: the processor has no more classes or monitoring ids.
            raise NativeError(
                f"linux.intelRdt: make {path}", error.errno or 0, _reason(self.mount)
            ) from None

    def _compare(self) -> None:
        if not self.lines:
            return
        try:
            there = parse(read(f"{self.path}/schemata").splitlines())
        except OSError as error:
            what = f"linux.intelRdt: read {self.path}/schemata"
            raise NativeError(what, error.errno or 0) from None
        for resource, domains in parse(self.lines).items():
            for domain, value in domains.items():
                found = there.get(resource, {}).get(domain)
                if found != value:
                    raise ConfigError(
                        f"linux.intelRdt: {self.path} is there and has another schema: {resource} "
                        f"of {domain or 'the line'} is {_shown(resource, found)}, wanted is "
                        f"{_shown(resource, value)}"
                    )


def write_schemata(group: str, lines: list[str], mount: str) -> None:
    """Gives a group the schemata of `lines`, all or none; NativeError with the kernel's reason."""
    if not lines:
        return
    try:
        _write(f"{group}/schemata", "".join(line + "\n" for line in lines))
    except OSError as error:
        what = f"linux.intelRdt: write {', '.join(lines)} to {group}/schemata"
        raise NativeError(what, error.errno or 0, _reason(mount)) from None


def _reason(mount: str) -> str:
    """The kernel's own words on the last failure."""
    try:
        text = read(f"{mount}/info/last_cmd_status").strip()
    except OSError:
        return ""
    return "" if text == "ok" else text


def schema_lines(wanted: IntelRdt) -> list[str]:
    """The lines for the schemata file, in the standard's order (RDT-5). ConfigError for a line
    break (RDT-4).
    """
    first = [wanted.get("l3CacheSchema", ""), wanted.get("memBwSchema", "")]
    for index, line in enumerate(wanted.get("schemata", ())):
        if "\n" in line:
            raise ConfigError(f"linux.intelRdt.schemata[{index}]: there is a newline in it")
    return [line for line in (*first, *wanted.get("schemata", ())) if line]


def parse(lines: list[str]) -> dict[str, dict[str, int | str | None]]:
    """{resource: {domain: value}}, so that zeros, blanks and order do not count; masks are
    hexadecimal. What is not of that form is kept as it is, under the domain "".
    """
    found: dict[str, dict[str, int | str | None]] = {}
    for line in lines:
        resource, colon, rest = line.partition(":")
        if not colon:
            continue
        domains = found.setdefault(resource.strip(), {})
        for part in rest.split(";"):
            domain, equals, value = (word.strip() for word in part.partition("="))
            if not equals:
                domains[""] = part.strip()
            else:
                key = str(int(domain)) if domain.isdecimal() else domain
                domains[key] = _number(resource.strip(), value)
    return found


def _number(resource: str, value: str) -> int | str:
    try:
        return int(value, 16 if resource.startswith(_HEXADECIMAL) else 10)
    except ValueError:
        return value


def _shown(resource: str, value: int | str | None) -> str:
    if value is None:
        return "not there"
    hexadecimal = isinstance(value, int) and resource.startswith(_HEXADECIMAL)
    return f"{value:x}" if hexadecimal else str(value)


def remove(record: dict[str, Any]) -> None:
    """Removes what Group.record() names; what is gone already is fine. PyruncError."""
    for path in record.get("remove", ()):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            reason = errno_text(error.errno or 0)
            raise PyruncError(f"remove resctrl group {path}: {reason}") from None


def join(record: dict[str, Any], pid: int) -> None:
    """Puts a process, and so what it starts, into the container's group and monitoring (RDT-1)."""
    for path in (record["path"], record["monitor"]):
        if path:
            try:
                _write(f"{path}/tasks", str(pid))
            except OSError as error:
                what = f"linux.intelRdt: write the pid to {path}/tasks"
                raise NativeError(what, error.errno or 0) from None


def _write(path: str, text: str) -> None:
    """One write(2): the kernel takes all lines or none. OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def read(path: str) -> str:
    """The text of one of resctrl's files; OSError."""
    with open(path, "rb", buffering=0) as file:
        return (file.read(_READ_MAX) or b"").decode(errors="replace")
