# SPDX-License-Identifier: Apache-2.0
"""What validation does with what the standard is silent or divided about."""

from __future__ import annotations

import json
from urllib.parse import urljoin

import pytest

from pyrunc.cgroups import unit_properties, v1_values
from pyrunc.config._schemas import BASE, SCHEMAS
from pyrunc.config.validate import load_config
from pyrunc.errors import ConfigError
from pyrunc.runtime import features
from tests.corpus.bases import SMALL
from tests.corpus.make import clone, patch


def refusal(path, value):
    """The message for SMALL with one value changed; "" when it is accepted."""
    config = clone(SMALL)
    patch(config, path, value)
    try:
        load_config(json.dumps(config).encode())
    except ConfigError as error:
        return str(error)
    return ""


def test_pids_without_limit():
    """PID-6: pids without limit is accepted, and asks for nothing."""
    assert refusal("linux.resources", {"pids": {}}) == ""
    assert v1_values.writes({"pids": {}}) == []


@pytest.mark.parametrize("word", ["throttleReadIopsDevice", "throttleWriteIopsDevice"])
def test_old_spelling_of_iops(word):
    """BIO-6: the spelling of 1.0.0 is an unknown member: ignored, whatever it holds."""
    assert refusal("linux.resources", {"blockIO": {word: 5}}) == ""
    assert v1_values.writes({"blockIO": {word: [{"major": 8, "minor": 0, "rate": 1}]}}) == []


@pytest.mark.parametrize("word", ["throttleReadIOPSDevice", "throttleWriteIOPSDevice"])
def test_spelling_of_iops(word):
    """BIO-6: the spelling since 1.0.1 is a member that is checked and written."""
    assert "is not an array" in refusal("linux.resources", {"blockIO": {word: 5}})
    assert v1_values.writes({"blockIO": {word: [{"major": 8, "minor": 0, "rate": 1}]}})


def references(value):
    """Every $ref below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.mark.parametrize("name", SCHEMAS)
def test_references_lead_somewhere(name):
    """PY-1, PY-3: every reference of a schema is found among the schemas registered together."""
    for reference in references(SCHEMAS[name]):
        file, _, pointer = urljoin(BASE + name, reference).partition("#")
        found = SCHEMAS[file.removeprefix(BASE)]
        for step in filter(None, pointer.split("/")):
            found = found[step]
        assert isinstance(found, dict)


def test_base_can_be_joined():
    """PY-2: the schemas' base is one to which a relative reference can be joined."""
    assert urljoin(f"{BASE}a.schema.json", "b.schema.json#/x") == f"{BASE}b.schema.json#/x"


@pytest.mark.parametrize("key", ["", "\n", "a\nb"])
@pytest.mark.parametrize("where", ["annotations", "linux.sysctl", "linux.resources.unified"])
def test_no_key_escapes_the_check(where, key):
    """PY-7: a value under an empty key or one with a newline is checked like any other."""
    config = clone(SMALL)
    patch(config, "linux.resources", {})
    patch(config, where, {key: 5})
    with pytest.raises(ConfigError) as caught:
        load_config(json.dumps(config).encode())
    problems = [(problem.path[-1], problem.says) for problem in caught.value.problems]
    assert (key, "5 is not a string") in problems


@pytest.mark.parametrize(("path", "value", "says"), [
    ("linux.namespaces", [{"type": "nett"}],
     'config.json: linux.namespaces[0].type: "nett" is not one of pid, network, mount, '),
    ("linux.resources", {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}},
     "config.json: linux.resources.blockIO.weightDevice[0]: "),
])
def test_message_behind_an_alternative(path, value, says):
    """PY-13: behind alternatives of a schema the message still names the fault itself."""
    message = refusal(path, value)
    assert message.startswith(says)
    assert "any of" not in message and "schema" not in message


def test_features_leave_out_what_is_empty():
    """FEA-13: an annotation of features without a value is not there; no list is empty."""
    bare, built = features.document({}), features.document({"version": "1", "commit": "c"})
    assert set(built["annotations"]) - set(bare["annotations"]) == {
        "org.opencontainers.runc.version", "org.opencontainers.runc.commit"}
    assert all(built["annotations"].values())
    lists = [value for value in (*bare.values(), *bare["linux"].values())
             if isinstance(value, list)]
    assert lists and all(lists)


def test_annotations_that_change_behaviour_are_listed():
    """FEA-5: the annotations that set properties of a unit are those that features calls unsafe."""
    listed = features.document({})["potentiallyUnsafeConfigAnnotations"]
    [prefix] = [name for name in listed if name.endswith(".")]
    assert len(unit_properties.from_annotations({f"{prefix}TimeoutStopUSec": "uint64 5"})) == 1
    harmless = {f"x{prefix}TimeoutStopUSec": "uint64 5", prefix[:-1]: "uint64 5", "a.b": "c"}
    assert unit_properties.from_annotations(harmless) == []


@pytest.mark.parametrize(("path", "value", "says"), [
    ("process.scheduler", {"policy": "SCHED_ISO"}, '"SCHED_ISO" is not'),
    ("linux.personality", {"domain": "LINUX", "flags": ["X"]}, "flags"),
    ("linux.seccomp", {"defaultAction": "SCMP_ACT_NOTIFY"}, "SCMP_ACT_NOTIFY"),
])
def test_what_is_not_supported_is_refused(path, value, says):
    """VAL-2, VAL-1: a value outside the supported subset is an error that names it."""
    message = refusal(path, value)
    assert path in message and says in message
