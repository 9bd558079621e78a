# SPDX-License-Identifier: Apache-2.0
"""Waiting for a process by either kind of handle: a pidfd, and a descriptor of /proc/PID where the
kernel has none.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from pyrunc import StateError, WaitTimeoutError
from pyrunc.library.child import Child


def by_pidfd(pid: int) -> int:
    return os.pidfd_open(pid)


def by_directory(pid: int) -> int:
    return os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


Handle = Callable[[int], int]
kinds = pytest.mark.parametrize("handle", [by_pidfd, by_directory])


def started(handle: Handle, script: str) -> Child:
    """A child of this process that nothing else waits for."""
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], {"PATH": "/bin:/usr/bin"})
    return Child(pid, handle(pid))


@kinds
def test_exit_status(handle: Handle) -> None:
    """LIB: the exit status, now and ever after; the handle is closed by then."""
    child = started(handle, "exit 5")
    assert [child.wait(), child.wait(0), child.poll(), child.status] == [5] * 4
    with pytest.raises(StateError):
        child.fileno()


@kinds
def test_timeout(handle: Handle) -> None:
    """LIB: a timeout leaves the process alone; a signal's number is added to 128."""
    child = started(handle, "exec sleep 100")
    assert child.poll() is None
    with pytest.raises(WaitTimeoutError, match=f"process {child.pid} has not ended within 0.05 s"):
        child.wait(0.05)
    assert child.send(signal.SIGTERM)
    assert child.wait() == 128 + signal.SIGTERM
    assert not child.send(signal.SIGTERM)


@kinds
def test_end(handle: Handle) -> None:
    """LIB: end kills, reaps and closes, and can be repeated."""
    child = started(handle, "exec sleep 100")
    for _ in range(2):
        child.end()
        assert child.status == 128 + signal.SIGKILL
    assert not os.path.exists(f"/proc/{child.pid}")


@kinds
def test_taken_by_another(handle: Handle) -> None:
    """LIB: a status that something else waited for is a StateError, not a hang."""
    child = started(handle, "exit 0")
    os.waitpid(child.pid, 0)
    with pytest.raises(StateError, match="once"):
        child.wait()
    child.close()


@kinds
def test_closed_while_another_thread_waits(handle: Handle) -> None:
    """LIB: who waits has a handle of its own: a close elsewhere does not pull it away."""
    child = started(handle, "exec sleep 100")
    results: list[object] = []

    def wait() -> None:
        try:
            results.append(child.wait(20))
        except StateError as error:
            results.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    child.close()
    os.kill(child.pid, signal.SIGKILL)
    thread.join()
    assert len(results) == 1
    assert isinstance(results[0], StateError)  # there is nothing to ask by any more
    assert os.waitpid(child.pid, 0)[1] == signal.SIGKILL
