# SPDX-License-Identifier: Apache-2.0
"""checkpoint: known to the command line so that engines can ask; not built in."""

from __future__ import annotations

from pyrunc.cli.tables import BOOL, INT, LIST, TEXT, Command, Option
from pyrunc.errors import PyruncError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "checkpoint",
    "checkpoint a running container",
    description="Not built into this version of {name}: the verb always fails.",
    options=(
        Option("image-path", TEXT, "directory for the image files"),
        Option("work-path", TEXT, "directory for work files and logs"),
        Option("parent-path", TEXT, "directory of an earlier --pre-dump, relative to --image-path"),
        Option("leave-running", BOOL, "leave the container running"),
        Option("tcp-established", BOOL, "allow open TCP connections"),
        Option("tcp-skip-in-flight", BOOL, "leave out TCP connections that are being made"),
        Option("link-remap", BOOL, "allow unlinked files that are open"),
        Option("ext-unix-sk", BOOL, "allow external unix sockets"),
        Option("shell-job", BOOL, "allow shell jobs"),
        Option("lazy-pages", BOOL, "restore memory pages when they are needed"),
        Option("status-fd", INT, "descriptor to write to when lazy pages are ready", default=-1),
        Option("page-server", TEXT, "ADDRESS:PORT of the page server"),
        Option("file-locks", BOOL, "save file locks"),
        Option("pre-dump", BOOL, "save memory only and leave the container running"),
        Option("manage-cgroups-mode", TEXT, "soft, full, strict or ignore"),
        Option("empty-ns", LIST, "make this namespace without restoring its properties"),
        Option("auto-dedup", BOOL, "remove pages that a parent image has"),
    ),
)


def run(call: Call) -> int:
    """Always PyruncError."""
    raise PyruncError(f"checkpoint {call.args[0]}: not built into this version of pyrunc")
