# SPDX-License-Identifier: Apache-2.0
"""Starting the init stage and talking with it: what it says, how a start fails, how it dies."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyrunc import native
from pyrunc.native import lib
from pyrunc.plan import ops

from .conftest import DOOR, children, ended, failure, forked, step
from .filters import without_clone3


def program(*args: str) -> ops.Plan:
    """The shortest plan that ends in a program."""
    plan = ops.Plan()
    plan.add("ENV_HOME", "", 1, len(args), 0, strings=(["PATH=/usr/bin:/bin"], list(args)))
    plan.add("LOOKUP", args[0])
    plan.add("READY")
    plan.add("LAST_WORD")
    plan.add("EXEC")
    return plan


def labelled(root: Path) -> ops.Plan:
    """A plan that gives /sub of the root filesystem a label and is ready then."""
    plan = ops.Plan()
    plan.add("UNSHARE", "", 0x00020000)  # CLONE_NEWNS
    plan.add("PROPAGATION", "", 0x4000 | 0x40000)  # MS_REC | MS_PRIVATE
    plan.add("ROOTFS", "", ops.NONE, strings=(str(root),))
    plan.add("LABEL", "", strings=("/sub", "system_u:object_r:x_t:s0:c1,c2"))
    plan.add("READY")
    return plan


@contextmanager
def started(plan: ops.Plan | bytes, **how: object) -> Iterator[native.Child]:
    """A stage that executes the plan (or these bytes); reaped at the end if it is still there."""
    exe = os.open(DOOR, os.O_RDONLY)
    data = plan if isinstance(plan, bytes) else plan.encode()
    plan_fd = native.seal_plan(data)
    try:
        child = native.spawn(exe, plan_fd, 0, **how)  # type: ignore[arg-type]
    finally:
        os.close(exe)
        os.close(plan_fd)
    try:
        yield child
    finally:
        child.close()
        if child.pid:
            ended(child.pid)


def exit_code(child: native.Child) -> int:
    status = os.waitpid(child.pid, 0)[1]
    child.pid = 0
    return os.waitstatus_to_exitcode(status)


def rest(child: native.Child) -> list[native.Message]:
    """What the stage still says, up to the end of file."""
    return list(iter(lambda: native.recv(child.sock), None))


def test_to_the_program() -> None:
    """OPS: the stage says READY, waits for GO, says EXECUTING, and execve closes the socket."""
    with started(program("sh", "-c", "exit 7")) as child:
        message = native.recv(child.sock)
        assert message and (message.kind, message.value) == (lib.PR_MSG_SYNC, lib.PR_SYNC_READY)
        native.send_go(child.sock, lib.PR_SYNC_READY)
        assert [said.kind for said in rest(child)] == [lib.PR_MSG_EXECUTING]
        assert exit_code(child) == 7


@pytest.mark.parametrize(
    ("name", "step_name", "number"),
    [
        ("no-such-program", "LOOKUP", errno.ENOENT),
        ("/no/such/program", "LOOKUP", errno.ENOENT),
        ("/etc/passwd", "ACCESS", errno.EACCES),
        ("/etc", "IS_DIRECTORY", errno.EISDIR),
    ],
)
def test_program_that_cannot_be_run(name: str, step_name: str, number: int) -> None:
    """PRC-4: the report names op, step and errno; the stage ends with 255."""
    with started(program(name)) as child:
        message = native.recv(child.sock)
        assert message and message.kind == lib.PR_MSG_ERROR
        assert (message.op, message.step, message.errnum) == (1, step(step_name), number)
        assert exit_code(child) == 255


def test_label(tmp_path: Path) -> None:
    """LBL-1: the file gets the label, with the NUL that libselinux writes too; where the file
    system takes none the step is named."""
    (tmp_path / "sub").mkdir()
    with started(labelled(tmp_path)) as child:
        message = native.recv(child.sock)
    assert message
    if message.kind == lib.PR_MSG_ERROR:
        assert message.step == step("SETXATTR")
        with pytest.raises(OSError, match=os.strerror(message.errnum)):
            os.setxattr(tmp_path / "sub", "security.selinux", b"a:b:c:d\0")
    else:
        label = os.getxattr(tmp_path / "sub", "security.selinux")
        assert label == b"system_u:object_r:x_t:s0:c1,c2\0"


def test_plan_without_an_end() -> None:
    """PLAN: ops that run out before EXEC are an error, not a program."""
    with started(ops.Plan()) as child:
        message = native.recv(child.sock)
        assert message and (message.step, message.errnum) == (step("PLAN"), errno.EINVAL)


@pytest.mark.parametrize("data", [b"junk" * 100, b"\0"])
def test_malformed_plan(data: bytes) -> None:
    """PLAN: the stage checks the plan itself before its first op."""
    with started(data) as child:
        message = native.recv(child.sock)
        assert message and (message.kind, message.step) == (lib.PR_MSG_ERROR, step("PLAN"))


def test_wrong_answer() -> None:
    """OPS: an answer to another question than the one asked is refused."""
    with started(program("true")) as child:
        native.recv(child.sock)
        native.send_go(child.sock, lib.PR_SYNC_MAPS)
        message = native.recv(child.sock)
        assert message and (message.step, message.errnum) == (step("SOCKET"), errno.EPROTO)


def test_stage_that_died() -> None:
    """OPS: a dead stage is end of file for the reader and PEER_GONE for the writer."""
    with started(program("true")) as child:
        native.recv(child.sock)
        ended(child.pid)
        child.pid = 0
        assert native.recv(child.sock) is None
        gone = failure(native.send_go, child.sock, lib.PR_SYNC_READY)
        assert gone == (step("PEER_GONE"), errno.EPIPE)


def test_parent_that_went_away() -> None:
    """OPS: a stage whose parent closed the socket gives up."""
    with started(program("true")) as child:
        native.recv(child.sock)
        child.close_socket()
        assert exit_code(child) == 255


def test_fds_reach_the_receiver() -> None:
    """OPS: descriptors arrive close-on-exec, as many as were sent."""
    import socket

    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        native.send_go(one.fileno(), 1, b"", [0] * 250)
        message = native.recv(other.fileno())
        assert message and (message.kind, len(message.fds)) == (lib.PR_MSG_GO, 250)
        assert not any(os.get_inheritable(fd) for fd in message.fds)
        for fd in message.fds:
            os.close(fd)


def test_too_many_fds() -> None:
    """ERR: more descriptors than one message takes are refused."""
    assert failure(native.send_go, 0, 1, b"", [0] * 251) == (step("SOCKET"), errno.E2BIG)


def test_message_of_another_size() -> None:
    """ERR: a packet that is no struct pr_msg is refused, and its descriptors are closed."""
    import socket

    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        socket.send_fds(one, [b"short"], [0, 1, 2])
        assert failure(native.recv, other.fileno()) == (step("SOCKET"), errno.EMSGSIZE)


def spawn_failure(exe: str | Path, flags: int = 0, **how: object) -> tuple[int, int]:
    fd, plan_fd = os.open(exe, os.O_RDONLY), native.seal_plan(program("true").encode())
    try:
        return failure(native.spawn, fd, plan_fd, flags, **how)
    finally:
        os.close(fd)
        os.close(plan_fd)


def test_exec_of_what_is_no_program(tmp_path: Path) -> None:
    """ERR: execveat's errno comes back from the child, and the child is reaped."""
    family = children()
    (tmp_path / "text").write_text("text")
    assert spawn_failure(tmp_path / "text") == (step("EXEC"), errno.EACCES)
    (tmp_path / "text").chmod(0o755)
    assert spawn_failure(tmp_path / "text") == (step("EXEC"), errno.ENOEXEC)
    assert children() <= family


