# SPDX-License-Identifier: Apache-2.0
"""load_config, load_process and load_resources: what they return and how they refuse."""

from __future__ import annotations

import json

import pytest

from pyrunc.config.default import default_config
from pyrunc.config.validate import load_config, load_process, load_resources
from pyrunc.errors import ConfigError
from tests.corpus.bases import FRAGMENTS, SMALL
from tests.corpus.make import clone, patch


def refusal(call, value, **options):
    """The ConfigError that `call` raises for `value`."""
    with pytest.raises(ConfigError) as caught:
        call(json.dumps(value).encode(), **options)
    return caught.value


def patched(*patches):
    """The small config with each (path, value) set."""
    config = clone(SMALL)
    for path, value in patches:
        patch(config, path, value)
    return config


def test_result_is_the_config_itself():
    """EXT-1: an accepted config is returned as it is written, unknown members included."""
    config = patched(("x-new", {"a": [1]}))
    assert load_config(json.dumps(config).encode()) == config


@pytest.mark.parametrize("rootless", [False, True])
@pytest.mark.parametrize("cgroup_v2", [False, True])
def test_default_config_is_accepted_strictly(rootless, cgroup_v2):
    """DFS-1, ROOT-3: what `spec` writes is good by the letter."""
    config = default_config(rootless=rootless, cgroup_v2=cgroup_v2, uid=1000, gid=1000)
    assert load_config(json.dumps(config).encode(), strict=True) == config


def test_one_line_names_the_first_and_counts_the_rest():
    """VAL-1: `create` shows one line; the error carries all problems."""
    error = refusal(load_config, patched(("process.cwd", "x"), ("root.path", ""),
                                         ("hostname", "h" * 70)))
    assert str(error) == ('config.json: root.path: "" is empty (config.md, Root) '
                          "(and 2 more problems: see pyrunc validate)")
    assert [problem.where() for problem in error.problems] == [
        "root.path", "process.cwd", "hostname"]


def test_name_of_the_file_is_told():
    """VAL-1: the error names the file that it is about."""
    error = refusal(load_config, patched(("process.cwd", "x")), name="/b/config.json")
    assert str(error) == ('/b/config.json: process.cwd: "x" is not an absolute path '
                          "(config.md, Process)")


def test_second_layer_speaks_also_when_the_first_refuses():
    """VAL-1: problems of both layers are reported together."""
    error = refusal(load_config, patched(("process.cwd", "x"), ("linux.namespaces[8]",
                                                               {"type": "pid"})))
    assert [problem.where() for problem in error.problems] == [
        "process.cwd", "linux.namespaces[8].type"]


@pytest.mark.parametrize("version", ["1.4.0", "1.99.0-rc.1", "1.123456789123456789.0"])
def test_newer_versions_can_be_allowed(version):
    """VER-3: a newer minor version is an error, unless the caller relaxes it (D1)."""
    config = patched(("ociVersion", version))
    assert "is newer than 1.3.0" in str(refusal(load_config, config))
    assert load_config(json.dumps(config).encode(), allow_newer=True) == config


def test_another_major_version_is_never_allowed():
    """VER-3: relaxing does not reach another major version."""
    error = refusal(load_config, patched(("ociVersion", "2.0.0")), allow_newer=True)
    assert error.problems[0].ids == ("VER-3",)


def test_nulls_are_dropped():
    """VAL-1: Go runtimes read null as absent, so engines write it (D3)."""
    notes = []
    config = patched(("hooks", None), ("process.env", None), ("linux.seccomp", None))
    found = load_config(json.dumps(config).encode(), notes=notes)
    assert "hooks" not in found
    assert "env" not in found["process"]
    assert "seccomp" not in found["linux"]
    assert sorted(note.where() for note in notes) == ["hooks", "linux.seccomp", "process.env"]


def test_null_in_an_array_is_refused():
    """VAL-1: only a member can be absent, an array's item cannot."""
    error = refusal(load_config, patched(("process.args[0]", None)))
    assert error.problems[0].sentence() == (
        "process.args[0]: null is not a string (config.md, Process)")


def test_null_of_a_required_member_is_a_missing_member():
    """VAL-1, ROOT-1: null does not stand in for what must be there."""
    assert refusal(load_config, patched(("root", None))).problems[0].sentence() == (
        "root: is missing (config.md, Root)")


