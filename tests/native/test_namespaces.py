# SPDX-License-Identifier: Apache-2.0
"""What the parent takes from other namespaces and processes: id maps, sockets, descriptors."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrunc import native
from pyrunc.native import ffi, lib

from .conftest import failure, forked, needs_root, step
from .filters import libc

_CLONE_NEWUSER = 0x1000_0000
_SO_NETNS_COOKIE = 71
MAP = "0 100000 65536\n"


@pytest.fixture(autouse=True)
def root() -> None:
    needs_root()


def test_user_namespace_with_maps() -> None:
    """IDM: a namespace with exactly these maps; its helper process is gone."""
    fd = native.userns_fd(MAP, "5 7 1\n")

    def inside() -> None:
        assert libc.setns(fd, _CLONE_NEWUSER) == 0, os.strerror(ctypes.get_errno())
        assert Path("/proc/self/uid_map").read_text().split() == MAP.split()
        assert Path("/proc/self/gid_map").read_text().split() == ["5", "7", "1"]

    try:
        assert not os.get_inheritable(fd)
        assert forked(inside) == 0
    finally:
        os.close(fd)


def test_map_that_the_kernel_refuses() -> None:
    """IDM: the kernel's errno for a map that is none."""
    assert failure(native.userns_fd, "junk", MAP) == (step("WRITE"), errno.EINVAL)


def cookie(fd: int) -> bytes:
    """What names the network namespace of a socket. socket(7)."""
    with socket.socket(fileno=os.dup(fd)) as one:
        return one.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)


@pytest.mark.parametrize("other", [False, True])
def test_netlink_socket(
    spawn: Callable[..., int], pidfd_of: Callable[[int], int], other: bool
) -> None:
    """NET: the socket is of the process' network namespace, and we stay in ours."""
    reader, writer = os.pipe()
    try:
        command = ["unshare", "-n"] if other else []
        pid = spawn(*command, "sh", "-c", "echo; exec sleep 60", stdout=writer)
        assert os.read(reader, 1) == b"\n"
        before = os.readlink("/proc/self/ns/net")
        fd = native.netlink_socket(pidfd_of(pid))
        assert os.readlink("/proc/self/ns/net") == before
        with socket.socket() as ours:
            assert (cookie(fd) != cookie(ours.fileno())) == other
        os.close(fd)
    finally:
        os.close(reader)
        os.close(writer)


def test_netlink_socket_of_no_process() -> None:
    """ERR: what is no pidfd is refused by setns."""
    assert failure(native.netlink_socket, 9999) == (step("SETNS"), errno.EBADF)


def take(pidfd: int, number: int, sock: int) -> tuple[int, tuple[int, int]]:
    """pr_take_fd: its result, and step and errno of its failure."""
    error = ffi.new("struct pr_error *")
    return lib.pr_take_fd(pidfd, number, sock, error), (error.step, error.errnum)


def test_take_fd(spawn: Callable[..., int], pidfd_of: Callable[[int], int], tmp_path: Path) -> None:
    """SCN: the very file that the other process has at that number."""
    with open(tmp_path / "f", "w+") as file, socket.socket() as quiet:
        pidfd = pidfd_of(spawn("sleep", "60", stdin=file))
        fd, _ = take(pidfd, 0, quiet.fileno())
        assert os.path.samestat(os.fstat(fd), os.fstat(file.fileno()))
        os.close(fd)


def test_take_fd_that_never_comes(
    spawn: Callable[..., int], pidfd_of: Callable[[int], int]
) -> None:
    """SCN: a process that ends without opening it does not hang us."""
    one, other = socket.socketpair()
    with one, other:
        pidfd = pidfd_of(spawn("sleep", "0.2"))
        gone = (step("PEER_GONE"), errno.ECONNRESET)
        assert take(pidfd, 200, one.fileno()) == (-1, gone)


def test_seccomp_version() -> None:
    """FEA: libseccomp's version, major first."""
    assert lib.pr_seccomp_version() >> 16 == 2
