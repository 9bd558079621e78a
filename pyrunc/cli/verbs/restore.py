# SPDX-License-Identifier: Apache-2.0
"""restore: known to the command line so that engines can ask; not built in."""

from __future__ import annotations

from pyrunc.cli import options
from pyrunc.cli.tables import BOOL, LIST, TEXT, Command, Option
from pyrunc.errors import PyruncError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "restore",
    "restore a container from a previous checkpoint",
    description="Not built into this version of {name}: the verb always fails.",
    options=(
        options.CONSOLE_SOCKET,
        Option("image-path", TEXT, "directory of the image files"),
        Option("work-path", TEXT, "directory for work files and logs"),
        Option("tcp-established", BOOL, "restore open TCP connections"),
        Option("tcp-close", BOOL, "close the TCP connections that were open"),
        Option("ext-unix-sk", BOOL, "allow external unix sockets"),
        Option("shell-job", BOOL, "allow shell jobs"),
        Option("file-locks", BOOL, "restore file locks"),
        Option("manage-cgroups-mode", TEXT, "soft, full, strict or ignore"),
        options.BUNDLE,
        options.DETACH,
        options.PID_FILE,
        options.NO_SUBREAPER,
        options.NO_PIVOT,
        Option("empty-ns", LIST, "make this namespace without restoring its properties"),
        Option("auto-dedup", BOOL, "remove pages that were read"),
        Option("lazy-pages", BOOL, "restore memory pages when they are needed"),
        Option("lsm-profile", TEXT, "TYPE:NAME of the security profile to use"),
        Option("lsm-mount-context", TEXT, "security context of the mounts"),
    ),
)


def run(call: Call) -> int:
    """Always PyruncError."""
    raise PyruncError(f"restore {call.args[0]}: not built into this version of pyrunc")
