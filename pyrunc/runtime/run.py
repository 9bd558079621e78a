# SPDX-License-Identifier: Apache-2.0
"""run: create and start in one, waiting for the end unless detached."""

from __future__ import annotations

from pyrunc import native
from pyrunc.runtime import foreground
from pyrunc.runtime.create import Making

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.context import Context
    from pyrunc.runtime.options import CreateOptions


def run(ctx: Context, container_id: str, bundle: str, options: CreateOptions) -> int:
    """Runs the container. Returns 0 when detached, else the program's exit status (128 + signal).

    In the foreground the container is deleted at the end unless options.keep.
    """
    if not options.detach and not options.no_subreaper:
        # What the container orphans is ours to reap until we are done.
        native.set_subreaper(on=True)
    making = Making(ctx, container_id, bundle, options, waits=False)
    with making:
        listener = None
        if ctx.environ.get("NOTIFY_SOCKET"):
            from pyrunc.runtime import notify

            listener = notify.listen(making.record)
        if not options.detach:
            foreground.hold_signals()
        making.stage.go_on()
        making.stage.until_executed()
        if making.record.hooks:
            from pyrunc.runtime.start import run_poststart

            run_poststart(ctx, making.record)
    if listener:
        notify.forward(listener, making.stage.child.pid, making.stage.child.pidfd)
    if options.detach:
        making.stage.child.close()
        return 0
    child = making.stage.child
    doomed = foreground.NOTHING if options.keep else (ctx.root, container_id)
    status = foreground.wait(child, making.master, options.door, doomed)
    if not options.keep:
        foreground.remove(ctx, container_id, child.pid)
    return status
