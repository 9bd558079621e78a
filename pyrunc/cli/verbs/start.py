# SPDX-License-Identifier: Apache-2.0
"""start: executes the program of a created container."""

from __future__ import annotations

import sys

from pyrunc.cli.tables import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "start",
    "execute the user defined process in a created container",
    description="Executes the program of a container made by \"{name} create\".",
)


def run(call: Call) -> int:
    """Returns 0 once the program is executed and the poststart hooks have run."""
    from pyrunc.runtime import start

    message = sys._xoptions.get("pyrunc_start")
    if isinstance(message, str):  # the front door got this far
        from pyrunc import native

        start.failed(call.context, call.args[0], native.message(bytes.fromhex(message)))
    start.start(call.context, call.args[0])
    return 0
