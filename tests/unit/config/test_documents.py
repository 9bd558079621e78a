# SPDX-License-Identifier: Apache-2.0
"""The schemas and rules of what a runtime writes: state, process state, features."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrunc.config import _check_documents, documents
from pyrunc.config.explain import document_errors
from pyrunc.config.validate import load_config
from pyrunc.jsonio import dumps
from pyrunc.runtime.features import document
from pyrunc.tables import capabilities, mounts, namespaces, process, seccomp
from tests.corpus.bases import FRAGMENTS, SMALL
from tests.corpus.make import DROP, clone, patch

STATE = {"ociVersion": "1.3.0", "id": "box", "status": "running", "pid": 4242, "bundle": "/b",
         "annotations": {"a.b": ""}}
PROCESS_STATE = {"ociVersion": "1.3.0", "fds": ["seccompFd"], "pid": 4242, "metadata": "meta",
                 "state": {**STATE, "status": "creating"}}
FEATURES = document({})
WORDS = {"state": (STATE, documents.state_problems),
         "process-state": (PROCESS_STATE, documents.process_state_problems),
         "features": (FEATURES, documents.features_problems)}


@pytest.mark.parametrize("name", WORDS)
def test_good_document(name):
    """STA-9, SCN-5, FEA-1: what we write has no problem."""
    value, problems = WORDS[name]
    assert problems(clone(value)) == []


@pytest.mark.parametrize("status", ["creating", "created", "running", "stopped", "paused"])
def test_state_words(status):
    """STA-8: the standard's words and ours for a frozen container."""
    assert documents.state_problems({**STATE, "status": status}) == []


@pytest.mark.parametrize(("kind", "path", "value", "says"), [
    ("state", "pid", DROP, 'pid: is missing while the status is "running" (runtime.md, State)'),
    ("state", "pid", 0, 'pid: is missing while the status is "running" (runtime.md, State)'),
    ("state", "bundle", "b", 'bundle: "b" is not an absolute path (runtime.md, State)'),
    ("state", "id", "", 'id: "" is empty (runtime.md, State)'),
    ("state", "id", DROP, "id: is missing (runtime.md, State)"),
    ("state", "ociVersion", "1", ('ociVersion: "1" is not a version of SemVer 2.0.0 such as '
     "1.3.0 (runtime.md, State)")),
    ("process-state", "pid", 0, ("pid: 0 is not between 1 and 4194304 "
     "(config-linux.md, The container process state)")),
    ("process-state", "state", DROP, ("state: is missing "
     "(config-linux.md, The container process state)")),
    ("features", "ociVersionMax", "0.9.0", ('ociVersionMax: "0.9.0" is below ociVersionMin '
     '"1.0.0" (features.md, Specification version)')),
    ("features", "ociVersionMax", "1.0.0-rc5", ('ociVersionMax: "1.0.0-rc5" is below '
     'ociVersionMin "1.0.0" (features.md, Specification version)')),
    ("features", "ociVersionMin", DROP, "ociVersionMin: is missing (features.md)"),
    ("features", "linux.memoryPolicy.modes[0]", 1,
     "linux.memoryPolicy.modes[0]: 1 is not a string (features-linux.md)"),
    ("features", "linux.intelRdt.schemata", "x",
     'linux.intelRdt.schemata: "x" is not true or false (features-linux.md)'),
])
def test_bad_document(kind, path, value, says):
    """STA-4, STA-5, SCN-5, FEA-1, FEA-9, FEA-10: what the published schemas let through."""
    good, problems = WORDS[kind]
    document = clone(good)
    patch(document, path, value)
    assert [problem.sentence() for problem in problems(document)] == ([says] if says else [])


