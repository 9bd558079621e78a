# SPDX-License-Identifier: Apache-2.0
"""resume: lets a paused container go on."""

from __future__ import annotations

from pyrunc.cli.tables import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "resume",
    "resume all processes that have been previously paused",
    description="Lets the processes of a paused container go on.",
)


def run(call: Call) -> int:
    """Returns 0 once the processes run again."""
    from pyrunc.runtime import freeze

    freeze.resume(call.context, call.args[0])
    return 0