def test_file_type_bits_are_masked():
    """DEV-5: old containerd wrote 8630 and 25008; the permission bits are what counts."""
    device = {"type": "c", "path": "/dev/x", "major": 1, "minor": 3}
    notes = []
    found = load_config(json.dumps(patched(
        ("linux.devices", [{**device, "fileMode": mode} for mode in (8630, 25008, 438, 0o4755)]),
    )).encode(), notes=notes)
    assert [entry["fileMode"] for entry in found["linux"]["devices"]] == [
        0o666, 0o660, 0o666, 0o4755]
    assert [note.where() for note in notes] == [
        "linux.devices[0].fileMode", "linux.devices[1].fileMode"]


def test_file_mode_beyond_16_bits_is_refused():
    """DEV-5: what is no file mode at all is not masked away."""
    device = {"type": "p", "path": "/x", "fileMode": 0o1000000}
    assert refusal(load_config, patched(("linux.devices", [device]))).problems[0].says == (
        "262144 is not between 0 and 4095")


def test_empty_namespace_path_is_absent():
    """NS-7: Go runtimes read it so (D7)."""
    found = load_config(json.dumps(patched(("linux.namespaces[1].path", ""))).encode())
    assert found["linux"]["namespaces"][1] == {"type": "network"}


def test_recursive_propagation_is_kept():
    """RFP-1: the r-forms mean more than the plain ones, so they are not rewritten."""
    found = load_config(json.dumps(patched(("linux.rootfsPropagation", "rshared"))).encode())
    assert found["linux"]["rootfsPropagation"] == "rshared"
    found = load_config(json.dumps(patched(("linux.rootfsPropagation", ""))).encode())
    assert "rootfsPropagation" not in found["linux"]


@pytest.mark.parametrize(("path", "value", "where"), [
    ("hooks", None, "hooks"),
    ("linux.devices", [{"type": "p", "path": "/x", "fileMode": 4096 + 420}],
     "linux.devices[0].fileMode"),
    ("linux.namespaces[0].path", "", "linux.namespaces[0].path"),
    ("linux.rootfsPropagation", "rslave", "linux.rootfsPropagation"),
    ("linux.rootfsPropagation", "", "linux.rootfsPropagation"),
])
def test_strict_refuses_what_is_softened(path, value, where):
    """VAL-1: --strict takes the standard by the letter (D3)."""
    config = patched((path, value))
    assert load_config(json.dumps(config).encode())
    error = refusal(load_config, config, strict=True)
    assert [problem.where() for problem in error.problems] == [where]
    assert error.problems[0].level == "error"


def test_process_alone():
    """PRC-1: a process.json is checked by the same rules, its paths start at the process."""
    process = {**SMALL["process"], "rlimits": FRAGMENTS["process.rlimits"]}
    assert load_process(json.dumps(process).encode()) == process
    error = refusal(load_process, {**process, "cwd": "x", "oomScoreAdj": 1001})
    assert str(error).startswith('process.json: cwd: "x" is not an absolute path')
    assert refusal(load_process, {**process, "rlimits": process["rlimits"] * 2}
                   ).problems[0].where() == "rlimits[1].type"


def test_resources_alone():
    """MEM-10: update may set swap alone, a config may not; the other rules hold for both."""
    assert load_resources(b'{"memory": {"swap": 5}}') == {"memory": {"swap": 5}}
    assert load_resources(json.dumps(FRAGMENTS["linux.resources"]).encode())
    error = refusal(load_resources, {"memory": {"swap": 5, "limit": 6}})
    assert str(error) == ("resources: memory.swap: 5 is below the memory limit 6: it counts memory "
                          "plus swap (config-linux.md, Memory)")


def test_the_filesystem_is_not_asked(monkeypatch):
    """VAL-3: validation reads no file: paths that exist nowhere are accepted."""
    import builtins
    import os

    def refuse(*args, **kwargs):
        raise AssertionError(f"asked for {args}")

    data = json.dumps(patched(("root.path", "/no/such"), ("mounts", [
        {"destination": "/a", "source": "/no/such", "options": ["bind"]}]))).encode()
    load_config(data)  # modules are imported first
    for name in ("open", "stat", "lstat", "readlink", "listdir", "access"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    config = load_config(data)
    monkeypatch.undo()
    assert config["root"]["path"] == "/no/such"
