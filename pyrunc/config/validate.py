# SPDX-License-Identifier: Apache-2.0
"""Bytes in, a checked config out: accepts fast, and leaves explaining to `explain`."""

from __future__ import annotations

from pyrunc.config import rules
from pyrunc.config.lenient import drop_nulls, soften_linux
from pyrunc.config.problems import Problem, refusal
from pyrunc.jsonio import JsonError, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import cast

    from pyrunc.config._check_config import Failure
    from pyrunc.config.types import Config, Json, Process, Resources


class Kind:
    """One kind of document: how it is checked fast, and which rules are its second layer."""

    def __init__(self, schema: str, check: Callable[[Json], Failure],
                 second: Callable[[Json, bool, bool], list[Problem]]) -> None:
        self.schema = schema
        self.check = check
        self.second = second


def _check_config(value: Json) -> Failure:
    from pyrunc.config._check_config import config

    return config(value)


def _check_process(value: Json) -> Failure:
    from pyrunc.config._check_process import process

    return process(value)


def _check_resources(value: Json) -> Failure:
    from pyrunc.config._check_resources import resources

    return resources(value)


CONFIG = Kind("config", _check_config,
              lambda value, newer, guarded: rules.config_problems(
                  value, allow_newer=newer, guarded=guarded))
PROCESS = Kind("process", _check_process,
               lambda value, _, guarded: rules.process_problems(value, guarded=guarded))
RESOURCES = Kind("resources", _check_resources,
                 lambda value, _, guarded: rules.resources_problems(value, guarded=guarded))


def load_config(data: bytes, *, strict: bool = False, name: str = "config.json",
                allow_newer: bool = False, notes: list[Problem] | None = None) -> Config:
    """The config that `data` spells, accepted, with what engines write softened (D3).

    `strict` refuses what the pre-pass would soften. `allow_newer` takes any ociVersion 1.x (D1).
    `notes` receives what was softened. Raises ConfigError with every problem. Asks nothing of the
    filesystem or the kernel.
    """
    value = _load(data, CONFIG, name, strict, allow_newer, notes)
    return cast("Config", value) if TYPE_CHECKING else value


def load_process(data: bytes, *, strict: bool = False, name: str = "process.json",
                 notes: list[Problem] | None = None) -> Process:
    """The process that `data` spells, as `exec --process` takes it; like `load_config`."""
    value = _load(data, PROCESS, name, strict, False, notes)
    return cast("Process", value) if TYPE_CHECKING else value


def load_resources(data: bytes, *, strict: bool = False, name: str = "resources",
                   notes: list[Problem] | None = None) -> Resources:
    """The resources that `data` spells, as `update --resources` takes them; like `load_config`."""
    value = _load(data, RESOURCES, name, strict, False, notes)
    return cast("Resources", value) if TYPE_CHECKING else value


def _load(data: bytes, kind: Kind, name: str, strict: bool, allow_newer: bool,
          notes: list[Problem] | None) -> Json:
    try:
        value = loads(data)
    except JsonError as error:
        from pyrunc.config.explain import json_problem

        raise refusal(name, [json_problem(error, data)]) from None
    softened = soften(value, data)
    if notes is not None:
        notes += softened
    refused = kind.check(value) is not None or (strict and softened)
    if not refused and not kind.second(value, allow_newer, False):
        return value
    from pyrunc.config.explain import explain  # only a refusal pays for it

    raise refusal(name, explain(data, value, kind, softened if strict else [], allow_newer))


def soften(value: Json, data: bytes) -> list[Problem]:
    """Run the lenient pre-pass on `value`, in place; what it changed, as notes."""
    notes: list[Problem] = []
    if b"null" in data:
        drop_nulls(value, (), notes)
    if type(value) is dict:
        soften_linux(value.get("linux"), notes)
    return notes
