# SPDX-License-Identifier: Apache-2.0
"""What create, run and exec can be told beyond the bundle; the names are the flags' names."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class CreateOptions:
    """Of create and run. Paths are absolute or "" (absent).

    stdio: the fds of the program's three streams, each above 2, or -1 for the caller's own.
    door: in the foreground this process becomes that program (foreground.wait); () = it stays.
    """

    __slots__ = ("allow_newer", "console_socket", "detach", "door", "keep", "no_new_keyring",
                 "no_pivot", "no_subreaper", "pid_file", "pidfd_socket", "preserve_fds", "stdio")

    def __init__(
        self,
        *,
        console_socket: str = "",
        pidfd_socket: str = "",
        pid_file: str = "",
        no_pivot: bool = False,
        no_new_keyring: bool = False,
        preserve_fds: int = 0,
        detach: bool = False,
        keep: bool = False,
        no_subreaper: bool = False,
        allow_newer: bool = False,
        stdio: tuple[int, ...] = (),
        door: Sequence[str] = (),
    ) -> None:
        self.door = door
        self.stdio = stdio
        self.allow_newer = allow_newer
        self.console_socket = console_socket
        self.pidfd_socket = pidfd_socket
        self.pid_file = pid_file
        self.no_pivot = no_pivot
        self.no_new_keyring = no_new_keyring
        self.preserve_fds = preserve_fds
        self.detach = detach
        self.keep = keep
        self.no_subreaper = no_subreaper


class ExecOptions:
    """Of exec. With `process` (the path of a process.json, or its bytes) only the options about
    sockets, files and descriptors count; else `args` and the rest change the container's own
    process.

    None for `tty`, `no_new_privs`, `user`, `cwd` = as the container has it. `cgroup` holds the
    values of --cgroup as given, `stdio` and `door` what they hold in CreateOptions.
    """

    __slots__ = ("additional_gids", "apparmor", "args", "cap", "cgroup", "console_socket", "cwd",
                 "detach", "door", "env", "ignore_paused", "no_new_privs", "no_subreaper",
                 "pid_file", "pidfd_socket", "preserve_fds", "process", "process_label", "stdio",
                 "tty", "user")

    def __init__(
        self,
        *,
        args: list[str] | None = None,
        process: str | bytes = "",
        console_socket: str = "",
        pidfd_socket: str = "",
        cwd: str | None = None,
        env: list[str] | None = None,
        tty: bool | None = None,
        user: str | None = None,
        additional_gids: list[int] | None = None,
        detach: bool = False,
        pid_file: str = "",
        process_label: str = "",
        apparmor: str = "",
        no_new_privs: bool | None = None,
        cap: list[str] | None = None,
        preserve_fds: int = 0,
        cgroup: list[str] | None = None,
        ignore_paused: bool = False,
        no_subreaper: bool = False,
        stdio: tuple[int, ...] = (),
        door: Sequence[str] = (),
    ) -> None:
        self.door = door
        self.stdio = stdio
        self.args = args or []
        self.process = process
        self.console_socket = console_socket
        self.pidfd_socket = pidfd_socket
        self.cwd = cwd
        self.env = env or []
        self.tty = tty
        self.user = user
        self.additional_gids = additional_gids or []
        self.detach = detach
        self.pid_file = pid_file
        self.process_label = process_label
        self.apparmor = apparmor
        self.no_new_privs = no_new_privs
        self.cap = cap or []
        self.preserve_fds = preserve_fds
        self.cgroup = cgroup or []
        self.ignore_paused = ignore_paused
        self.no_subreaper = no_subreaper
