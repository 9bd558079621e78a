# SPDX-License-Identifier: Apache-2.0
"""The only module that touches ffi and lib: one thin typed function for each C function."""

from __future__ import annotations

import os

from pyrunc._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

NO_FD = -1


class Failure(OSError):
    """A C function failed: `errno`, `step` (PR_STEP_*) and `detail` say how; it has no sentence
    yet.
    """

    def __init__(self, number: int, step: int, detail: str = "") -> None:
        super().__init__(number, os.strerror(number) if number >= 0 else str(number))
        self.step = step
        self.detail = detail


class CompileFailure(Failure):
    """libseccomp refused the system call `detail`, or the architecture of that index (or -1)."""

    def __init__(self, number: int, step: int, detail: str, architecture: int) -> None:
        super().__init__(number, step, detail)
        self.architecture = architecture


class Message:
    """What the init stage said. `fds` are the receiver's."""

    __slots__ = ("detail", "errnum", "fds", "kind", "op", "step", "value")

    def __init__(self, raw: Any, fds: list[int]) -> None:
        self.kind: int = raw.kind
        self.op: int = raw.op
        self.value: int = raw.value
        self.errnum: int = raw.error.errnum
        self.step: int = raw.error.step
        self.detail: str = ffi.string(raw.error.detail).decode("utf-8", "replace")
        self.fds = fds


class Child:
    """A started init stage; `close` closes pidfd and socket."""

    __slots__ = ("pid", "pidfd", "sock")

    def __init__(self, pid: int, pidfd: int, sock: int) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.sock = sock

    def close_socket(self) -> None:
        if self.sock >= 0:
            os.close(self.sock)
            self.sock = -1

    def close(self) -> None:
        self.close_socket()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def _raise(error: Any) -> None:
    raise Failure(error.errnum, error.step, ffi.string(error.detail).decode("utf-8", "replace"))


def _error() -> Any:
    return ffi.new("struct pr_error *")


def _vector(strings: Sequence[str]) -> tuple[Any, list[Any]]:
    """A NULL-terminated char** and what must live as long as it."""
    keep = [ffi.new("char[]", os.fsencode(string)) for string in strings]
    return ffi.new("char *[]", [*keep, ffi.NULL]), keep


def seal_executable(exe_fd: int) -> int:
    """A sealed copy of the executable as a memfd (the caller's)."""
    error = _error()
    fd: int = lib.pr_seal_executable(exe_fd, error)
    if fd < 0:
        _raise(error)
    return fd


def seal_plan(data: bytes | bytearray) -> int:
    """A sealed memfd that holds the plan (the caller's)."""
    error = _error()
    fd: int = lib.pr_seal_plan(ffi.from_buffer(data), len(data), error)
    if fd < 0:
        _raise(error)
    return fd


def plan_check(data: bytes | bytearray) -> None:
    """Failure unless C would accept the plan."""
    error = _error()
    if lib.pr_plan_check(ffi.from_buffer(data), len(data), error) < 0:
        _raise(error)


def spawn(
    exe_fd: int,
    plan_fd: int,
    clone_flags: int,
    *,
    cgroup_fd: int = NO_FD,
    join: Sequence[int] = (),
    preserve: int = 0,
    keep: Sequence[int] = (),
    stdio: Sequence[int] = (),
) -> Child:
    """Starts the init stage (clone3, execveat). The caller owns pidfd and socket of the Child.

    stdio: three fds of its streams, each above 2, or -1 for the caller's own; empty = all its own.
    """
    error = _error()
    child = ffi.new("struct pr_child *")
    done = lib.pr_spawn(
        exe_fd,
        plan_fd,
        clone_flags,
        cgroup_fd,
        ffi.new("int[]", list(join)),
        len(join),
        preserve,
        ffi.new("int[]", list(keep)),
        len(keep),
        ffi.new("int[]", list(stdio)) if stdio else ffi.NULL,
        child,
        error,
    )
    if done < 0:
        _raise(error)
    return Child(child.pid, child.pidfd, child.sock)


