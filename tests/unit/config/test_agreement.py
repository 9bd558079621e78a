# SPDX-License-Identifier: Apache-2.0
"""Two speeds, one meaning: the generated check and jsonschema always agree."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from pyrunc.config import validate
from pyrunc.config._schemas import BASE, SCHEMAS
from pyrunc.config.explain import document_errors
from pyrunc.config.lenient import drop_nulls
from pyrunc.config.report import ERROR, find_problems
from pyrunc.config.validate import load_config
from pyrunc.errors import ConfigError
from tests.unit.config.mutations import EVERYTHING, SEEDS, VALUES, damaged

REGISTRY = Registry().with_resources(
    [(BASE + name, DRAFT4.create_resource(schema)) for name, schema in SCHEMAS.items()])
AUTHORITY = {name: Draft4Validator({"$ref": f"{BASE}{name}.schema.json"}, registry=REGISTRY)
             for name in ("config", "process", "resources")}
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))


def agree(name, value):
    """Assert that the generated check of `name` finds a failure exactly where jsonschema does."""
    failure = getattr(validate, name.upper()).check(value)
    errors = {(tuple(error.absolute_path), tuple(map(str, error.absolute_schema_path)))
              for error in AUTHORITY[name].iter_errors(value)}
    if failure is None:
        assert not errors
    else:
        assert (failure[0], tuple(failure[1].split("/"))) in errors


@settings(SLOW, max_examples=2000)
@given(damaged())
@example(EVERYTHING)
def test_generated_check_agrees_with_jsonschema(config):
    """PY-12: thousands of damaged configs: the failure found fast is one that jsonschema finds."""
    agree("config", config)


@settings(SLOW, max_examples=500)
@given(st.one_of(VALUES, damaged().map(lambda config: config.get("process"))))
def test_process_check_agrees_with_jsonschema(value):
    """PRC-1, PY-12: the same for a process alone."""
    agree("process", value)


@settings(SLOW, max_examples=500)
@given(st.one_of(VALUES, damaged().map(
    lambda config: config.get("linux", {}).get("resources")
    if isinstance(config.get("linux"), dict) else None)))
def test_resources_check_agrees_with_jsonschema(value):
    """MEM-1, PY-12: the same for resources alone."""
    agree("resources", value)


@settings(SLOW, max_examples=1000)
@given(damaged())
def test_accepting_and_reporting_agree(config):
    """VAL-1: load_config refuses exactly what the full report finds an error in."""
    data = json.dumps(config).encode()
    errors = [problem for problem in find_problems(data) if problem.level == ERROR]
    try:
        load_config(data)
    except ConfigError as error:
        assert {problem.key() for problem in error.problems} == {
            problem.key() for problem in errors}
    else:
        assert not errors


@settings(SLOW, max_examples=500)
@given(damaged())
def test_strict_refuses_more_and_never_less(config):
    """VAL-1: what the strict mode accepts, the lenient one accepts, with the same meaning."""
    data = json.dumps(config).encode()
    try:
        strict = load_config(data, strict=True)
    except ConfigError:
        return
    assert load_config(data) == strict == config


def test_authority_is_not_trivial():
    """PY-4: the registry holds every schema, and the good seeds pass it."""
    for seed in SEEDS:
        value = json.loads(json.dumps(seed))
        drop_nulls(value, (), [])
        assert list(document_errors("config", value)) == []
    assert len(list(document_errors("config", {"root": 5, "process": {}}))) == 5
