# SPDX-License-Identifier: Apache-2.0
"""kill: sends a signal to a container."""

from __future__ import annotations

from pyrunc.cli.tables import BOOL, Command, Option
from pyrunc.errors import StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "kill",
    "send the specified signal (default: SIGTERM) to the container's init process",
    arguments="<container-id> [signal]",
    description="""
The signal is a number or a name, with or without SIG. To kill a container:

    # {name} kill <container-id> KILL
""",
    options=(Option("all", BOOL, "signal all processes of the container", short="a", hidden=True),),
    most=2,
    stop_early=True,
)


def run(call: Call) -> int:
    """Returns 0 once the signal is sent."""
    from pyrunc.runtime import signal

    everyone = call.flag("all")
    try:
        signal.kill(call.context, call.args[0], call.args[1] if len(call.args) > 1 else "TERM",
                    everyone=everyone)
    except StateError as error:
        if not everyone or str(error) != signal.NOT_RUNNING:
            raise
    return 0
