# SPDX-License-Identifier: Apache-2.0
"""The import budget: what each verb loads, seen in a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pyrunc.config.default import default_config

ROOT = Path(__file__).resolve().parent.parent.parent.parent

# Each costs more than all of pyrunc's own modules together.
DEAR = {
    "argparse", "typing", "enum", "dataclasses", "logging", "subprocess", "pathlib", "re", "json",
    "functools", "contextlib", "signal", "jsonschema", "ctypes", "traceback", "cffi", "site",
    "collections", "inspect", "random", "tempfile", "threading",
}

# Runs the command line as the front door's Python does, then prints what was imported.
PROBE = """
import sys
sys.path[:0] = {paths!r}
from pyrunc.cli.main import main
code = main(["pyrunc", *{args!r}])
print("\\n" + repr(code) + " " + " ".join(sys.modules))
"""


def run(*args: str) -> tuple[int, set[str]]:
    """Exit code and imported modules of one command line."""
    paths = [str(ROOT), sysconfig.get_path("platlib"), "/usr/lib/python3/dist-packages"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE.format(paths=paths, args=args)],
        capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"}, check=True)
    code, *modules = done.stdout.splitlines()[-1].split()
    return int(code), set(modules)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A state root with the record of a container whose process is the test's own."""
    from pyrunc.runtime import process, state
    from pyrunc.runtime.context import Context

    record = state.new(Context(str(tmp_path / "root")), "c")
    record.phase = "created"
    record.init_process_pid = os.getpid()
    record.init_process_start = process.start_time(os.getpid())
    record.save()
    return str(tmp_path / "root")


@pytest.mark.parametrize(("args", "code"), [
    (("state", "c"), 0),
    (("list",), 0),
    (("kill", "c", "0"), 0),
    (("delete", "c"), 1),
    (("delete", "--force", "nobody"), 0),
    (("start", "c"), 1),
    (("exec", "nobody", "true"), 255),
    (("pause", "c"), 1),
])
def test_verbs_load_nothing_dear(root: str, args: tuple[str, ...], code: int) -> None:
    """PERF: on the accept path nothing is imported that costs milliseconds."""
    got, modules = run("--root", root, *args)
    assert got == code
    assert modules & DEAR == set()


@pytest.mark.parametrize("verb", ["create", "run"])
def test_making_loads_nothing_dear(root: str, tmp_path: Path, verb: str) -> None:
    """PERF: reading, checking, planning neither (it fails where the root is missing)."""
    (tmp_path / "config.json").write_text(json.dumps(
        {**default_config(), "root": {"path": "missing"}}).replace(
            '"terminal": true', '"terminal": false'))
    got, modules = run("--root", root, verb, "--bundle", str(tmp_path), "new")
    assert got == 1
    assert "pyrunc.config.validate" in modules
    assert modules & DEAR == set()


@pytest.mark.parametrize("args", [("--help",), ("state", "--help"), ("--version",), ("features",)])
def test_what_needs_no_container_loads_no_extension(args: tuple[str, ...]) -> None:
    """PERF: engines probe with these; they stay clear of the C core and of cgroups."""
    code, modules = run(*args)
    assert code == 0
    assert modules & {"pyrunc._native", "pyrunc.cgroups", *DEAR} == set()


@pytest.mark.parametrize("args", [("list",), ("delete", "--force", "nobody"), ("--help",)])
def test_nothing_is_loaded_without_the_flag(root: str, args: tuple[str, ...]) -> None:
    """PERF: no cost when off: not even the module is there."""
    modules = run("--root", root, *args)[1]
    assert not {name for name in modules if name.startswith("pyrunc.trace")}
    assert "pyrunc.trace" in run("--root", root, "--trace", f"{root}/../t", "list")[1]
