# SPDX-License-Identifier: Apache-2.0
"""run: create and start in one, waiting for the end unless detached."""

from __future__ import annotations

import os
from _signal import (
    SIG_BLOCK,
    pthread_sigmask,
    valid_signals,
)

from pyrunc import native
from pyrunc.runtime import delete, notify, state
from pyrunc.runtime.create import Making
from pyrunc.runtime.start import run_poststart

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
        listener = notify.listen(making.record)
        if not options.detach:
            hold_signals()
        making.stage.go_on()
        making.stage.until_executed()
        run_poststart(ctx, making.record)
    notify.forward(listener, making.stage.child.pid, making.stage.child.pidfd)
    if options.detach:
        making.stage.child.close()
        return 0
    return _foreground(ctx, making, keep=options.keep)


def hold_signals() -> None:
    """From here on signals are the program's: they wait until the relay can pass them on."""
    pthread_sigmask(SIG_BLOCK, valid_signals())


def _foreground(ctx: Context, making: Making, *, keep: bool) -> int:
    child = making.stage.child
    try:
        status = native.relay(child.pid, child.pidfd, making.master)
    finally:
        if making.master >= 0:
            os.close(making.master)
        child.close()
    if not keep:
        with state.Lock(making.record.path):
            delete.destroy(ctx, making.record)
    return status
