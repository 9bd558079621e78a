# SPDX-License-Identifier: Apache-2.0
"""Mount sources that the parent opens for a stage whose user namespace may not reach them."""

from __future__ import annotations

from errno import EINVAL

from pyrunc import native
from pyrunc.errors import NativeError
from pyrunc.plan import explain
from pyrunc.plan.rootfs import SOURCES_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def open_next(pidfd: int, sources: list[tuple[str, tuple[int, int]]]) -> Sequence[int]:
    """Takes as many of `sources` as fit into one answer and opens them in the mount namespace of
    `pidfd`; returns descriptors, the caller's. NativeError that names the source.
    """
    wanted = sources[:SOURCES_MAX]
    del sources[:SOURCES_MAX]
    if not wanted:
        return ()
    try:
        return native.open_sources(pidfd, wanted)
    except native.Failure as failure:
        raise _error(failure) from None


def _error(failure: native.Failure) -> NativeError:
    step, number = explain.STEPS[failure.step][0], failure.errno or 0
    if step in ("MOUNT_SETATTR", "OPEN_TREE"):
        hint = "its file system cannot be id-mapped" if number == EINVAL else ""
        what = f"idmap mount source {failure.detail}: {step.lower()}"
        return NativeError(what, number, hint)
    return NativeError(f"open mount source {failure.detail}", number)
