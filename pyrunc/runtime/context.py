# SPDX-License-Identifier: Apache-2.0
"""What every verb is told by the global flags: where containers live and how cgroups are
managed.
"""

from __future__ import annotations

import os
import stat

from pyrunc.errors import UsageError, errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_ROOT = "/run/pyrunc"
_WHOLE_ID_RANGE = [b"0", b"0", b"4294967295"]


class Context:
    """The global flags, made once by `cli` (or by the library) and only read afterwards.

    root: absolute path of the state directory. systemd_cgroup: use the systemd driver.
    rootless: None = find out, else forced. cgroup_manager: "cgroupfs", "systemd" or "disabled".
    debug, warn: take one line each; the default drops debug lines and warnings. verbose: somebody
    reads the debug lines. environ: where
    create looks for LISTEN_FDS and NOTIFY_SOCKET (the library looks nowhere: they are its user's).
    """

    __slots__ = (
        "cgroup_manager",
        "debug",
        "environ",
        "root",
        "rootless",
        "systemd_cgroup",
        "verbose",
        "warn",
    )

    def __init__(
        self,
        root: str,
        *,
        systemd_cgroup: bool = False,
        rootless: bool | None = None,
        cgroup_manager: str = "cgroupfs",
        debug: Callable[[str], None] | None = None,
        warn: Callable[[str], None] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.environ = environ
        self.root = root
        self.systemd_cgroup = systemd_cgroup
        self.rootless = rootless
        self.cgroup_manager = "systemd" if systemd_cgroup else cgroup_manager
        self.debug = debug or _drop
        self.verbose = debug is not None
        self.warn = warn or _drop


def _drop(_line: str) -> None:
    pass


def check_root(path: str) -> str:
    """The state root made absolute; "" and "/" are refused."""
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
    from pyrunc.runtime.process import read_file

    try:
        return read_file("/proc/self/uid_map").split() != _WHOLE_ID_RANGE
    except OSError:  # a kernel without user namespaces
        return False
