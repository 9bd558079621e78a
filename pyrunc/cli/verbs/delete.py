# SPDX-License-Identifier: Apache-2.0
"""delete: removes what create made."""

from __future__ import annotations

from pyrunc.cli.tables import BOOL, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "delete",
    "delete any resources held by the container",
    description="Removes a container that is stopped, or created and not yet started.",
    options=(Option("force", BOOL, "kill the container (SIGKILL) if it still runs", short="f"),),
)


def run(call: Call) -> int:
    """Returns 0 when nothing of the container is left."""
    from pyrunc.runtime import delete

    delete.delete(call.context, call.args[0], force=call.flag("force"))
    return 0
