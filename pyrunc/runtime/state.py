# SPDX-License-Identifier: Apache-2.0
"""The container's record on disk: ROOT/ID/state.json, its lock, and the status derived from it."""

from __future__ import annotations

import fcntl
import os
import time

from pyrunc import jsonio
from pyrunc.errors import ExistsError, NotFoundError, StateError, UsageError, errno_text
from pyrunc.runtime import process
from pyrunc.tables.namespaces import NAMESPACES
from pyrunc.tables.spec import OCI_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.runtime.context import Context

VERSION = 1
STATE = "state.json"
CONFIG = "config.json"
FIFO = "exec.fifo"
LOCK = "lock"

_ID_BYTES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-")
_DENIED = (1, 13, 30)  # EPERM, EACCES, EROFS
_ID_MAX = 255  # NAME_MAX: the id names a directory


def check_id(container_id: str) -> None:
    """UsageError unless the id may name a container (OPS-C2): it becomes a path component."""
    if not container_id:
        raise UsageError("container id cannot be empty")
    if (not _ID_BYTES.issuperset(container_id) or container_id in (".", "..")
            or len(container_id) > _ID_MAX):
        raise UsageError("invalid container ID format")


def directory(ctx: Context, container_id: str) -> str:
    """The state directory of the id; UsageError for an id that cannot be."""
    check_id(container_id)
    return f"{ctx.root}/{container_id}"


def timestamp() -> str:
    """Now as Go writes it (RFC 3339 with nanoseconds, UTC, no zeros at the end)."""
    now = time.time_ns()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1_000_000_000))
    fraction = f"{now % 1_000_000_000:09d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


# Every member of state.json with its default; the default's type is the member's type.
_MEMBERS: tuple[tuple[str, Any], ...] = (
    ("version", VERSION),
    ("oci_version", OCI_VERSION),
    ("id", ""),
    ("phase", "creating"),  # creating until PR_OP_READY, then created for ever
    ("creator_pid", 0),
    ("creator_start", 0),
    ("init_process_pid", 0),
    ("init_process_start", 0),
    ("created", ""),
    ("bundle", ""),
    ("rootfs", ""),
    ("annotations", {}),
    ("owner_uid", 0),
    ("rootless", False),
    ("cgroup_driver", ""),
    ("cgroup_paths", {}),
    ("cgroup", {}),  # cgroups.Manager.record(): what cgroups.from_state() reads
    ("intel_rdt", {}),  # resctrl.Group.record(): what resctrl.remove() reads
    ("namespace_paths", {}),
    ("private_pid_namespace", True),
    ("keyring", True),  # the container has a session keyring of its own
    ("hooks", []),
)


class State:
    """state.json in memory; the attributes are its members (ARCHITECTURE, "State directory").

    `path` is the state directory. Only facts are stored; `status` looks afresh. `written` is no
    member: (temporary, path) of what prepare() wrote.
    """

    __slots__ = ("path", "written", *(name for name, _ in _MEMBERS))

    path: str
    written: list[tuple[str, str]]
    version: int
    oci_version: str
    id: str
    phase: str
    creator_pid: int
    creator_start: int
    init_process_pid: int
    init_process_start: int
    created: str
    bundle: str
    rootfs: str
    annotations: dict[str, str]
    owner_uid: int
    rootless: bool
    cgroup_driver: str
    cgroup_paths: dict[str, str]
    cgroup: dict[str, Any]
    intel_rdt: dict[str, Any]
    namespace_paths: dict[str, str]
    private_pid_namespace: bool
    keyring: bool
    hooks: list[str]

    def __init__(self, path: str, members: dict[str, Any] | None = None) -> None:
        self.path = path
        self.written = []
        for name, default in _MEMBERS:
            value = (members or {}).get(name)
            if value is None:
                value = type(default)() if isinstance(default, dict | list) else default
            elif type(value) is not type(default):
                raise StateError(f"{path}/{STATE}: {name} is a {type(value).__name__}, "
                                 f"not a {type(default).__name__}")
            setattr(self, name, value)

    def members(self) -> dict[str, Any]:
        """What state.json holds."""
        return {name: getattr(self, name) for name, _ in _MEMBERS}

    def save(self) -> None:
        """Writes state.json (0600) by rename, so that a reader sees the old one or the new one;
        and for a container that is made, the front door's record. OSError.
        """
        self.prepare()
        self.publish()

    def prepare(self) -> None:
        """Writes what save() writes beside where it belongs, for publish() to put there."""
        while self.written:
            os.unlink(self.written.pop()[0])
        path = f"{self.path}/{STATE}"
        data = jsonio.dumps(self.members()).encode()
        self.written = [(write_aside(path, data, 0o600), path)]
        if self.phase == "created":
            from pyrunc.runtime import record

            record.prepare(self)

    def publish(self) -> None:
        """Makes what prepare() wrote the container's state; OSError."""
        while self.written:
            os.rename(*self.written[0])
            del self.written[0]

    def status(self) -> str:
        """One of creating, created, running, paused, stopped: derived from the live system.

        A pid that is gone, a zombie or younger than recorded is not ours (STA-10).
        """
        if self.phase == "creating":
            alive = process.is_alive(self.creator_pid, self.creator_start)
            return "creating" if alive else "stopped"
        if not process.is_alive(self.init_process_pid, self.init_process_start):
            return "stopped"
        if self._frozen():
            return "paused"
        return "created" if os.path.lexists(f"{self.path}/{FIFO}") else "running"

    def _frozen(self) -> bool:
        if not self.cgroup_paths:
            return False
        from pyrunc import cgroups

        return cgroups.from_state(self.members()).frozen()

    def document(self, status: str = "") -> dict[str, Any]:
        """The standard's state (section "State"): what hooks get on their standard input."""
        status = status or self.status()
        state = {
            "ociVersion": self.oci_version,
            "id": self.id,
            "status": status,
            "pid": 0 if status == "stopped" else self.init_process_pid,
            "bundle": self.bundle,
        }
        if self.annotations:
            state["annotations"] = self.annotations
        return state

    def config(self) -> dict[str, Any]:
        """The snapshot of config.json taken at create (VAL-4)."""
        value = jsonio.loads(process.read_file(f"{self.path}/{CONFIG}"))
        if not isinstance(value, dict):
            raise StateError(f"{self.path}/{CONFIG} is not an object")
        return value


