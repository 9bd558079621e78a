# SPDX-License-Identifier: Apache-2.0
"""The global flags made into a context: where the state is, which cgroup driver, rootless."""

from __future__ import annotations

import os

from pyrunc.errors import UsageError
from pyrunc.runtime.context import Context, check_root, default_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyrunc.cli.parser import Value
    from pyrunc.log import Log

_ROOTLESS = {"true": True, "false": False, "auto": None}
_MANAGERS = ("cgroupfs", "systemd", "disabled")


def make_context(values: Mapping[str, Value], log: Log) -> Context:
    """The context for the values of the global flags; UsageError when one makes no sense."""
    rootless = str(values.get("rootless") or "auto")
    if rootless not in _ROOTLESS:
        raise UsageError(f'invalid value "{rootless}" for --rootless: use true, false or auto')
    manager = str(values.get("cgroup-manager") or "cgroupfs")
    if manager not in _MANAGERS:
        words = ", ".join(_MANAGERS)
        raise UsageError(f'invalid value "{manager}" for --cgroup-manager: use {words}')
    given = values.get("root")
    return Context(
        default_root(os.environ) if given is None else check_root(str(given)),
        systemd_cgroup=values.get("systemd-cgroup") is True,
        rootless=_ROOTLESS[rootless],
        cgroup_manager=manager,
        debug=log.debug if log.debug_wanted else None,
        warn=log.warning,
    )