def recv(sock: int) -> Message | None:
    """The next message, None at end of file."""
    error = _error()
    raw = ffi.new("struct pr_msg *")
    fds = ffi.new("int[]", lib.PR_MSG_FDS_MAX)
    count = ffi.new("uint32_t *")
    got = lib.pr_recv(sock, raw, fds, count, error)
    if got < 0:
        _raise(error)
    return Message(raw, [fds[i] for i in range(count[0])]) if got else None


def send_go(sock: int, sync: int, payload: bytes = b"", fds: Sequence[int] = ()) -> None:
    """Answers PR_MSG_SYNC; Failure with PR_STEP_PEER_GONE when the stage died."""
    error = _error()
    done = lib.pr_send_go(
        sock,
        sync,
        ffi.from_buffer(payload),
        len(payload),
        ffi.new("int[]", list(fds)),
        len(fds),
        error,
    )
    if done < 0:
        _raise(error)


def open_sources(pidfd: int, sources: Sequence[tuple[str, tuple[int, int]]]) -> list[int]:
    """Opens paths O_PATH in the mount namespace of pidfd with our credentials; fds are the
    caller's.

    sources: (path, (user namespace fd, PR_IDMAP_*)); with a namespace (not -1) the fd is a
    detached, id-mapped clone. A Failure's `detail` names the path that could not be opened.
    """
    paths = [os.fsencode(path) for path, _ in sources]
    error = _error()
    failed = ffi.new("uint32_t *")
    fds = ffi.new("int[]", max(1, len(paths)))
    block = b"".join(path + b"\0" for path in paths)
    idmaps = ffi.new("struct pr_idmap[]", [idmap for _, idmap in sources])
    done = lib.pr_open_sources(
        pidfd, ffi.from_buffer(block), idmaps, len(paths), fds, failed, error
    )
    if done < 0:
        raise Failure(error.errnum, error.step, os.fsdecode(paths[failed[0]]))
    return [fds[i] for i in range(len(paths))]


def userns_fd(uid_map: str, gid_map: str) -> int:
    """A user namespace with these maps that no process is in (the caller's fd)."""
    error = _error()
    fd: int = lib.pr_userns_fd(uid_map.encode(), gid_map.encode(), error)
    if fd < 0:
        _raise(error)
    return fd


def netlink_socket(pidfd: int) -> int:
    """A NETLINK_ROUTE socket (the caller's) in the network namespace of a process, or our own."""
    error = _error()
    fd: int = lib.pr_netlink_socket(pidfd, error)
    if fd < 0:
        _raise(error)
    return fd


def send_to_path(path: str, data: bytes, fds: Sequence[int]) -> None:
    """Sends data and fds over a new connection to the AF_UNIX stream socket at path."""
    error = _error()
    array = ffi.new("int[]", list(fds))
    done = lib.pr_send_to_path(
        os.fsencode(path), ffi.from_buffer(data), len(data), array, len(fds), error
    )
    if done < 0:
        _raise(error)


def run_hook(
    path: str, args: Sequence[str], env: Sequence[str], cwd: str, state: bytes, timeout: int
) -> None:
    """Runs one hook to its end; timeout in seconds, 0 = none. cwd may be ""."""
    error = _error()
    argv, keep_args = _vector(args)
    envp, keep_env = _vector(env)
    done = lib.pr_run_hook(
        os.fsencode(path),
        argv,
        envp,
        os.fsencode(cwd) if cwd else ffi.NULL,
        ffi.from_buffer(state),
        len(state),
        timeout,
        error,
    )
    del keep_args, keep_env
    if done < 0:
        _raise(error)


def start(dirfd: int, pidfd: int) -> Message | None:
    """Lets the waiting stage go on. None when the program runs; the stage's error message else.

    Failure when the stage is gone (PR_STEP_DEAD) or the fifo is not there.
    """
    error = _error()
    raw = ffi.new("struct pr_msg *")
    if lib.pr_start(dirfd, pidfd, raw, error) == 0:
        return None
    if raw.kind == lib.PR_MSG_ERROR:
        return Message(raw, [])
    _raise(error)
    return None