def test_null_members_of_features_are_absent():
    """FEA-0b: every member but the two versions may be null."""
    assert documents.features_problems({"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0",
                                        "hooks": None, "linux": {"seccomp": None}}) == []


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(sorted(WORDS)), st.data())
def test_generated_check_agrees_with_jsonschema(name, data):
    """STA-9, PY-12: the two speeds agree on these documents too."""
    value = clone(WORDS[name][0])
    for path in data.draw(st.lists(st.sampled_from(sorted(value)), max_size=3)):
        value[path] = data.draw(st.sampled_from([None, 0, 1, -1, 2**40, "", "/x", "1.0.0", [], [1],
                                                 {}, {"enabled": 5}, True, {"a": "b"}]))
    failure = getattr(_check_documents, name.replace("-", "_"))(value)
    errors = set(document_errors(name, value))
    assert errors == set() if failure is None else (
        (failure[0], tuple(failure[1].split("/"))) in errors)


@pytest.mark.parametrize("version", ["ociVersionMin", "ociVersionMax"])
def test_versions_of_features_are_accepted(version):
    """VER-4, FEA-1: both versions of the features document are good as ociVersion."""
    config = {**SMALL, "ociVersion": FEATURES[version]}
    assert load_config(dumps(config).encode()) == config


def _accepts(path, value):
    config = clone(SMALL)
    for at, fragment in FRAGMENTS.items():
        if path.startswith(at):
            patch(config, at, clone(fragment))
    patch(config, path, value)
    try:
        load_config(dumps(config).encode())
    except ValueError as error:
        return str(error)
    return ""


# what features lists, where such a word stands in a config, what else must be so
LISTED = [
    ("hooks", lambda word: ("hooks", {word: [{"path": "/h"}]})),
    ("linux.namespaces", lambda word: ("linux.namespaces", [{"type": word}] + [
        {"type": other} for other in ("user", "uts") if other != word])),
    ("linux.seccomp.archs", lambda word: ("linux.seccomp.architectures", [word])),
    ("linux.seccomp.operators", lambda word: ("linux.seccomp.syscalls[0].args[0].op", word)),
    ("linux.seccomp.knownFlags", lambda word: ("linux.seccomp.flags", [word])),
    ("linux.seccomp.actions", lambda word: ("linux.seccomp.syscalls[1].action", word)),
    ("linux.memoryPolicy.flags", lambda word: ("linux.memoryPolicy.flags", [word])),
    ("linux.memoryPolicy.modes", lambda word: ("linux.memoryPolicy", {
        "mode": word,
        "nodes": "" if word in process.MEMPOLICY_WITHOUT_NODES else "0"})),
]


@pytest.mark.parametrize(("member", "place"), LISTED, ids=[member for member, _ in LISTED])
def test_listed_words_are_accepted_and_others_refused(member, place):
    """FEA-2, FEA-6, FEA-8, FEA-10, FEA-14: each listed word is taken, an unlisted one is not."""
    words = FEATURES
    for step in member.split("."):
        words = words[step]
    assert words
    for word in words:
        assert _accepts(*place(word)) == ""
    if member != "hooks":  # HK-9: an unknown array of hooks is ignored
        assert "is not one of" in _accepts(*place(words[0] + "_X"))


def test_lists_are_the_tables():
    """FEA-3, FEA-6, FEA-8: the document is derived from the tables that the parser uses."""
    assert set(FEATURES["mountOptions"]) == {
        *mounts.MOUNT_OPTIONS, *mounts.RECURSIVE_OPTIONS, *mounts.PROPAGATION,
        *mounts.SPECIAL_OPTIONS}
    assert set(FEATURES["linux"]["capabilities"]) == set(capabilities.CAPABILITIES)
    assert set(FEATURES["linux"]["namespaces"]) == set(namespaces.NAMESPACES)
    assert set(FEATURES["linux"]["seccomp"]["supportedFlags"]) <= set(seccomp.FLAGS)


def test_listed_mount_options_are_no_filesystem_data():
    """FEA-3, MNT-9: each listed option is known on a bind mount, an unlisted one is data."""
    for word in FEATURES["mountOptions"]:
        assert _accepts("mounts", [{"destination": "/d", "options": ["bind", word]}]) == ""
    assert "is data for a filesystem" in _accepts(
        "mounts", [{"destination": "/d", "options": ["bind", "acl"]}])
