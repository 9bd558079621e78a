# SPDX-License-Identifier: Apache-2.0
"""What the library says of itself: its documentation's programs, its types, its price."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import pyrunc
from tests.runtime.harness import Bundle
from tests.unit.cli.test_imports import DEAR

TOP = Path(__file__).parents[2]
PROGRAMS = re.findall(r"```python\n(.*?)```", (TOP / "docs" / "library.md").read_text(), re.S)

GOOD = """
import signal
from pyrunc import DEVNULL, Config, Container, NotFoundError, Process, State, Stream, containers

def run(config: Config, name: str, out: Stream) -> int:
    with Container.create(name, "bundle", config=config, stdin=DEVNULL, stdout=out) as container:
        container.start()
        process: Process = container.exec(["true"], env={"A": "1"}, stderr=open("log", "w"))
        process.kill(signal.SIGTERM)
        state: State = container.state
        print(state["pid"] + process.wait(timeout=1.5), container.pids()[0])
        return container.wait()

def find(name: str) -> str | None:
    try:
        return Container.open(name, root="/run/x").status
    except NotFoundError as error:
        return str(error)

names: list[str] = [state["id"] for state in containers()]
"""
BAD = """
from pyrunc import Container
Container.create("x")
Container.open("x").wait().upper()
Container.open("x").state["colour"]
Container.open("x").exec(["true"], stdin="file")
from pyrunc import Containr
"""


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_documented_program(program: str, bundle: Bundle, home: Path, mark: str) -> None:
    """LIB: each program in docs/library.md runs."""
    bundle.sh("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    if "exec" not in program:
        bundle.sh("exit 0")
    bundle.write()
    (home / "bundle").symlink_to(bundle.path)
    program = re.sub(r"create\(\".*?\"", f"create({mark!r}", program)
    program = program.replace('"bundle", ', f'"bundle", root="{home}/root", ')
    done = subprocess.run([sys.executable, "-c", program], cwd=home, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(TOP)}, timeout=50)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert os.listdir(home / "root") == []


def test_documentation_has_programs() -> None:
    """LIB: there are programs to run in docs/library.md."""
    assert len(PROGRAMS) >= 3


@pytest.mark.parametrize(("program", "errors"), [(GOOD, 0), (BAD, 5)], ids=["good", "bad"])
def test_types(program: str, errors: int, tmp_path: Path) -> None:
    """LIB: a program that uses the installed library is checked by mypy --strict, and its mistakes
    are found."""
    (tmp_path / "program.py").write_text(program)
    cache = TOP / "build" / "mypy-program"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, "program.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(lines) == errors, done.stdout + done.stderr
    assert all(line.startswith("program.py:") for line in lines)


def test_typed_marker_is_installed() -> None:
    """LIB: py.typed stands beside the package, so that type checkers look at it (PEP 561)."""
    code = "import os, pyrunc; print(os.path.exists(os.path.dirname(pyrunc.__file__)+'/py.typed'))"
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert done.stdout == "True\n"


def loaded(code: str) -> set[str]:
    """The modules that an isolated interpreter without site has after `code`."""
    paths = [str(TOP), sysconfig.get_path("platlib"), "/usr/lib/python3/dist-packages"]
    program = f"import sys; sys.path[:0] = {paths!r}; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True,
                          text=True, check=True)  # fmt: skip
    return set(done.stdout.split())


def test_import_is_cheap() -> None:
    """PERF: `import pyrunc` loads no other module."""
    assert loaded("import pyrunc") - loaded("pass") == {"pyrunc"}


def test_container_loads_nothing_dear() -> None:
    """PERF: what a container needs is as little as on the command line."""
    modules = loaded("from pyrunc import Container, DEVNULL, NotFoundError")
    assert "pyrunc.library.container" in modules
    assert modules & DEAR == set()


def test_every_name_is_there() -> None:
    """LIB: all of __all__ can be had, nothing else is pretended."""
    for name in pyrunc.__all__:
        assert getattr(pyrunc, name) is not None
    assert set(pyrunc.__all__) <= set(dir(pyrunc))
    with pytest.raises(AttributeError, match="no attribute 'Containr'"):
        _ = pyrunc.Containr  # type: ignore[attr-defined]


def test_states_have_the_type(bundle: Bundle, home: Path, mark: str) -> None:
    """LIB: State is what `state` returns: the type's members and no others."""
    bundle.config["annotations"] = {"org.example.a": "b"}
    with pyrunc.Container.create(
        mark, bundle.path, config=bundle.config, root=home / "root", stdin=pyrunc.DEVNULL,
        stdout=pyrunc.DEVNULL, stderr=pyrunc.DEVNULL) as container:  # fmt: skip
        state = container.state
        assert set(state) == set(pyrunc.State.__annotations__)
        assert json.loads(json.dumps(state)) == state
