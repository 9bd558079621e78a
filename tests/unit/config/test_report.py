# SPDX-License-Identifier: Apache-2.0
"""The full report: all problems and hints, their places, and the three forms of output."""

from __future__ import annotations

import json

import pytest

from pyrunc.config import report
from pyrunc.config.default import default_config
from pyrunc.config.explain import suggestion
from pyrunc.config.problems import path_text, show
from pyrunc.jsonio import dumps
from tests.corpus.bases import SMALL
from tests.corpus.make import clone, patch

BAD = b"""{
  "ociVersion": "1.3.0",
  "root": {"path": "rootfs"},
  "process": {
    "cwd": "tmp", "args": ["sh"],
    "user": {"uid": 0, "gid": 0},
    "rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}],
    "consolesize": {}
  },
  "linux": {"seccomp": null}
}
"""


def sentences(*patches, **options):
    """The sentences of the report on the small config with each (path, value) set."""
    config = clone(SMALL)
    for path, value in patches:
        patch(config, path, value)
    return [(problem.level, problem.where(), problem.says, problem.meant)
            for problem in report.find_problems(dumps(config, " ").encode(), **options)]


def test_text_report():
    """VAL-1, EXT-2: every problem with file, line, column, the line itself and a mark."""
    problems = report.find_problems(BAD)
    assert report.text_report(problems, BAD, "b/config.json") == """\
b/config.json:5:12: error: process.cwd: "tmp" is not an absolute path (config.md, Process)
  5 |     "cwd": "tmp", "args": ["sh"],
    |            ^
b/config.json:7:26: error: process.rlimits[0].type: "NOFILE" is not one of the 16 known words; \
did you mean RLIMIT_NOFILE? (config.md, Process)
  7 |     "rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}],
    |                          ^
b/config.json:8:20: hint: process.consolesize: is not a member of the standard and is ignored; \
did you mean consoleSize? (config.md, Extensibility)
  8 |     "consolesize": {}
    |                    ^
b/config.json:10:24: hint: linux.seccomp: null is no value of any member (accepted as engines \
write it, refused by --strict)
  10 |   "linux": {"seccomp": null}
     |                        ^
b/config.json: bad: 2 errors and 2 hints
"""
    assert report.exit_code(problems) == 1


def test_colour_only_adds_colour():
    """VAL-1: colours change nothing else."""
    import re

    problems = report.find_problems(BAD)
    coloured = report.text_report(problems, BAD, "x", colour=True)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == report.text_report(problems, BAD, "x")


def test_terminal_is_not_driven_by_the_file():
    """VAL-1: control characters of a refused file never reach the terminal."""
    data = b'{"root": {"path": "\x1b[2J\xc2\x9b"}}'
    text = report.text_report(report.find_problems(data), data, "x")
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "invalid control character" in text
    data = dumps({**SMALL, "process": {**SMALL["process"], "cwd": "\x9b2J"}}).encode()
    assert "\x9b" not in report.text_report(report.find_problems(data), data, "x")


def test_json_report():
    """VAL-1: the report as one object for programs."""
    found = json.loads(report.json_report(report.find_problems(BAD), "config.json"))
    assert (found["file"], found["valid"], found["errors"], found["hints"]) == (
        "config.json", False, 2, 2)
    assert found["problems"][1] == {
        "level": "error", "path": "process.rlimits[0].type",
        "message": '"NOFILE" is not one of the 16 known words', "suggestion": "RLIMIT_NOFILE",
        "section": "config.md, Process", "requirements": ["RLM-2"], "line": 7, "column": 26}


def test_sarif_report():
    """VAL-1: the report as SARIF 2.1.0 names rule, place and message of each result."""
    found = json.loads(report.sarif_report(report.find_problems(BAD), "b/config.json"))
    assert found["version"] == "2.1.0"
    run = found["runs"][0]
    assert run["tool"]["driver"]["name"] == "pyrunc"
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert all(result["ruleId"] in known for result in run["results"])
    assert [result["level"] for result in run["results"]] == ["error", "error", "note", "note"]
    place = run["results"][0]["locations"][0]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "b/config.json"},
                                         "region": {"startLine": 5, "startColumn": 12}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "process.cwd"}]


def test_good_config_is_good():
    """EXT-1: a good config has an empty report and the exit code 0."""
    data = dumps(default_config()).encode()
    assert report.text_report(report.find_problems(data), data, "x") == "x: good\n"
    assert report.exit_code(report.find_problems(data)) == 0


@pytest.mark.parametrize("rootless", [False, True])
def test_default_config_has_no_hint(rootless):
    """ROOT-3, DFS-1: what `spec` writes validates without a hint."""
    config = default_config(rootless=rootless, uid=1000, gid=1000)
    assert report.find_problems(dumps(config).encode(), strict=True) == []


def test_strict_turns_softening_into_errors():
    """VAL-1: what the pre-pass accepts is a hint by default and an error by the letter (D3)."""
    change = ("linux.rootfsPropagation", "rslave")
    assert [level for level, *_ in sentences(change)] == ["hint"]
    assert [level for level, *_ in sentences(change, strict=True)] == ["error"]


