# SPDX-License-Identifier: Apache-2.0
"""run: create and start in one, by default in the foreground."""

from __future__ import annotations

from pyrunc.cli import options
from pyrunc.cli.tables import BOOL, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "run",
    "create and run a container",
    description="""
Makes the container that the bundle's config.json describes and executes its program. In the
foreground (without --detach) the exit code is the program's, 128 + N when signal N ended it, and
the container is deleted at the end. <container-id> must be unique below --root.
""",
    options=(
        *options.CREATE,
        options.DETACH,
        Option("keep", BOOL, "do not delete the container when it has exited"),
        options.NO_SUBREAPER,
    ),
    prefix="pyrunc run failed: ",
)


def run(call: Call) -> int:
    """Returns the program's exit status (0 when detached)."""
    told = options.told_of_end()
    if told:
        from pyrunc.runtime import foreground

        return foreground.ended(call.context, "" if call.flag("keep") else call.args[0], told)
    from pyrunc.runtime import run as runtime_run

    return runtime_run.run(call.context, call.args[0], options.bundle_path(call),
                           options.create_options(call, run=True))
