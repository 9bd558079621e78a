# SPDX-License-Identifier: Apache-2.0
"""Ops for hooks: the parent's turn, and the two kinds that the stage runs inside the container."""

from __future__ import annotations

from pyrunc.plan import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import Config, Hook
    from pyrunc.plan.facts import Facts


def add_create_hooks(plan: ops.Plan, config: Config, facts: Facts) -> None:
    """prestart and createRuntime by the parent, then createContainer, before the root changes."""
    hooks = config.get("hooks", {})
    if hooks.get("prestart") or hooks.get("createRuntime"):
        plan.add("SYNC", "run prestart and createRuntime hooks", ops.SYNC_HOOKS)
    _add_hooks(
        plan,
        facts,
        hooks.get("createContainer", ()),
        "createContainer",
        "creating",
        facts.environment,
    )


def add_start_hooks(plan: ops.Plan, config: Config, facts: Facts) -> None:
    """startContainer, in the container, right before the program."""
    env = config.get("process", {}).get("env", ())
    _add_hooks(
        plan,
        facts,
        config.get("hooks", {}).get("startContainer", ()),
        "startContainer",
        "created",
        env,
    )


def _add_hooks(
    plan: ops.Plan,
    facts: Facts,
    hooks: Sequence[Hook],
    kind: str,
    status: str,
    inherited: Sequence[str],
) -> None:
    for index, hook in enumerate(hooks):
        args = hook.get("args") or [hook["path"]]
        env = hook["env"] if "env" in hook else list(inherited)
        plan.add(
            "HOOK",
            f"running {kind} hook #{index}: {hook['path']}",
            len(args),
            len(env),
            hook.get("timeout", 0),
            index,
            strings=(hook["path"], [*args, *env], facts.state_before[status], facts.state_after),
            flags=ops.HOOK_CREATE_CONTAINER
            if kind == "createContainer"
            else ops.HOOK_START_CONTAINER,
        )
