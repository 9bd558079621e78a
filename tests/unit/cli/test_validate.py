# SPDX-License-Identifier: Apache-2.0
"""validate: a bundle, a file or standard input; three forms of report; exit codes for CI."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyrunc.cli import main as program

Capture = pytest.CaptureFixture[str]

GOOD = {"ociVersion": "1.3.0", "root": {"path": "rootfs"}}
BAD = {"ociVersion": "1.3.0", "root": {"path": ""}, "hostname": "h" * 65}


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the current one and has a good config."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(GOOD))
    return tmp_path


def run(*words: str) -> int:
    """The exit code of `pyrunc validate words...`."""
    return program.main(["pyrunc", "validate", *words])


def test_good_bundle(bundle: Path, capfd: Capture) -> None:
    """VAL-3: the current directory, a directory and a file: good, and 0."""
    for words, name in (((), "config.json"), ((str(bundle),), f"{bundle}/config.json"),
                        (("./config.json",), "config.json")):
        assert run(*words) == 0
        assert capfd.readouterr() == (f"{name}: good\n", "")


def test_bad_bundle(bundle: Path, capfd: Capture) -> None:
    """VAL-1: every problem on standard output, one line in the log, and 1."""
    (bundle / "config.json").write_text(json.dumps(BAD))
    assert run() == 1
    out, err = capfd.readouterr()
    assert 'config.json:1:42: error: root.path: "" is empty (config.md, Root)\n' in out
    assert out.endswith("config.json: bad: 3 errors\n")
    assert err.count("\n") == 1
    assert "config.json: 3 errors" in err


def test_missing_file(bundle: Path, capfd: Capture) -> None:
    """BND-1: what cannot be read is told from what is bad: 2."""
    assert run("none") == 2
    assert "JSON specification file none not found" in capfd.readouterr().err
    os.mkfifo(bundle / "fifo")
    assert run("fifo") == 2
    assert "fifo: not a regular file" in capfd.readouterr().err


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_report_for_programs(bundle: Path, capfd: Capture, form: str) -> None:
    """VAL-1: standard output is one JSON document, good or bad."""
    for config, code in ((GOOD, 0), (BAD, 1)):
        (bundle / "config.json").write_text(json.dumps(config))
        assert run("--format", form) == code
        found = json.loads(capfd.readouterr().out)
        results = found["problems"] if form == "json" else found["runs"][0]["results"]
        assert len(results) == code * 3


def test_standard_input(bundle: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """VAL-3: `-` reads a pipe to its end."""
    ours, theirs = os.pipe()
    os.write(theirs, json.dumps(BAD).encode())
    os.close(theirs)
    kept = os.dup(0)
    try:
        os.dup2(ours, 0)
        assert run("-") == 1
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(ours)
    assert capfd.readouterr().out.startswith("<stdin>:1:42: error: root.path")


def test_strict_and_newer(bundle: Path, capfd: Capture) -> None:
    """VAL-1, VER-3: --strict refuses what engines write, --allow-newer accepts a newer version."""
    (bundle / "config.json").write_text(json.dumps({**GOOD, "hooks": None}))
    assert (run(), run("--strict")) == (0, 1)
    (bundle / "config.json").write_text(json.dumps({**GOOD, "ociVersion": "1.4.0"}))
    assert (run(), run("--allow-newer")) == (1, 0)
    capfd.readouterr()


def test_other_kinds(bundle: Path, capfd: Capture) -> None:
    """PRC-1, MEM-9: a process or resources alone."""
    (bundle / "p.json").write_text('{"cwd": "/", "args": ["x"], "user": {"uid": 0, "gid": 0}}')
    (bundle / "r.json").write_text('{"memory": {"limit": -2}}')
    assert run("--kind", "process", "p.json") == 0
    assert run("--kind", "resources", "r.json") == 1
    assert "memory.limit: -2 is not between -1 and" in capfd.readouterr().out


@pytest.mark.parametrize(("words", "says"), [
    (("-f", "xml"), "invalid format option 'xml': not text, json, sarif"),
    (("--kind", "state"), "invalid kind 'state': not config, process, resources"),
])
def test_unknown_words(bundle: Path, capfd: Capture, words: tuple[str, ...], says: str) -> None:
    """CLI 1.1: an unknown form or kind is a usage error."""
    assert run(*words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert says in err