def test_impossible_clone_flags() -> None:
    """ERR: clone3's own errno."""
    assert spawn_failure(DOOR, 1 << 63) == (step("CLONE"), errno.EINVAL)


def test_bad_descriptors_to_keep() -> None:
    """ERR: a descriptor that is to be kept and is none fails the start."""
    assert spawn_failure(DOOR, keep=[9999]) == (step("EXEC"), errno.EBADF)
    assert spawn_failure(DOOR, keep=[0] * 251) == (step("SOCKET"), errno.E2BIG)


def test_bad_cgroup_descriptor() -> None:
    """ERR: CLONE_INTO_CGROUP with what is no cgroup directory."""
    fd = os.open("/tmp", os.O_RDONLY)
    try:
        assert spawn_failure(DOOR, cgroup_fd=fd)[0] == step("CLONE")
    finally:
        os.close(fd)


def test_without_clone3() -> None:
    """PORT: where an outer filter hides clone3 (ENOSYS), clone does the same."""

    def inside() -> None:
        without_clone3()
        with started(program("sh", "-c", "exit 7")) as child:
            native.recv(child.sock)
            native.send_go(child.sock, lib.PR_SYNC_READY)
            assert [said.kind for said in rest(child)] == [lib.PR_MSG_EXECUTING]
            assert exit_code(child) == 7
        assert spawn_failure("/etc/passwd") == (step("EXEC"), errno.EACCES)

    assert forked(inside) == 0