def test_broken_json_is_one_problem_with_its_place():
    """JSN-1: a file that is no JSON has a line and a column."""
    data = b'{\n  "a": 1,\n  "a": 2\n}'
    (problem,) = report.find_problems(data)
    assert (problem.line, problem.column, problem.ids) == (3, 3, ("JSN-2",))


def test_long_line_is_shown_in_part():
    """VAL-1: a one-line config does not flood the terminal."""
    data = dumps({**SMALL, "annotations": {"a.b": "x" * 5000}, "hostname": "h" * 65}).encode()
    text = report.text_report(report.find_problems(data), data, "x")
    assert max(map(len, text.splitlines())) < 200
    line, mark = text.splitlines()[1:3]
    assert line[mark.index("^")] == '"'


@pytest.mark.parametrize(("ids", "patches", "where", "says", "meant"), [
    ("EXT-2", [("new", 1)], "new", "is not a member of the standard and is ignored", ""),
    ("EXT-2", [("process.noNewPrivilege", True)], "process.noNewPrivilege",
     "is not a member of the standard and is ignored", "noNewPrivileges"),
    ("PLT-1", [("windows", {})], "windows", "belongs to another platform and is ignored", ""),
    ("ROOT-3", [("root.path", "fs")], "root.path", '"fs" is usually "rootfs"', ""),
    ("MNT-2", [("mounts", [{"destination": "x"}])], "mounts[0].destination",
     '"x" is relative, which is deprecated: it is taken as below /', ""),
    ("MNT-4", [("mounts", [{"destination": "/x", "type": "bind"}])], "mounts[0].type",
     '"bind" makes no bind mount: the option bind or rbind does', ""),
    ("IDM-3", [("mounts", [{"destination": "/x", "options": ["bind"],
                            "uidMappings": SMALL["linux"]["uidMappings"],
                            "gidMappings": SMALL["linux"]["gidMappings"]}])],
     "mounts[0].options",
     "should hold idmap or ridmap, since there are mappings; idmap is assumed", ""),
    ("CAP-3", [("process.capabilities", {"effective": ["CAP_SYS_ADMN"]})],
     "process.capabilities.effective[0]", '"CAP_SYS_ADMN" is not a capability and is ignored',
     "CAP_SYS_ADMIN"),
    ("ANN-3", [("annotations", {"key": ""})], "annotations.key",
     "should be a reverse domain name, such as com.example.key", ""),
    ("ANN-5", [("annotations", {"org.opencontainers.image.authr": ""})],
     'annotations["org.opencontainers.image.authr"]', "is reserved and has no meaning",
     "org.opencontainers.image.author"),
    ("HK-9", [("hooks", {"prestart": [{"path": "/x"}]})], "hooks.prestart",
     "is deprecated: use createRuntime, createContainer or startContainer", ""),
    ("DEV-6", [("linux.devices", [{"type": "c", "path": "/dev/a", "major": 1, "minor": 3},
                                  {"type": "u", "path": "/dev/b", "major": 1, "minor": 3}])],
     "linux.devices[1]", "is the same device as entry 0", ""),
    ("RDT-3", [("linux.intelRdt", {"l3CacheSchema": "MB:0=1"})], "linux.intelRdt.l3CacheSchema",
     '"MB:0=1" should be one line that starts with L3:', ""),
    ("MEM-4", [("linux.resources", {"memory": {"kernel": 1}})], "linux.resources.memory.kernel",
     "is not recommended: newer kernels have no such limit", ""),
])
def test_hint(ids, patches, where, says, meant):
    """EXT-2, PLT-1, ROOT-3, MNT-2, MNT-4, IDM-3, CAP-3, ANN-3, ANN-5, HK-9, DEV-6, RDT-3, MEM-4:
    what is only unwise is a hint, and the config is good."""
    assert sentences(*patches) == [("hint", where, says, meant)]
    config = clone(SMALL)
    for path, value in patches:
        patch(config, path, value)
    (problem,) = report.find_problems(dumps(config).encode())
    assert ids in (*problem.ids, "EXT-2" if problem.ids == ("EXT-1",) else "")


@pytest.mark.parametrize(("word", "words", "meant"), [
    ("net", ["network", "uts"], "network"),
    ("mnt", ["mount", "uts"], "mount"),
    ("PID", ["pid"], "pid"),
    ("nofile", ["RLIMIT_NOFILE"], "RLIMIT_NOFILE"),
    ("SCMP_ACT_ALOW", ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"], "SCMP_ACT_ALLOW"),
    ("banana", ["pid", "network"], ""),
    ("", ["pid"], ""),
    (5, ["pid"], ""),
])
def test_did_you_mean(word, words, meant):
    """VAL-1: a misspelt word is answered with the nearest known one, if any is near."""
    assert suggestion(word, words) == meant


def test_paths_and_values_are_shown_safely():
    """VAL-1: odd names are quoted in a path, long values are cut, nothing breaks the line."""
    assert path_text(("a", 0, "b.c", "d\n", "")) == 'a[0]["b.c"]["d\\n"][""]'
    assert show("x" * 100) == '"' + "x" * 56 + "..."
    assert show({"a": [1, None]}) == '{"a":[1,null]}'
