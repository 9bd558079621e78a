# SPDX-License-Identifier: Apache-2.0
"""What create and exec do alike for a process that enters a container."""

from __future__ import annotations

import os

from pyrunc import native
from pyrunc.errors import ConfigError, NativeError, UsageError, errno_text
from pyrunc.runtime import host, state
from pyrunc.runtime.process import pidfds
from pyrunc.tables.rlimits import RLIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyrunc.config.types import Process, Rlimit, Seccomp
    from pyrunc.plan.facts import Facts


def set_rlimits(pid: int, rlimits: list[Rlimit]) -> None:
    """Sets process.rlimits of a process that is ready to execute (RLM-3); by the parent, whose
    power over hard limits a user namespace does not take away.
    """
    for limit in rlimits:
        try:
            native.set_rlimit(pid, RLIMITS[limit["type"]], limit["soft"], limit["hard"])
        except native.Failure as failure:
            raise NativeError(
                f"process.rlimits: {limit['type']} soft {limit['soft']} hard {limit['hard']}",
                failure.errno or 0,
            ) from None


def check_groups(process: Process, facts: Facts) -> None:
    """ConfigError for groups where setgroups(2) is denied (USR-4)."""
    if facts.setgroups_denied and process["user"].get("additionalGids"):
        raise ConfigError(
            "process.user.additionalGids: cannot set additional groups in a rootless container "
            "with a single group id: setgroups is denied there"
        )


def security_facts(facts: Facts, process: Process, profile: Seccomp | None) -> None:
    """What `facts` must say for AppArmor, SELinux and the seccomp profile (linux.seccomp)."""
    if process.get("apparmorProfile") not in (None, "", "unconfined"):
        facts.apparmor_file = host.apparmor_file()
    if process.get("selinuxLabel"):
        host.check_selinux()
    if profile:
        from pyrunc.runtime import seccomp

        facts.seccomp_flags = seccomp.filter_flags(profile)
        facts.seccomp_listener = seccomp.notifies(profile)
        if facts.seccomp_listener and not (facts.privileged and pidfds()):
            seccomp.check_unprivileged(profile)


def check_fds(preserve: int, environ: Mapping[str, str]) -> int:
    """LISTEN_FDS of `environ` (0 when absent); UsageError when a promised fd is not open."""
    text = environ.get("LISTEN_FDS", "")
    listen = int(text) if text.isdecimal() and len(text) < 6 else 0
    for fd in range(3 + listen, 3 + listen + preserve):
        try:
            os.fstat(fd)
        except OSError as error:
            raise UsageError(
                f"unable to stat preserved-fd {fd}: {errno_text(error.errno or 0)}"
            ) from None
    return listen


def write_pid_file(path: str, pid: int) -> None:
    """Digits only, appearing whole: engines parse the raw bytes."""
    try:
        state.replace_file(path, str(pid).encode(), 0o644)
    except OSError as error:
        raise NativeError(f"write pid file {path}", error.errno or 0) from None


def hold_back(resources: Any) -> tuple[Any, Any]:
    """(what to limit before the stage starts, what once it stands where it will be): a stage that
    clones its successor is two processes for a moment, which pids.limit 0 and 1 would not allow.
    """
    limit = ((resources or {}).get("pids") or {}).get("limit")
    if limit not in (0, 1):
        return resources, None
    return {**resources, "pids": {}}, {"pids": resources["pids"]}
