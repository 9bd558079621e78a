# SPDX-License-Identifier: Apache-2.0
"""What the parent asks about processes: identity, end, limits, attributes, files they see."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrunc import native

from .conftest import ended, failure, forked, needs_root, plain, step
from .filters import without_clone3

_PR_SET_NAME, _PR_GET_CHILD_SUBREAPER = 15, 37
libc = ctypes.CDLL(None, use_errno=True)


def test_start_time() -> None:
    """STA: field 22 of /proc/PID/stat, and the state letter of a process that runs."""
    fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    assert native.process_stat(os.getpid()) == (int(fields[19]), "R")


@pytest.mark.parametrize("name", [b") R (", b"a b", b"))))", b"\n1 2 3"])
def test_name_that_looks_like_fields(name: bytes) -> None:
    """STA: a command name may hold brackets and blanks; the fields behind it are found."""

    def inside() -> None:
        before = native.process_stat(os.getpid())[0]
        libc.prctl(_PR_SET_NAME, name, 0, 0, 0)
        assert native.process_stat(os.getpid())[0] == before

    assert forked(inside) == 0


def test_zombie(spawn: Callable[..., int], pidfd_of: Callable[[int], int]) -> None:
    """STA: a process that ended and was not reaped has the letter Z."""
    pid = spawn("true")
    assert native.wait_exit(pidfd_of(pid), 10_000)
    assert native.process_stat(pid)[1] == "Z"


@pytest.mark.parametrize("pid", [-1, 0, 2**31 - 1])
def test_no_such_process(pid: int) -> None:
    """STA: what is gone, or never was, is DEAD."""
    assert failure(native.process_stat, pid) == (step("DEAD"), errno.ESRCH)


def test_wait_exit(spawn: Callable[..., int], pidfd_of: Callable[[int], int]) -> None:
    """OPS: False while the process runs, True once it has ended."""
    pid = spawn()
    pidfd = pidfd_of(pid)
    assert not native.wait_exit(pidfd, 0) and not native.wait_exit(pidfd, 20)
    os.kill(pid, signal.SIGKILL)
    assert native.wait_exit(pidfd, -1)


def test_wait_exit_is_not_cut_short(
    spawn: Callable[..., int], pidfd_of: Callable[[int], int]
) -> None:
    """OPS: signals with handlers do not end the wait before its time."""
    pidfd = pidfd_of(spawn())

    def inside() -> None:
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        begin = time.monotonic()
        assert not native.wait_exit(pidfd, 200)
        assert time.monotonic() - begin >= 0.2

    assert forked(inside) == 0


def test_set_rlimit(spawn: Callable[..., int]) -> None:
    """RLM: soft and hard limits of another process; 2**64-1 is infinity."""
    pid = spawn()
    native.set_rlimit(pid, resource.RLIMIT_CORE, 11, 2**64 - 1)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (11, resource.RLIM_INFINITY)


@pytest.mark.parametrize(("kind", "soft", "hard"), [(999, 1, 1), (resource.RLIMIT_CORE, 2, 1)])
def test_impossible_rlimit(spawn: Callable[..., int], kind: int, soft: int, hard: int) -> None:
    """RLM: an unknown resource, or a soft limit above the hard one."""
    found = failure(native.set_rlimit, spawn(), kind, soft, hard)
    assert found == (step("SETRLIMIT"), errno.EINVAL)


@pytest.mark.parametrize("on", [True, False])
def test_subreaper(on: bool) -> None:
    """OPS: the subreaper attribute of this process."""

    def inside() -> None:
        native.set_subreaper(on=on)
        value = ctypes.c_int()
        assert libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0) == 0
        assert value.value == on

    assert forked(inside) == 0


@pytest.fixture
def own_pidfd(pidfd_of: Callable[[int], int]) -> int:
    needs_root()
    return pidfd_of(os.getpid())


def test_open_sources(own_pidfd: int, tmp_path: Path) -> None:
    """MNT: paths are opened O_PATH in order, close-on-exec."""
    paths = [tmp_path, tmp_path / "a", Path("/")]
    paths[1].write_text("")
    fds = native.open_sources(own_pidfd, plain(*paths))
    try:
        assert [os.fstat(fd).st_ino for fd in fds] == [path.stat().st_ino for path in paths]
        assert not any(os.get_inheritable(fd) for fd in fds)
        assert failure_of_read(fds[1]) == errno.EBADF
    finally:
        for fd in fds:
            os.close(fd)


def failure_of_read(fd: int) -> int:
    with pytest.raises(OSError) as caught:
        os.read(fd, 1)
    return caught.value.errno or 0


def test_open_sources_none(own_pidfd: int) -> None:
    """MNT: no paths, no descriptors."""
    assert native.open_sources(own_pidfd, []) == []


def test_open_sources_sees_the_other_mounts(
    own_pidfd: int, spawn: Callable[..., int], pidfd_of: Callable[[int], int], tmp_path: Path
) -> None:
    """MNT: paths are those of the process' mount namespace, not ours."""
    script = "mount -t tmpfs none $0 && touch $0/inside && echo && exec sleep 60"
    reader, writer = os.pipe()
    try:
        pid = spawn("unshare", "-m", "sh", "-c", script, str(tmp_path), stdout=writer)
        assert os.read(reader, 1) == b"\n"
        (fd,) = native.open_sources(pidfd_of(pid), plain(tmp_path / "inside"))
        os.close(fd)
        assert not (tmp_path / "inside").exists()
    finally:
        os.close(reader)
        os.close(writer)


