# SPDX-License-Identifier: Apache-2.0
"""pause: suspends a container."""

from __future__ import annotations

from pyrunc.cli.tables import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "pause",
    "suspend all processes inside the container",
    description="Suspends all processes of the container with the cgroup freezer.",
)


def run(call: Call) -> int:
    """Returns 0 once all processes are suspended."""
    from pyrunc.runtime import freeze

    freeze.pause(call.context, call.args[0])
    return 0
