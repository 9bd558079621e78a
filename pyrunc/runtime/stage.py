# SPDX-License-Identifier: Apache-2.0
"""Starts the init stage and talks with it until it is ready: the parent's half of the socket."""

from __future__ import annotations

import os

import pyrunc
from pyrunc import native
from pyrunc.errors import HookError, NativeError, PyruncError
from pyrunc.plan import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn, TypeVar

    from pyrunc.plan.ops import Plan
    from pyrunc.runtime.context import Context

    Answer = tuple[bytes, Sequence[int]]
    T = TypeVar("T")

_PREFIX = "unable to start container process: "
_SIGKILL = 9
# enum pr_msg_kind
_SYNC, _GO, _FORKED, _CONSOLE, _LISTENER, _WARNING, _ERROR, _EXECUTING = range(1, 9)
_NOTHING: Answer = (b"", ())
# What a stage asks for before its long work, the mounts.
_EARLY = (ops.SYNC_CGROUP, ops.SYNC_MAPS, ops.SYNC_NETWORK, ops.SYNC_SOURCES)


class Stage:
    """A started init stage. `answers` maps a sync to what the parent does when asked for it.

    on_console and on_listener take over the fd they are given. meanwhile is done while the stage
    mounts.
    """

    def __init__(self, ctx: Context, plan: Plan) -> None:
        self.ctx = ctx
        self.plan = plan
        self.answers: dict[int, Callable[[], Answer]] = {}
        self.on_console: Callable[[int], None] = os.close
        self.on_listener: Callable[[int], None] = os.close
        self.child = native.Child(0, -1, -1)
        self.meanwhile: Callable[[], None] = _nothing
        self.talked = False  # it has asked or given something: it cannot be started once more
        self._early = sum(op.code == "SYNC" and op.numbers[0] in _EARLY for op in plan.ops)

    def spawn(
        self, *, cgroup_fd: int, join: Sequence[int], preserve: int, stdio: Sequence[int] = ()
    ) -> None:
        """Seals the executable and the plan, starts the stage. The fds given stay the caller's."""
        if self.ctx.verbose:
            self.ctx.debug("plan:\n" + self.plan.describe())
        fds: list[int] = []
        try:
            door = f"{os.path.abspath(pyrunc.__path__[0])}/_door"
            exe = os.open(door, os.O_RDONLY | os.O_CLOEXEC)
            fds.append(exe)
            sealed = native.seal_executable(exe)
            fds.append(sealed)
            plan_fd = native.seal_plan(self.plan.encode())
            fds.append(plan_fd)
            self.child = native.spawn(
                sealed,
                plan_fd,
                self.plan.clone_flags,
                cgroup_fd=cgroup_fd,
                join=join,
                preserve=preserve,
                keep=self.plan.keep_fds,
                stdio=stdio,
            )
        except native.Failure as failure:
            from pyrunc.plan import explain

            raise NativeError(
                _PREFIX + (failure.detail or explain.step_text(failure.step)),
                failure.errno or 0,
                explain.hint(failure.errno or 0, failure.step),
            ) from None
        finally:
            for fd in fds:
                os.close(fd)

    def until_ready(self) -> None:
        """Answers the stage until it says that it is ready; it then waits for `go_on`."""
        self._while_it_works()
        while True:
            message = self._receive()
            if message.kind == _SYNC and message.value == ops.SYNC_READY:
                return
            self._handle(message)

    def go_on(self) -> None:
        """Lets a ready stage go on."""
        self._send(ops.SYNC_READY, _NOTHING)

    def until_executed(self) -> None:
        """Waits for execve, which closes the socket; an error before that is raised."""
        while True:
            message = self._receive_or_end()
            if message is None:
                self.child.close_socket()
                return
            if message.kind != _EXECUTING:
                self._handle(message)

    def abandon(self) -> None:
        """Kills and reaps the stage."""
        child = self.child
        if child.pid > 0:
            from pyrunc.runtime import process

            process.send(child.pidfd, _SIGKILL)
            _reap(child.pid)
            child.pid = 0
        child.close()

    def _receive_or_end(self) -> native.Message | None:
        try:
            return native.recv(self.child.sock)
        except native.Failure as failure:
            raise NativeError(_PREFIX + "talk to the init stage", failure.errno or 0) from None

    def _receive(self) -> native.Message:
        message = self._receive_or_end()
        if message is None:
            raise PyruncError(_PREFIX + self._death()) from None
        return message

    def _death(self) -> str:
        """What ended the stage without a word."""
        status = _reap(self.child.pid)
        self.child.pid = 0
        if status is not None and status & 0x7F == _SIGKILL:
            return "container init was OOM-killed (memory limit too low?)"
        from pyrunc.plan import explain

        return "the init stage ended unexpectedly: " + explain.exit_text(status or 0)

    def _handle(self, message: native.Message) -> None:
        self.talked |= message.kind not in (_FORKED, _WARNING, _ERROR)
        if message.kind == _SYNC:
            self._answer(message.value)
        elif message.kind == _FORKED:
            self._succeed(message.value, message.fds)
        elif message.kind == _CONSOLE:
            self.on_console(message.fds[0])
        elif message.kind == _LISTENER:
            self._listener(message)
        elif message.kind == _WARNING:
            from pyrunc.plan import explain

            self.ctx.warn(explain.sentence(self.plan, message))
        elif message.kind == _ERROR:
            raise init_error(self.plan, message)
        else:
            raise PyruncError(f"{_PREFIX}unexpected message {message.kind} from the init stage")

    def _answer(self, sync: int) -> None:
        answer = self.answers.get(sync)
        if answer is None:
            raise PyruncError(f"{_PREFIX}the init stage asks for {sync}, which nobody provides")
        self._send(sync, self._do(answer))
        self._while_it_works()

    def _while_it_works(self) -> None:
        """Runs `meanwhile`, once, as soon as the stage has no early question left to ask."""
        if self._early == 0:
            self._do(self.meanwhile)
        self._early -= 1

    def _do(self, work: Callable[[], T]) -> T:
        """The parent's own work. Where it fails because the stage has ended (its cgroup is gone
        then), that end is the error."""
        try:
            return work()
        except PyruncError:
            if self._has_ended():
                self._raise_last_words()
            raise

    def _has_ended(self) -> bool:
        """True once the stage's end of the socket is closed. unix(7), poll(2)."""
        import select

        poll = select.poll()
        poll.register(self.child.sock, 0)
        return bool(poll.poll(0))

    def _raise_last_words(self) -> NoReturn:
        """Raises what a stage that has ended said, or the lack of it."""
        while True:
            message = self._receive()
            if message.kind == _ERROR:
                raise init_error(self.plan, message) from None

    def _listener(self, message: native.Message) -> None:
        """The seccomp listener, sent by the stage or about to appear in it."""
        if message.fds:
            self.on_listener(message.fds[0])
            return
        child = self.child
        try:
            fd = native.take_fd(child.pidfd, message.value, child.sock)
        except native.Failure as failure:
            from pyrunc.plan import explain

            if explain.STEPS[failure.step][0] == "PEER_GONE":
                return  # the stage could not load the filter, or ended: it says so next
            raise NativeError(
                "linux.seccomp: take the listener from the init stage: pidfd_getfd",
                failure.errno or 0,
                "see /proc/sys/kernel/yama/ptrace_scope",
            ) from None
        self.on_listener(fd)

    def _send(self, sync: int, answer: Answer) -> None:
        payload, fds = answer
        try:
            native.send_go(self.child.sock, sync, payload, fds)
        except native.Failure:
            self._raise_last_words()
        finally:
            for fd in fds:
                os.close(fd)

    def _succeed(self, pid: int, fds: Sequence[int]) -> None:
        """The stage cloned its successor, a child of ours, and ends itself."""
        from pyrunc.runtime import process

        _reap(self.child.pid)
        os.close(self.child.pidfd)
        self.child.pid = pid
        self.child.pidfd = fds[0] if fds else process.open_pidfd(pid, process.start_time(pid))


def _nothing() -> None:
    pass


def init_error(plan: Plan, message: native.Message) -> PyruncError:
    """The exception for what a stage reported."""
    from pyrunc.plan import explain

    text = explain.sentence(plan, message)
    if text.startswith("error running "):
        return HookError(_PREFIX + "error during container init: " + text)
    if not text.startswith("exec: "):
        text = "error during container init: " + text
    return _Reported(_PREFIX + text, message.errnum)


class _Reported(NativeError):
    """The sentence already ends in the errno's text."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message, number)
        self.message = message


def _reap(pid: int) -> int | None:
    """The wait status of a child that ended or is about to; None when it is not ours to wait
    for.
    """
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None
