# SPDX-License-Identifier: Apache-2.0
"""Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop."""

from __future__ import annotations

import os

from pyrunc import native
from pyrunc.errors import HookError
from pyrunc.plan import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import Hook
    from pyrunc.runtime.context import Context


def run_hooks(ctx: Context, kind: str, hooks: Sequence[Hook], state: bytes, *, cwd: str) -> None:
    """Runs hooks in order with `state` (JSON) on their stdin.

    HookError at the first failure and the rest is not run (HK-8b), but for poststop: there a
    failure is a warning and the rest is run (HK-11).
    """
    for index, hook in enumerate(hooks):
        ctx.debug(f"running {kind} hook #{index}: {hook['path']}")
        try:
            _run(kind, index, hook, state, cwd)
        except HookError as error:
            if kind != "poststop":
                raise
            ctx.warn(str(error))


def _run(kind: str, index: int, hook: Hook, state: bytes, cwd: str) -> None:
    args = hook.get("args") or [hook["path"]]
    env = hook["env"] if "env" in hook else environment()
    try:
        native.run_hook(hook["path"], args, env, cwd, state, hook.get("timeout", 0))
    except native.Failure as failure:
        reason = explain.hook_reason(failure.step, failure.errno or 0, failure.detail)
        raise HookError(f"error running {kind} hook #{index}: {hook['path']}: {reason}") from None


def environment() -> list[str]:
    """This process's environment as a list: what a hook without env inherits (HK-8)."""
    return [f"{os.fsdecode(name)}={os.fsdecode(value)}" for name, value in os.environb.items()]
