# SPDX-License-Identifier: Apache-2.0
"""The build: which files are compiled, and one sentence for each thing that is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "csrc"))

import build_core  # noqa: E402


def test_every_c_file_is_in_a_face() -> None:
    """BUILD: nothing is forgotten, and only the named files are in one face alone."""
    door, native = set(build_core.sources("door")), set(build_core.sources("native"))
    interpreter = {ROOT / "csrc" / name for name in
                   ("interpreter.c", "image.c", "image_room.c")}
    assert door | native | interpreter == set((ROOT / "csrc").glob("*.c"))
    assert ROOT / "csrc" / "door.c" in door - native
    assert ROOT / "csrc" / "plan.c" in door & native
    assert all(path.name.startswith("seccomp") for path in native - door)


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """BUILD: one sentence that names the Debian package."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(build_core.BuildError, match="needs a C compiler .*: apt-get install gcc"):
        build_core.compiler()


@pytest.mark.parametrize(("header", "package"), [
    ("stdio.h", "libc6-dev"), ("linux/mount.h", "linux-libc-dev"),
    ("seccomp.h", "libseccomp-dev"), ("Python.h", "python3-dev"),
])
def test_missing_header(monkeypatch: pytest.MonkeyPatch, header: str, package: str) -> None:
    """BUILD: the package that has the header."""
    monkeypatch.setattr(build_core, "_has_header", lambda _command, name: name != header)
    with pytest.raises(build_core.BuildError, match=rf"apt-get install {package}$"):
        build_core.check_tools()


def test_no_static_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """BUILD: without musl and without a static glibc."""
    monkeypatch.setattr(build_core.shutil, "which", lambda name: None if "musl" in name else name)
    monkeypatch.setattr(build_core, "_library", lambda _command, _name: None)
    with pytest.raises(build_core.BuildError, match="apt-get install musl-tools$"):
        build_core.static_compiler()


def test_a_present_header_is_found() -> None:
    """BUILD: the probe tells present from missing."""
    command = build_core.compiler()
    assert build_core._has_header(command, "stdio.h")
    assert not build_core._has_header(command, "no/such/header.h")


def test_only_what_changed_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BUILD: a second run compiles nothing; a changed header compiles what includes it."""
    source, header = tmp_path / "a.c", tmp_path / "a.h"
    source.write_text('#include "a.h"\nint f(void);\nint f(void)\n{\n\treturn A;\n}\n')
    header.write_text("#define A 1\n")
    monkeypatch.setattr(build_core, "sources", lambda _face: [source])
    compiled: list[str] = []
    run = build_core.run
    monkeypatch.setattr(build_core, "run", lambda command: (compiled.append("x"), run(command)))
    for expected in (1, 1):
        build_core.compile_objects("native", build_core.compiler(), [], tmp_path / "o")
        assert len(compiled) == expected
    made = (tmp_path / "o" / "a.o").stat().st_mtime
    header.write_text("#define A 2\n")
    os.utime(header, (made + 5, made + 5))
    build_core.compile_objects("native", build_core.compiler(), [], tmp_path / "o")
    assert len(compiled) == 2


def test_a_warning_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BUILD: our own C compiles without a warning or not at all."""
    source = tmp_path / "a.c"
    source.write_text("int f(int x);\nint f(int x)\n{\n\treturn 1;\n}\n")
    monkeypatch.setattr(build_core, "sources", lambda _face: [source])
    with pytest.raises(build_core.BuildError, match="^this command failed: "):
        build_core.compile_objects("native", build_core.compiler(), [], tmp_path / "o")


def test_version_text() -> None:
    """CLI 1.1: name and version first, the commit second when it is known, then the standard."""
    lines = build_core.version_text().splitlines()
    assert lines[0].startswith("pyrunc version ")
    assert [line.split(": ")[0] for line in lines[1:]] in (
        ["commit", "spec", "libseccomp"], ["spec", "libseccomp"])
