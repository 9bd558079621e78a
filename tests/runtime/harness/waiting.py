# SPDX-License-Identifier: Apache-2.0
"""Waiting without sleeping blindly: poll a condition, or a process, within a bound."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
BOUND = 10.0
PATIENCE = float(os.environ.get("PYRUNC_PATIENCE", "1"))  # every bound times this: slow machines


def until(condition: Callable[[], T], what: str, bound: float = BOUND) -> T:
    """Return the condition's first true value; fail with `what` when `bound` seconds pass
    without one.
    """
    bound *= PATIENCE
    end = time.monotonic() + bound
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {bound:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def ended(pid: int, bound: float = BOUND) -> bool:
    """Say whether process `pid` ends within `bound` seconds (it may be a zombie afterwards)."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(bound * PATIENCE * 1000))
    finally:
        os.close(pidfd)


def exit_code(pid: int, bound: float = BOUND) -> int:
    """Reap our child `pid` and return its status as a shell would: 128+N when signal N ended it."""
    assert ended(pid, bound), f"process {pid} did not end within {bound:g} s"
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def alive(pid: int) -> bool:
    """Say whether `pid` is a process that is neither gone nor a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
