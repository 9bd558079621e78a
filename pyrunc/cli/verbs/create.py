# SPDX-License-Identifier: Apache-2.0
"""create: makes a container that waits for `start`."""

from __future__ import annotations

from pyrunc.cli import options
from pyrunc.cli.tables import BOOL, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "create",
    "create a container",
    description="""
Makes the container that the bundle's config.json describes, up to but without its program:
"{name} start" executes that. <container-id> must be unique below --root.
""",
    options=(
        *options.CREATE,
        # create always detaches; go-runc may say so
        Option("detach", BOOL, "", short="d", hidden=True),
    ),
    prefix="pyrunc create failed: ",
)


def run(call: Call) -> int:
    """Returns 0; PyruncError when there is no container afterwards."""
    from pyrunc.runtime import create

    create.create(call.context, call.args[0], options.bundle_path(call),
                  options.create_options(call, run=False))
    return 0