def test_open_sources_names_the_missing_one(own_pidfd: int) -> None:
    """VAL-1: the failure says which path it was."""
    with pytest.raises(native.Failure) as caught:
        native.open_sources(own_pidfd, plain("/", "/no/such", "/nor/this"))
    found = caught.value
    assert (found.step, found.errno, found.detail) == (
        step("OPEN_SOURCE"), errno.ENOENT, "/no/such",
    )  # fmt: skip


def test_open_sources_limits(own_pidfd: int) -> None:
    """ERR: more paths than one message has room for, and what is no pidfd."""
    assert failure(native.open_sources, own_pidfd, plain(*["/"] * 251)) == (
        step("SOCKET"),
        errno.E2BIG,
    )
    with pytest.raises(native.Failure) as caught:
        native.open_sources(9999, plain("/"))
    assert (caught.value.step, caught.value.errno) == (step("SETNS"), errno.EBADF)


def test_open_sources_without_clone3(own_pidfd: int) -> None:
    """PORT: where an outer filter hides clone3, clone makes the helper process."""

    def inside() -> None:
        without_clone3()
        (fd,) = native.open_sources(own_pidfd, plain("/"))
        assert os.fstat(fd).st_ino == os.stat("/").st_ino

    assert forked(inside) == 0


@pytest.fixture
def listener(tmp_path: Path) -> Callable[[str], socket.socket]:
    """Listens on a socket below the test's directory."""

    def listen(name: str) -> socket.socket:
        server = socket.socket(socket.AF_UNIX)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path.parent, os.O_PATH)
        server.bind(f"/proc/self/fd/{fd}/{path.name}")
        os.close(fd)
        server.listen()
        return server

    return listen


@pytest.mark.parametrize("name", ["s", "d" * 120 + "/s"], ids=["short", "long"])
@pytest.mark.parametrize("data", [b"x", b"y" * 100_000], ids=len)
def test_send_to_path(
    listener: Callable[[str], socket.socket], tmp_path: Path, name: str, data: bytes
) -> None:
    """CON: all data and the descriptors with its first bytes, also where sun_path is too short."""
    with listener(name) as server:
        path = str(tmp_path / name)
        pid = os.fork()
        if pid == 0:
            native.send_to_path(path, data, [0, 1])
            os._exit(0)
        connection = server.accept()[0]
        with connection:
            got, fds, _, _ = socket.recv_fds(connection, 1 << 20, 8)
            while more := connection.recv(1 << 20):
                got += more
        assert os.waitpid(pid, 0)[1] == 0
        for fd in fds:
            os.close(fd)
        assert (got, len(fds)) == (data, 2)


def test_send_to_path_errors(listener: Callable[[str], socket.socket], tmp_path: Path) -> None:
    """ERR: nothing there, nobody listening, more descriptors than it takes."""
    missing = failure(native.send_to_path, str(tmp_path / "no"), b"x", [])
    assert missing == (step("SOCKET"), errno.ENOENT)
    missing = failure(native.send_to_path, str(tmp_path / ("n" * 120)), b"x", [])
    assert missing == (step("OPEN"), errno.ENOENT)
    with listener("s") as server:
        many = failure(native.send_to_path, str(tmp_path / "s"), b"x", [0] * 9)
        assert many == (step("SOCKET"), errno.E2BIG)
        server.close()
    refused = failure(native.send_to_path, str(tmp_path / "s"), b"x", [])
    assert refused == (step("SOCKET"), errno.ECONNREFUSED)


def test_dead_process_is_reaped(spawn: Callable[..., int]) -> None:
    """STA: a reaped process is DEAD, whatever it was before."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
    ended(pid)
    assert failure(native.process_stat, pid) == (step("DEAD"), errno.ESRCH)
