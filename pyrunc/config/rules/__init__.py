# SPDX-License-Identifier: Apache-2.0
"""The second layer: what the standard demands and no schema can say, one small pure rule each.

A rule takes the whole config (or process, or resources), which the first layer has found to be of
the right shape, and yields problems. Here is which rules run on what.

A module of rules is imported when the part it is about is there: each import costs more time than
all of its rules.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyrunc.config.problems import Path, Problem
    from pyrunc.config.types import Json

    Rule = Callable[[Json], Iterator[Problem]]

MAX_PROBLEMS = 100  # of one part; a file can be wrong a million times

# The part that must be there, the module's name, the name of its table, and whether its rules
# take the part alone (True) or the whole config.
CONFIG = (
    ((), "general", "RULES", False),
    (("mounts",), "mounts", "RULES", False),
    (("process",), "process", "RULES", True),
    (("linux",), "linux", "RULES", False),
    (("linux", "uidMappings"), "ids", "UID_RULES", False),
    (("linux", "gidMappings"), "ids", "GID_RULES", False),
    (("linux", "sysctl"), "sysctls", "RULES", False),
    (("linux", "resources"), "resources", "RULES", True),
    (("linux", "resources", "memory"), "resources", "CONFIG_RULES", False),
    (("linux", "seccomp"), "seccomp", "RULES", True),
)


def table(module: str, name: str) -> tuple[Rule, ...]:
    """The table `name` of rules in the module `module` of this package."""
    package = __import__(f"pyrunc.config.rules.{module}", fromlist=(name,))
    rules: tuple[Rule, ...] = getattr(package, name)
    return rules


def run(rules: Iterable[Rule], value: Json, at: Path = (), *,
        guarded: bool = False) -> list[Problem]:
    """The problems that `rules` find in `value`, which is what stands at the path `at`.

    `guarded` is for a value that the first layer has refused: a rule that stumbles over its shape
    keeps what it found so far, and what makes no sense is dropped.
    """
    found: list[Problem] = []
    for rule in rules:
        try:
            for problem in rule(value):
                found.append(problem)
                if len(found) >= MAX_PROBLEMS:
                    break
        except (TypeError, KeyError, AttributeError, ValueError, IndexError):
            if not guarded:
                raise
    if guarded:
        found = [problem for problem in found
                 if all(type(step) is str or type(step) is int for step in problem.path)]
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
    found = [] if allow_newer else run(table("general", "NEWER"), config, guarded=guarded)
    for path, module, name, alone in CONFIG:
        value = part(config, path)
        if value is None:
            continue
        if alone:
            found += run(table(module, name), value, path, guarded=guarded)
        else:
            found += run(table(module, name), config, guarded=guarded)
    return found


def process_problems(process: Json, *, guarded: bool = False) -> list[Problem]:
    """Everything the second layer finds in a process that comes alone, as exec's does."""
    return run(table("process", "RULES"), process, guarded=guarded)


def resources_problems(resources: Json, *, guarded: bool = False) -> list[Problem]:
    """Everything the second layer finds in resources that come alone, as update's do."""
    return run(table("resources", "RULES"), resources, guarded=guarded)
