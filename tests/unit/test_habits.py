# SPDX-License-Identifier: Apache-2.0
"""The project's habits as tests: tools are clean, licences are named, rooms import upwards only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "pyrunc"
SUFFIXES = {".py", ".c", ".h", ".sh", ".toml"}
SPDX = "SPDX-License-Identifier: Apache-2.0"
MAX_LINES = {".py": 400, ".c": 500}
TABLES_OF_CASES = 100  # more lines for a file of tests

# The rooms in the order of ARCHITECTURE.md: each imports from those before it (and itself).
ROOMS = ("ground", "config", "plan", "cgroups", "native", "runtime", "library", "cli")
GROUND = {"errors", "tables", "jsonio", "log", "_version", "trace", "trace_phases"}

# Never imported at run time by the program: each costs more than the whole of a verb may.
TYPES, TYPES_MODULE = "pyrunc/config/types.py", "pyrunc.config.types"
LIBRARY_TYPES = "pyrunc/library/types.py"
FORBIDDEN = {
    "argparse", "typing", "enum", "dataclasses", "logging", "subprocess", "pathlib", "re", "json",
    "functools", "contextlib", "signal", "jsonschema", "ctypes", "tempfile", "shutil", "inspect",
}


def tracked(*suffixes: str) -> Iterator[Path]:
    """The files of the repository, as git lists them."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT, check=True,
        capture_output=True, text=True)
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in suffixes and path.exists():
            yield path


def names(paths: Iterator[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def run_tool(*command: str) -> None:
    """Runs a tool in the checkout; what it prints is the failure."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{' '.join(command[:4])}:\n{done.stdout}{done.stderr}", pytrace=False)


def tool(name: str) -> str:
    """The tool beside this Python, else on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is missing: sh tests/prepare.sh tests"
    return found


def test_ruff() -> None:
    """HABIT: ruff has nothing to say."""
    run_tool(tool("ruff"), "check", "-q", "--no-cache", ".")


def test_mypy_strict() -> None:
    """HABIT: mypy --strict has nothing to say about the package."""
    run_tool(sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / "build" / "mypy"))


@pytest.mark.parametrize("name", [n for n in names(tracked(".c")) if n.startswith("csrc/")])
def test_clang_format(name: str) -> None:
    """HABIT: C is formatted by .clang-format (run `clang-format -i csrc/*.c`)."""
    run_tool(tool("clang-format"), "--dry-run", "--Werror", name)


@pytest.mark.parametrize("name", names(tracked(*SUFFIXES)))
def test_licence_line(name: str) -> None:
    """HABIT: the licence stands on the first line (the second behind #!)."""
    lines = (ROOT / name).read_text().splitlines()[:2]
    assert lines, f"{name} is empty"
    assert SPDX in (lines[1] if lines[0].startswith("#!") else lines[0])


@pytest.mark.parametrize("name", names(tracked(*MAX_LINES)))
def test_file_is_short(name: str) -> None:
    """HABIT: one subject a file; what grows beyond this has two."""
    text = (ROOT / name).read_text()
    if "Generated from" not in text[:200]:
        more = TABLES_OF_CASES if name.startswith("tests/") else 0
        assert len(text.splitlines()) <= MAX_LINES[Path(name).suffix] + more


@pytest.mark.parametrize("name", names(tracked(".py")))
def test_module_says_what_it_is_for(name: str) -> None:
    """HABIT: a docstring begins every module that has code."""
    tree = ast.parse((ROOT / name).read_text())
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("name", names(p for p in tracked(".py") if "test_" in p.name))
def test_every_test_says_what_it_shows(name: str) -> None:
    """HABIT: a test's docstring names the requirement."""
    silent = [node.name for node in ast.walk(ast.parse((ROOT / name).read_text()))
              if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
              and not ast.get_docstring(node)]
    assert silent == []


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, at import time) of each run-time import; typing blocks do not count."""
    tree = ast.parse(path.read_text())
    for node, lazy in _statements(tree.body, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, not lazy
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            for alias in node.names:
                deeper = f"{module}.{alias.name}"
                yield deeper if _is_module(deeper) else module, not lazy


def _statements(body: list[ast.stmt], lazy: bool) -> Iterator[tuple[ast.stmt, bool]]:
    for node in body:
        yield node, lazy
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        inner = lazy or isinstance(node, ast.FunctionDef)
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, []), inner)
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body, inner)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
    return ".".join((*package, *((node.module,) if node.module else ())))


def _is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def room(module: str) -> str:
    """The room a module of ours stands in."""
    second = [*module.split("."), ""][1]
    return "ground" if second in GROUND or second == "" else second


SOURCES = [path for path in tracked(".py") if PACKAGE in path.parents]


@pytest.mark.parametrize("name", names(iter(SOURCES)))
def test_rooms_import_upwards(name: str) -> None:
    """ARCH: a room imports from those above it in ARCHITECTURE's table, from nothing below."""
    path = ROOT / name
    if path.name == "__main__.py" or path == PACKAGE / "__init__.py":
        return
    own = ROOMS.index(room(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    for module, _ in imports(path):
        if module.split(".")[0] != "pyrunc" or module == "pyrunc._native":
            continue
        assert ROOMS.index(room(module)) <= own, f"{name} imports {module}"


@pytest.mark.parametrize("name", names(iter(SOURCES)))
def test_only_native_touches_the_extension(name: str) -> None:
    """ARCH: one module a room touches the extension: native.py, calls.py of the cgroups, and
    record.py for the layout of the record."""
    if name not in ("pyrunc/native.py", "pyrunc/cgroups/calls.py", "pyrunc/runtime/record.py"):
        assert "pyrunc._native" not in [module for module, _ in imports(ROOT / name)]


@pytest.mark.parametrize("name", names(iter(SOURCES)))
def test_no_dear_import_at_import_time(name: str) -> None:
    """PERF: what costs milliseconds is imported by the function that needs it, or not at all."""
    path = ROOT / name
    found = [module for module, now in imports(path)]
    if name in (TYPES, LIBRARY_TYPES):  # loaded by nothing of ours
        return
    assert TYPES_MODULE not in found
    assert [module for module, now in imports(path)
            if now and module.split(".")[0] in FORBIDDEN] == []


def test_nothing_names_a_private_place() -> None:
    """HABIT: the project stands on its own: it never names the checkout it was written in."""
    here = str(ROOT)
    found = [str(path.relative_to(ROOT)) for path in tracked(*SUFFIXES, ".md")
             if here.count("/") > 1 and here in path.read_text()]
    assert found == []


def test_texts_are_utf_8() -> None:
    """HABIT: the interpreter of our own holds this codec; another is looked for in directories."""
    found = {
        f"{path.relative_to(ROOT)}: {keyword.value.value}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "encoding" and isinstance(keyword.value, ast.Constant)
    }
    assert {line.partition(": ")[2] for line in found} == {"utf-8"}, sorted(found)
