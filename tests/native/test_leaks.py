# SPDX-License-Identifier: Apache-2.0
"""No function of the C core leaves a descriptor or a child behind, in success or in failure."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pyrunc import native
from pyrunc.native import ffi, lib
from pyrunc.plan import ops

from .conftest import DOOR, children, open_fds, plain

ROUNDS = 20
Call = Callable[["Things"], object]


class Things:
    """What the calls work on: a directory like a cgroup's, a socket, a child, descriptors."""

    def __init__(self, home: Path) -> None:
        self.home = str(home)
        self.mount = ffi.new("char[]", os.fsencode(self.home))
        self.error = ffi.new("struct pr_error *")
        self.number = ffi.new("uint32_t *")
        self.fds = ffi.new("int[]", 300)
        self.numbers = ffi.new("uint32_t[]", 16)
        self.buffer = ffi.new("char[]", 4096)
        self.group = os.fsencode(self.home) + b"\0g\0"
        self.missing = os.fsencode(self.home) + b"\0g/no/such\0"
        (home / "g").mkdir()
        for name in ("cgroup.procs", "tasks", "cpuset.cpus", "cpuset.mems", "freezer.state"):
            (home / "g" / name).write_text("")
            (home / name).write_text("0\n")
        self.dirfd = os.open(home, os.O_RDONLY)
        self.door = os.open(DOOR, os.O_RDONLY)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.home}/sock")
        self.listener.listen(128)
        self.pid = os.fork()
        if self.pid == 0:
            signal.pause()
            os._exit(0)
        self.pidfd = os.pidfd_open(self.pid)

    def close(self) -> None:
        for fd in (self.dirfd, self.door, self.pidfd):
            os.close(fd)
        self.listener.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def things(tmp_path: Path) -> Iterator[Things]:
    things = Things(tmp_path)
    yield things
    things.close()


def closing(fd: int) -> None:
    if fd >= 0:
        os.close(fd)


def spawn_and_reap(t: Things) -> None:
    plan_fd = native.seal_plan(ops.Plan().encode())
    child = native.spawn(t.door, plan_fd, 0)
    os.close(plan_fd)
    native.recv(child.sock)
    child.close()
    os.waitpid(child.pid, 0)


def spawn_no_program(t: Things) -> None:
    with suppress(native.Failure):
        native.spawn(t.dirfd, t.dirfd, 0)


def exchange(t: Things) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        native.send_go(one.fileno(), 1, b"", [t.dirfd] * 3)
        message = native.recv(other.fileno())
        assert message
        for fd in message.fds:
            os.close(fd)
        one.send(b"short")
        with suppress(native.Failure):
            native.recv(other.fileno())


def relay_child(t: Things) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    pidfd = os.pidfd_open(pid)
    native.relay(pid, pidfd)
    os.close(pidfd)


def sources(t: Things) -> None:
    for fd in native.open_sources(t.pidfd, plain("/", t.home)):
        os.close(fd)


def send_to_socket(t: Things) -> None:
    native.send_to_path(f"{t.home}/sock", b"x", [t.dirfd])
    connection, _ = t.listener.accept()
    with connection:
        for fd in socket.recv_fds(connection, 1, 1)[1]:
            os.close(fd)


def failing(call: Call) -> Call:
    """The call, which must fail."""

    def run(t: Things) -> None:
        with pytest.raises(native.Failure):
            call(t)

    return run


def join_opened(t: Things) -> None:
    """Opens what a join writes to; a join of plain files writes and changes nothing."""
    if lib.pr_cgroup_open_join(t.group, 1, t.fds, t.number, t.error) == 0:
        lib.pr_cgroup_join(t.fds, 1, t.error)
        os.close(t.fds[0])


def join_half(t: Things) -> None:
    assert lib.pr_cgroup_open_join(t.group + t.missing, 2, t.fds, t.number, t.error) == -1


GROUP = b"g"
MISSING = b"no/such"
FILTER = [("sched_yield", 0x0005_0001, [])]

