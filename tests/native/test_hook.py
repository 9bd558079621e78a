# SPDX-License-Identifier: Apache-2.0
"""pr_run_hook: state on stdin, the end, the timeout, and hooks that do as they please."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from pyrunc import native

from .conftest import failure, forked, step
from .filters import without_clone3

BIG = b"x" * 300_000  # several times what a pipe holds


def hook(script: str, state: bytes = b"{}", timeout: int = 0, cwd: str = "") -> None:
    """Runs a shell script as a hook."""
    native.run_hook("/bin/sh", ["sh", "-c", script], ["A=1"], cwd, state, timeout)


def hook_failure(script: str, **how: object) -> tuple[int, int]:
    return failure(hook, script, **how)


@pytest.mark.parametrize("state", [b"", b'{"id":"x"}', BIG], ids=len)
def test_state_on_stdin(tmp_path: Path, state: bytes) -> None:
    """HK-6: the whole state and then end of file, however large."""
    hook(f"cat > {tmp_path}/out", state)
    assert (tmp_path / "out").read_bytes() == state


def test_args_env_and_cwd(tmp_path: Path) -> None:
    """HK-2, HK-3, HK-8: argv and environ are exactly what was given, in that directory."""
    script = 'echo "$0 $(pwd)" > out; /bin/cat /proc/$$/environ >> out'
    native.run_hook("/bin/sh", ["name", "-c", script], ["B=2", "A=1"], str(tmp_path), b"", 0)
    assert (tmp_path / "out").read_text() == f"name {tmp_path}\nB=2\0A=1\0"


@pytest.mark.parametrize("script", ["exec <&-; sleep 0.1", "exit 0", "head -c 10 >/dev/null"])
def test_stdin_closed_early(script: str) -> None:
    """HK-6: a hook that does not read its stdin to the end has not failed."""
    hook(script, BIG)


def test_sigpipe_stays_as_it_was() -> None:
    """HK-6: the broken pipe of an early end is nobody's signal afterwards."""

    def inside() -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        hook("exec <&-; sleep 0.1", BIG)
        assert signal.SIGPIPE not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        assert signal.SIGPIPE not in signal.sigpending()

    assert forked(inside) == 0


def test_exit_status() -> None:
    """HK-9: the wait status of a failing hook."""
    assert hook_failure("exit 3") == (step("HOOK_EXIT"), 3 << 8)


def test_killed() -> None:
    """HK-9: a hook that a signal ended."""
    assert hook_failure("kill -KILL $$") == (step("HOOK_EXIT"), signal.SIGKILL)


def test_timeout() -> None:
    """HK-7: at the timeout the hook is killed."""
    begin = time.monotonic()
    assert hook_failure("exec sleep 30", timeout=1) == (step("HOOK_TIMEOUT"), errno.ETIMEDOUT)
    assert 1 <= time.monotonic() - begin < 15


def test_timeout_of_a_hook_that_does_not_read() -> None:
    """HK-7: neither a full pipe nor signals delay the timeout for ever."""
    assert hook_failure("exec sleep 30", state=BIG, timeout=1)[0] == step("HOOK_TIMEOUT")


def test_large_timeout() -> None:
    """HK-7: a timeout of years does not wrap to nothing."""
    hook("sleep 0.1", timeout=2**31 - 1)


def test_background_process(tmp_path: Path) -> None:
    """HK-5: a hook is over when its process ends, whoever it left behind with its stdin."""
    begin = time.monotonic()
    hook(f"sleep 20 & echo $! > {tmp_path}/pid", BIG)
    assert time.monotonic() - begin < 15
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_only_three_descriptors(tmp_path: Path) -> None:
    """FD: a hook has 0, 1 and 2 of ours and nothing else."""
    fd = os.open("/", os.O_RDONLY)
    os.set_inheritable(fd, True)
    try:
        hook(f"readlink /proc/$$/fd/{fd} > {tmp_path}/out || true")
    finally:
        os.close(fd)
    assert (tmp_path / "out").read_text() == ""


def test_signals_are_default(tmp_path: Path) -> None:
    """HK-9: what the runtime ignores or blocks, its hooks do not."""

    def inside() -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        hook(f"grep -E 'Sig(Ign|Blk)' /proc/self/status > {tmp_path}/out")

    assert forked(inside) == 0
    assert {int(line.split()[1], 16) for line in (tmp_path / "out").open()} == {0}


@pytest.mark.parametrize("hide_clone3", [False, True])
def test_missing_program(hide_clone3: bool) -> None:
    """HK-9: a hook that is not there fails with execve's errno, by clone3 and by clone."""

    def inside() -> None:
        if hide_clone3:
            without_clone3()
        found = failure(native.run_hook, "/no/hook", ["h"], [], "", b"", 0)
        assert found == (step("EXEC"), errno.ENOENT)
        hook("exit 0", BIG)

    assert forked(inside) == 0


def test_missing_cwd() -> None:
    """HK-8: a working directory that is not there fails the start."""
    assert hook_failure("exit 0", cwd="/no/dir") == (step("EXEC"), errno.ENOENT)
