# SPDX-License-Identifier: Apache-2.0
"""All rules together: which run on a config, a process and a set of resources."""

from __future__ import annotations

from pyrunc.config.rules import (
    general,
    ids,
    linux,
    mounts,
    process,
    resources,
    seccomp,
    sysctls,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyrunc.config.problems import Path, Problem
    from pyrunc.config.types import Json

    Rule = Callable[[Json], Iterator[Problem]]

CONFIG: tuple[Rule, ...] = (
    *general.RULES,
    *mounts.RULES,
    *ids.RULES,
    *linux.RULES,
    *sysctls.RULES,
    *resources.CONFIG_RULES,
)
NEWER: tuple[Rule, ...] = (general.newer,)

# The parts that may also come alone, to exec and update.
PROCESS: tuple[Rule, ...] = process.RULES
RESOURCES: tuple[Rule, ...] = resources.RULES

# The parts of a config that have rules of their own: the path to the part, its rules.
CONFIG_PARTS: tuple[tuple[Path, tuple[Rule, ...]], ...] = (
    (("process",), process.RULES),
    (("linux", "resources"), resources.RULES),
    (("linux", "seccomp"), seccomp.RULES),
)


def run(rules: Iterable[Rule], value: Json, at: Path = (), *,
        guarded: bool = False) -> list[Problem]:
    """The problems that `rules` find in `value`, which is what stands at the path `at`.

    `guarded` is for a value that the first layer has refused: a rule that stumbles over its shape
    keeps what it found so far.
    """
    found: list[Problem] = []
    for rule in rules:
        try:
            found.extend(rule(value))
        except (TypeError, KeyError, AttributeError, ValueError, IndexError):
            if not guarded:
                raise
    if at:
        for problem in found:
            problem.path = (*at, *problem.path)
    return found


def part(config: Json, path: Path) -> Json | None:
    """What stands at `path` of `config`, None when it is absent."""
    value = config
    for step in path:
        if type(value) is not dict:
            return None
        value = value.get(step)
    return value


def config_problems(config: Json, *, allow_newer: bool = False,
                    guarded: bool = False) -> list[Problem]:
    """Everything the second layer finds in a config of the right shape."""
    found = run(CONFIG if allow_newer else (*NEWER, *CONFIG), config, guarded=guarded)
    for path, rules in CONFIG_PARTS:
        value = part(config, path)
        if value is not None:
            found += run(rules, value, path, guarded=guarded)
    return found
