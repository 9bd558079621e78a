# SPDX-License-Identifier: Apache-2.0
"""The global flags made into a context: where the state is, which cgroup driver, rootless."""

from __future__ import annotations

import os
import stat

from pyrunc.errors import UsageError, errno_text
from pyrunc.runtime.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyrunc.cli.parser import Value
    from pyrunc.log import Log

DEFAULT_ROOT = "/run/pyrunc"
_ROOTLESS = {"true": True, "false": False, "auto": None}
_MANAGERS = ("cgroupfs", "systemd", "disabled")
_WHOLE_ID_RANGE = ("0", "0", "4294967295")


def make_context(values: Mapping[str, Value], log: Log) -> Context:
    """The context for the values of the global flags; UsageError when one makes no sense."""
    rootless = str(values.get("rootless") or "auto")
    if rootless not in _ROOTLESS:
        raise UsageError(f'invalid value "{rootless}" for --rootless: use true, false or auto')
    manager = str(values.get("cgroup-manager") or "cgroupfs")
    if manager not in _MANAGERS:
        words = ", ".join(_MANAGERS)
        raise UsageError(f'invalid value "{manager}" for --cgroup-manager: use {words}')
    given = values.get("root")
    return Context(
        default_root(os.environ) if given is None else check_root(str(given)),
        systemd_cgroup=values.get("systemd-cgroup") is True,
        rootless=_ROOTLESS[rootless],
        cgroup_manager=manager,
        debug=log.debug if log.debug_wanted else None,
        warn=log.warning,
    )


def check_root(path: str) -> str:
    """--root made absolute; "" and "/" are refused."""
    absolute = os.path.abspath(path) if path else ""
    if absolute.strip("/") == "":
        raise UsageError("Option --root argument should not be set to /")
    return absolute


def default_root(environ: Mapping[str, str]) -> str:
    """/run/pyrunc, or $XDG_RUNTIME_DIR/pyrunc for who is not root of the machine.

    The latter is made at once with the sticky bit, which keeps it from being swept
    (XDG base directory specification).
    """
    runtime_dir = environ.get("XDG_RUNTIME_DIR", "")
    if not runtime_dir or not _honours_runtime_dir(environ):
        return DEFAULT_ROOT
    path = os.path.join(runtime_dir, "pyrunc")
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        os.chmod(path, 0o700 | stat.S_ISVTX)
    except OSError as error:
        hint = "check that XDG_RUNTIME_DIR is writable, or set --root"
        raise UsageError(f"mkdir {path}: {errno_text(error.errno or 0)} ({hint})") from None
    return path


def _honours_runtime_dir(environ: Mapping[str, str]) -> bool:
    if os.geteuid() != 0:
        return True
    return in_user_namespace() and environ.get("USER") != "root"


def in_user_namespace() -> bool:
    """True unless this process sees all user ids as they are. user_namespaces(7)."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return tuple(file.read().split()) != _WHOLE_ID_RANGE
    except FileNotFoundError:  # a kernel without user namespaces
        return False
