# SPDX-License-Identifier: Apache-2.0
"""kill: a signal to the container's first process, or SIGKILL to all of a shared pid namespace."""

from __future__ import annotations

from pyrunc.errors import StateError, UsageError
from pyrunc.runtime import process, state
from pyrunc.tables.signals import SIGNALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.context import Context

SIGKILL = 9
_HIGHEST = 64
NOT_RUNNING = "container not running"


def signal_number(text: str) -> int:
    """The number of "9", "KILL", "SIGKILL" in any case; UsageError for an unknown one."""
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= _HIGHEST:
        return int(text)
    number = SIGNALS.get(text.upper().removeprefix("SIG"))
    if number is None:
        raise UsageError(f'unknown signal "{text}"')
    return number


def kill(ctx: Context, container_id: str, signal: str = "TERM", *, everyone: bool = False) -> None:
    """Signals the container's first process; `everyone`: all processes of its cgroup.

    SIGKILL goes to the whole cgroup where the container has no pid namespace of its own: there the
    end of the first process does not end the others. Checklist OPS-K1..K3; the unknown id is
    reported before the unknown signal. StateError when the container is not running. Takes no lock:
    a hook, or a person while one hangs, may want to kill.
    """
    record = state.load(ctx, container_id)
    number = signal_number(signal)
    status = record.status()
    shared = number == SIGKILL and not record.private_pid_namespace
    if record.cgroup_paths and (everyone or shared):
        if not _signal_cgroup(record, number):
            raise StateError(NOT_RUNNING)
    elif status == "stopped" or not _signal_init(record, number):
        raise StateError(NOT_RUNNING)
    if status == "paused" and number == SIGKILL:
        _thaw(record)


def _signal_init(record: state.State, number: int) -> bool:
    return process.with_process(record.init_process_pid, record.init_process_start,
                                lambda fd: process.send(fd, number))


def _signal_cgroup(record: state.State, number: int) -> bool:
    """True when there was a process to signal."""
    from pyrunc import cgroups

    manager = cgroups.from_state(record.members())
    if not manager.pids(recursive=True):
        return False
    manager.kill(number)
    return True


def _thaw(record: state.State) -> None:
    """A frozen v1 cgroup would not let the killed process end."""
    from pyrunc import cgroups

    cgroups.from_state(record.members()).freeze(False)
