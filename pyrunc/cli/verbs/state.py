# SPDX-License-Identifier: Apache-2.0
"""state: the state of a container as the standard words it."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.cli.tables import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "state",
    "output the state of a container",
    description="Prints the state of the container as JSON.",
)


def run(call: Call) -> int:
    """Prints JSON indented by two blanks, with no newline at its end, as runc does."""
    from pyrunc.runtime import lists, state

    call.print(jsonio.dumps(lists.describe(state.load(call.context, call.args[0])), "  "))
    return 0
