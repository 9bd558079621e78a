# SPDX-License-Identifier: Apache-2.0
"""The options that create and run (and restore) share, and how they become CreateOptions."""

from __future__ import annotations

import os
import sys

from pyrunc.cli.tables import BOOL, INT, TEXT, Option
from pyrunc.errors import UsageError
from pyrunc.runtime.options import CreateOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

BUNDLE = Option("bundle", TEXT, "path to the bundle directory (default: the current directory)",
                short="b")
CONSOLE_SOCKET = Option("console-socket", TEXT,
                        "AF_UNIX socket that receives the master of the console's pseudoterminal")
PIDFD_SOCKET = Option("pidfd-socket", TEXT, "AF_UNIX socket that receives a pidfd of the process")
PID_FILE = Option("pid-file", TEXT, "file to write the process id to")
PRESERVE_FDS = Option("preserve-fds", INT,
                      "pass N more file descriptors (stdio + $LISTEN_FDS + N in total)",
                      shown_default="0")
NO_PIVOT = Option("no-pivot", BOOL, "do not use pivot_root (for a root filesystem on a ramdisk)")
NO_SUBREAPER = Option("no-subreaper", BOOL, "do not become the reaper of orphaned processes")
DETACH = Option("detach", BOOL, "detach from the container's process", short="d")
NO_NEW_KEYRING = Option("no-new-keyring", BOOL,
                        "keep the caller's session keyring instead of making one for the container")

ALLOW_NEWER = Option("allow-newer", BOOL,
                     "accept an ociVersion 1.x above the known ones (unknown members are ignored)")

CREATE = (BUNDLE, CONSOLE_SOCKET, PIDFD_SOCKET, PID_FILE, NO_PIVOT, NO_NEW_KEYRING, PRESERVE_FDS,
          ALLOW_NEWER)


def absolute(path: str) -> str:
    """The path made absolute, "" kept."""
    return os.path.abspath(path) if path else ""


def bundle_path(call: Call) -> str:
    """The bundle directory, absolute; without --bundle the current directory."""
    return os.path.abspath(call.text("bundle") or ".")


def preserve_fds(call: Call) -> int:
    """--preserve-fds; UsageError when negative."""
    number = call.number("preserve-fds")
    if number < 0:
        raise UsageError(f"invalid value {number} for --preserve-fds: it cannot be negative")
    return number


def door(call: Call) -> list[str]:
    """The front door's path and the command line it was called with, when it started this process
    and may wait for the program in its place; else []. What is traced stays here to the end."""
    path, name = sys._xoptions.get("pyrunc_door"), sys._xoptions.get("pyrunc")
    if not path or not name or "trace" in call.given:
        return []
    return [str(path), str(name), *sys.argv[1:]]


def told_of_end() -> str:
    """What the front door says of a program that it waited for (foreground.ended), or ""."""
    return str(sys._xoptions.get("pyrunc_ended") or "")


def create_options(call: Call, *, run: bool) -> CreateOptions:
    """The options of create, or of `run`, which has four more."""
    return CreateOptions(
        console_socket=absolute(call.text("console-socket")),
        pidfd_socket=absolute(call.text("pidfd-socket")),
        pid_file=absolute(call.text("pid-file")),
        no_pivot=call.flag("no-pivot"),
        no_new_keyring=call.flag("no-new-keyring"),
        preserve_fds=preserve_fds(call),
        allow_newer=call.flag("allow-newer"),
        detach=call.flag("detach") if run else True,
        keep=run and call.flag("keep"),
        no_subreaper=run and call.flag("no-subreaper"),
        door=door(call) if run else (),
    )