def process_stat(pid: int) -> tuple[int, str]:
    """Start time (clock ticks since boot) and state letter; Failure when the process is gone."""
    error = _error()
    start_time = ffi.new("uint64_t *")
    letter = ffi.new("char *")
    if lib.pr_process_stat(pid, start_time, letter, error) < 0:
        _raise(error)
    return start_time[0], letter[0].decode("latin-1")


def wait_exit(pidfd: int, timeout_ms: int = -1) -> bool:
    """True when the process ended within timeout_ms (-1 = for ever)."""
    error = _error()
    ended: int = lib.pr_wait_exit(pidfd, timeout_ms, error)
    if ended < 0:
        _raise(error)
    return bool(ended)


def take_fd(pidfd: int, number: int, sock: int) -> int:
    """A copy (the caller's) of a descriptor that the process is about to open. pidfd_getfd(2).

    Failure with PR_STEP_PEER_GONE when it says something on sock instead, or ended.
    """
    error = _error()
    fd: int = lib.pr_take_fd(pidfd, number, sock, error)
    if fd < 0:
        _raise(error)
    return fd


def set_subreaper(*, on: bool) -> None:
    """PR_SET_CHILD_SUBREAPER of this process."""
    error = _error()
    if lib.pr_set_subreaper(on, error) < 0:
        _raise(error)


def set_rlimit(pid: int, resource: int, soft: int, hard: int) -> None:
    """Sets a resource limit of a process; 2**64-1 is infinity. prlimit(2)."""
    error = _error()
    if lib.pr_set_rlimit(pid, resource, soft, hard, error) < 0:
        _raise(error)


def relay(pid: int, pidfd: int, master_fd: int = NO_FD) -> int:
    """Waits in the foreground for a child process; returns its exit status, 128 + signal."""
    error = _error()
    status: int = lib.pr_relay(pid, pidfd, master_fd, error)
    if status < 0:
        _raise(error)
    return status


def message(data: bytes) -> Message:
    """The message of the init stage from its bytes (struct pr_msg)."""
    raw = ffi.new("struct pr_msg *")
    ffi.buffer(raw)[:] = data
    return Message(raw, [])


def seccomp_compile(
    default: int,
    newer: int,
    architectures: Sequence[int],
    rules: Sequence[tuple[str, int, Sequence[tuple[int, int, int, int]]]],
) -> tuple[bytes, list[int]]:
    """BPF instructions, and the indexes of rules whose system call is unknown.

    newer: the action of system calls newer than all that the rules name, 0 = default.
    rules: (system call, action, ANDed conditions (argument, operator, value, second value)).
    """
    names: dict[str, int] = {}
    block = bytearray()
    for name, _, _ in rules:
        if name not in names:
            names[name] = len(block)
            block += name.encode() + b"\0"
    args = [arg for _, _, conditions in rules for arg in conditions]
    raw_rules = ffi.new("struct pr_seccomp_rule[]", max(1, len(rules)))
    first = 0
    for i, (name, action, conditions) in enumerate(rules):
        raw_rules[i] = (names[name], action, first, len(conditions))
        first += len(conditions)
    error = _error()
    unknown = ffi.new("uint8_t[]", max(1, len(rules)))
    program = ffi.new("uint8_t[]", _PROGRAM_MAX)
    size = ffi.new("uint32_t *", _PROGRAM_MAX)
    failed = ffi.new("uint32_t *")
    done = lib.pr_seccomp_compile(
        default,
        newer,
        ffi.new("uint32_t[]", list(architectures)),
        len(architectures),
        ffi.from_buffer(bytes(block) or b"\0"),
        raw_rules,
        len(rules),
        ffi.new("struct pr_seccomp_arg[]", args),
        unknown,
        program,
        size,
        failed,
        error,
    )
    if done < 0:
        at = failed[0]
        name = rules[at][0] if at < len(rules) else ""
        architecture = at - len(rules) if 0 <= at - len(rules) < len(architectures) else -1
        raise CompileFailure(error.errnum, error.step, name, architecture)
    return bytes(ffi.buffer(program, size[0])), [i for i in range(len(rules)) if unknown[i]]


_PROGRAM_MAX = 65536


def seccomp_version() -> int:
    """libseccomp's version: major << 16 | minor << 8 | micro."""
    version: int = lib.pr_seccomp_version()
    return version