# function: calls in which it succeeds, and in which it fails
CALLS: dict[str, list[Call]] = {
    "pr_bpf_device_attach": [lambda t: lib.pr_bpf_device_attach(t.dirfd, t.dirfd, t.error)],
    "pr_bpf_device_load": [lambda t: lib.pr_bpf_device_load(t.buffer, 1, t.error)],
    "pr_bpf_device_query": [lambda t: lib.pr_bpf_device_query(t.dirfd, t.numbers, 16, t.error)],
    "pr_cgroup_attach": [
        lambda t: lib.pr_cgroup_attach(t.group, 1, t.pid, t.number, t.error),
        lambda t: lib.pr_cgroup_attach(t.group + t.missing, 2, t.pid, t.number, t.error),
    ],
    "pr_cgroup_chown": [
        lambda t: lib.pr_cgroup_chown(t.mount, GROUP, b"tasks", os.getuid(), os.getgid(), t.error),
        lambda t: lib.pr_cgroup_chown(t.mount, MISSING, b"", 0, 0, t.error),
    ],
    "pr_cgroup_create": [
        lambda t: lib.pr_cgroup_create(t.group, 1, t.number, t.error),
        lambda t: lib.pr_cgroup_create(t.group + b"/no\0x\0", 2, t.number, t.error),
    ],
    "pr_cgroup_fill_cpuset": [
        lambda t: lib.pr_cgroup_fill_cpuset(t.mount, GROUP, t.error),
        lambda t: lib.pr_cgroup_fill_cpuset(t.mount, MISSING, t.error),
    ],
    "pr_cgroup_freeze": [
        lambda t: lib.pr_cgroup_freeze(t.mount, GROUP, 1, 1, 1, t.error),
        lambda t: lib.pr_cgroup_freeze(t.mount, MISSING, 2, 1, 1, t.error),
    ],
    "pr_cgroup_frozen": [
        lambda t: lib.pr_cgroup_frozen(t.mount, GROUP, 1, t.error),
        lambda t: lib.pr_cgroup_frozen(t.mount, MISSING, 2, t.error),
    ],
    "pr_cgroup_join": [join_opened],
    "pr_cgroup_kill": [
        lambda t: lib.pr_cgroup_kill(t.mount, MISSING, 1, 0, t.error),
        lambda t: lib.pr_cgroup_kill(t.mount, MISSING, 2, 0, t.error),
    ],
    "pr_cgroup_missing": [
        lambda t: lib.pr_cgroup_missing(t.missing, 1, t.numbers, t.number, t.error),
        lambda t: lib.pr_cgroup_missing(b"/no\0x\0", 1, t.numbers, t.number, t.error),
    ],
    "pr_cgroup_open": [
        lambda t: closing(lib.pr_cgroup_open(t.mount, GROUP, b"", os.O_PATH, t.error)),
        lambda t: lib.pr_cgroup_open(t.mount, MISSING, b"tasks", os.O_RDONLY, t.error),
    ],
    "pr_cgroup_open_join": [join_opened, join_half],
    "pr_cgroup_pids": [
        lambda t: lib.pr_cgroup_pids(t.mount, GROUP, 1, ffi.cast("int32_t *", t.numbers), 16,
                                     t.error),
        lambda t: lib.pr_cgroup_pids(t.mount, MISSING, 1, ffi.NULL, 0, t.error),
    ],
    "pr_cgroup_read": [
        lambda t: lib.pr_cgroup_read(t.mount, GROUP, b"tasks", t.buffer, 4096, t.error),
        lambda t: lib.pr_cgroup_read(t.mount, MISSING, b"tasks", t.buffer, 4096, t.error),
    ],
    "pr_cgroup_remove": [
        lambda t: lib.pr_cgroup_remove(t.missing, [2], 1, 0, t.number, t.error),
        lambda t: lib.pr_cgroup_remove(t.group, [1], 1, 0, t.number, t.error),
    ],
    "pr_cgroup_version": [
        lambda t: lib.pr_cgroup_version(t.mount, t.error),
        lambda t: lib.pr_cgroup_version(b"/no/such", t.error),
    ],
    "pr_cgroup_write": [
        lambda t: lib.pr_cgroup_write(t.group + b"tasks\0000\0", 1, t.number, t.error),
        lambda t: lib.pr_cgroup_write(t.missing + b"tasks\0000\0", 1, t.number, t.error),
    ],
    "pr_netlink_socket": [
        lambda t: closing(native.netlink_socket(t.pidfd)),
        failing(lambda t: native.netlink_socket(t.dirfd)),
    ],
    "pr_open_sources": [
        sources,
        failing(lambda t: native.open_sources(t.pidfd, plain("/", "/no"))),
    ],
    "pr_plan_check": [
        lambda t: native.plan_check(ops.Plan().encode()),
        failing(lambda t: native.plan_check(b"x")),
    ],
    "pr_process_stat": [
        lambda t: native.process_stat(t.pid),
        failing(lambda t: native.process_stat(-1)),
    ],
    "pr_record_check": [lambda t: lib.pr_record_check(bytes(200), 200, t.error)],
    "pr_record_seal": [lambda t: lib.pr_record_seal(t.buffer, 200)],
    "pr_recv": [exchange],
    "pr_relay": [relay_child, failing(lambda t: native.relay(2**31 - 1, t.dirfd))],
    "pr_run_hook": [
        lambda t: native.run_hook("/bin/true", ["true"], [], "", b"x" * 100_000, 1),
        failing(lambda t: native.run_hook("/no/such", ["true"], [], "", b"x", 1)),
        failing(lambda t: native.run_hook("/bin/false", ["false"], [], "", b"x", 1)),
    ],
    "pr_seal_executable": [
        lambda t: closing(native.seal_executable(t.door)),
        failing(lambda t: native.seal_executable(t.dirfd)),
    ],
    "pr_seccomp_version": [lambda t: lib.pr_seccomp_version()],
    "pr_seal_plan": [lambda t: closing(native.seal_plan(b"x"))],
    "pr_seccomp_compile": [
        lambda t: native.seccomp_compile(0x7FFF_0000, 0, architectures=[], rules=FILTER),
        failing(lambda t: native.seccomp_compile(1, 0, architectures=[], rules=FILTER)),
    ],
    "pr_send_go": [exchange, failing(lambda t: native.send_go(t.dirfd, 1, b"", [t.dirfd]))],
    "pr_send_to_path": [
        send_to_socket,
        failing(lambda t: native.send_to_path(f"{t.home}/no", b"x", [t.dirfd])),
        failing(lambda t: native.send_to_path(t.home + "/n" * 100, b"x", [])),
    ],
    "pr_set_rlimit": [
        lambda t: native.set_rlimit(t.pid, 4, 0, 0),
        failing(lambda t: native.set_rlimit(t.pid, 999, 0, 0)),
    ],
    "pr_set_subreaper": [lambda t: native.set_subreaper(on=False)],
    "pr_spawn": [spawn_and_reap, spawn_no_program],
    "pr_start": [failing(lambda t: native.start(t.dirfd, t.pidfd))],
    "pr_take_fd": [
        lambda t: closing(lib.pr_take_fd(t.pidfd, t.dirfd, t.listener.fileno(), t.error)),
        lambda t: lib.pr_take_fd(t.dirfd, 0, t.listener.fileno(), t.error),
    ],
    "pr_userns_fd": [
        lambda t: closing(lib.pr_userns_fd(b"0 0 1\n", b"0 0 1\n", t.error)),
        lambda t: lib.pr_userns_fd(b"junk", b"0 0 1\n", t.error),
    ],
    "pr_wait_exit": [lambda t: native.wait_exit(t.pidfd, 0)],
}  # fmt: skip


def test_every_function_is_here() -> None:
    """HABIT: a C function without a row in the table above fails this test."""
    assert set(CALLS) == {name for name in dir(lib) if name.startswith("pr_")}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_nothing_is_left(things: Things, name: str) -> None:
    """HABIT: after many calls, good and bad, descriptors and children are those from before."""
    before, family = open_fds(), children()
    assert things.pid in family
    for _ in range(ROUNDS):
        for call in CALLS[name]:
            call(things)
    assert open_fds() == before
    assert children() <= family  # what other tests left to be reaped may go, none may come
