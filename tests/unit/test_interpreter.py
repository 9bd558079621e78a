# SPDX-License-Identifier: Apache-2.0
"""The interpreter with the package frozen in: a faster python3.N, never another behaviour."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "csrc"))

import build_core  # noqa: E402
import build_interpreter  # noqa: E402
import freeze  # noqa: E402

PREFIX = Path(sys.executable).parent.parent
SITE = PREFIX / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
PACKAGE = SITE / "pyrunc"
INTERPRETER = PACKAGE / build_interpreter.name()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front door of an installation without the interpreter: python3.N is started."""
    prefix = tmp_path_factory.mktemp("plain")
    site = prefix / SITE.relative_to(PREFIX)
    shutil.copytree(PACKAGE, site / "pyrunc", ignore=shutil.ignore_patterns("_python*"))
    for backend in SITE.glob("_cffi_backend*.so"):
        (site / backend.name).symlink_to(backend)
    (prefix / "bin").mkdir()
    shutil.copy(PREFIX / "bin" / "pyrunc", prefix / "bin" / "pyrunc")
    return prefix / "bin" / "pyrunc"


def call(program: Path, *args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one call without any environment."""
    done = subprocess.run([str(program), *args], env={}, cwd="/", capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_it_was_built() -> None:
    """BUILD: wherever this Python has its static library (Debian: libpython3-dev)."""
    assert INTERPRETER.exists()


def test_all_modules_are_frozen() -> None:
    """BUILD: every module of the package, so that none is looked for in a directory."""
    names = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
    }
    assert names < set(freeze.modules(PACKAGE))


@pytest.mark.parametrize("args", [
    ("features",), ("spec", "--help"), ("list",), ("state", "nobody"), ("create", "--bad"), (),
], ids=lambda args: " ".join(args) or "nothing")
def test_same_answers(plain: Path, tmp_path: Path, args: tuple[str, ...]) -> None:
    """BUILD: output, errors and exit codes are those of the plain interpreter."""
    command = ["--root", str(tmp_path), *args]
    fast, slow = call(PREFIX / "bin" / "pyrunc", *command), call(plain, *command)
    name = str(PREFIX / "bin" / "pyrunc")

    def anonymous(text: str) -> str:
        text = text.replace(name, "PYRUNC").replace(str(plain), "PYRUNC")
        return "".join(line for line in text.splitlines(True) if not line.startswith("time="))

    assert fast[0] == slow[0]
    assert anonymous(fast[1]) == anonymous(slow[1])
    assert anonymous(fast[2]) == anonymous(slow[2])


def test_by_hand_it_says_what_it_is() -> None:
    """BUILD: it is nobody's python3, and runs nothing but the package."""
    code, out, err = call(INTERPRETER, "-c", "print(1)")
    assert (code, out) == (1, "")
    assert err == "pyrunc: this interpreter is started by the program pyrunc: call that\n"


def test_without_the_python_of_the_build(tmp_path: Path) -> None:
    """BUILD: where the directories of the build's Python are missing, python3.N is started."""
    moved = tmp_path / "python"
    stdlib = sysconfig.get_path("stdlib").encode()
    moved.write_bytes(INTERPRETER.read_bytes().replace(stdlib, b"/" + b"x" * (len(stdlib) - 1)))
    moved.chmod(0o755)
    command = ["-I", "-S", "-X", "pyrunc=name", str(PACKAGE / "__main__.py"), "features"]
    done = subprocess.run([sys.executable, *command], executable=moved, capture_output=True,
                          text=True)
    assert done.returncode == 0
    assert '"ociVersionMax"' in done.stdout
    done = subprocess.run(["/nonexistent", *command], executable=moved, capture_output=True,
                          text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "nor /nonexistent can be reached: build pyrunc again for this machine's Python\n")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                             capsys: pytest.CaptureFixture[str]) -> None:
    """BUILD: a Python without its static library still gets a whole pyrunc."""
    monkeypatch.setattr(build_interpreter, "get_config_var", lambda _name: "/nonexistent")
    assert build_interpreter.interpreter(tmp_path, []) is None
    assert capsys.readouterr().out.startswith("note: /nonexistent")
    assert build_core.sources("native")