def load(ctx: Context, container_id: str) -> State:
    """The container's state; NotFoundError when there is none, StateError when it is damaged."""
    path = directory(ctx, container_id)
    try:
        data = process.read_file(f"{path}/{STATE}")
    except FileNotFoundError:
        raise NotFoundError() from None
    try:
        members = jsonio.loads(data)
    except jsonio.JsonError as error:
        raise StateError(f"{path}/{STATE}: {error}") from None
    if not isinstance(members, dict):
        raise StateError(f"{path}/{STATE} is not an object")
    if members.get("version") != VERSION:
        raise StateError(f"{path}/{STATE} has version {members.get('version')}, not {VERSION}")
    return State(path, members)


def new(ctx: Context, container_id: str) -> State:
    """Makes ROOT (0700) and ROOT/ID (0711), whatever the umask; returns a state not yet saved.

    ExistsError when the id is in use: mkdir(2) decides between two creates at once.
    """
    path = directory(ctx, container_id)
    try:
        try:
            os.mkdir(path, 0o711)
        except FileNotFoundError:  # the first container
            os.makedirs(ctx.root, mode=0o700, exist_ok=True)
            os.mkdir(path, 0o711)
        os.chmod(path, 0o711)
    except FileExistsError:
        raise ExistsError() from None
    except OSError as error:
        hint = " (--root or XDG_RUNTIME_DIR may name a directory that is yours)"
        denied = hint if error.errno in _DENIED else ""
        raise StateError(f"mkdir {path}: {errno_text(error.errno or 0)}{denied}") from None
    state = State(path)
    pid = os.getpid()
    state.id = container_id
    state.created = timestamp()
    state.creator_pid = pid
    state.creator_start = process.start_time(pid)
    state.owner_uid = os.geteuid()
    return state


class Lock:
    """The container's lock, held from `with` to its end: a verb that changes it works alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = -1

    def __enter__(self) -> Lock:
        """NotFoundError when the container is deleted while we wait."""
        try:
            self.fd = os.open(f"{self.path}/{LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            raise NotFoundError() from None
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        if os.fstat(self.fd).st_nlink == 0:
            self.__exit__()
            raise NotFoundError()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.fd >= 0:
            fcntl.flock(self.fd, fcntl.LOCK_UN)  # a forked child may hold a copy of the descriptor
            os.close(self.fd)
            self.fd = -1


def replace_file(path: str, data: bytes, mode: int) -> None:
    """Writes a file that appears whole or not at all; OSError."""
    temporary = write_aside(path, data, mode)
    try:
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_aside(path: str, data: bytes, mode: int) -> str:
    """Writes what is to be the file `path` into one beside it; returns that one's path. OSError."""
    head, _, tail = path.rpartition("/")
    temporary = f"{head}/.{tail}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(temporary, flags, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
        os.fchmod(fd, mode)
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)
    return temporary


def namespace_paths(pid: int) -> dict[str, str]:
    """The container's namespaces by the names that others read in state.json."""
    return {
        f"NEW{'NS' if name == 'mnt' else name.upper()}": f"/proc/{pid}/ns/{name}"
        for _, name in NAMESPACES.values()
    }
