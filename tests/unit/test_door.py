# SPDX-License-Identifier: Apache-2.0
"""The front door: finds Python without any environment, wherever it is called from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOOR = Path(sys.executable).parent / "pyrunc"


@pytest.fixture(autouse=True)
def installed() -> None:
    """These tests are about the installed executable."""
    assert DOOR.exists(), f"{DOOR} is missing: sh tests/prepare.sh tests"


def call(
    *args: str, path: Path = DOOR, env: dict[str, str] | None = None, cwd: str = "/"
) -> subprocess.CompletedProcess[str]:
    """Runs the executable with an environment of our own (default: none at all)."""
    return subprocess.run([str(path), *args], env=env or {}, cwd=cwd, capture_output=True,
                          text=True)


def test_it_is_static() -> None:
    """HARD, CVE-2019-5736: what enters a container maps no library of the host."""
    data = DOOR.read_bytes()
    assert data[:4] == b"\x7fELF"
    assert b"/ld-linux" not in data
    assert b"/ld-musl" not in data


def test_no_environment_and_any_directory(tmp_path: Path) -> None:
    """ENG 2.6: podman calls kill, delete, pause and resume with XDG_RUNTIME_DIR alone."""
    done = call("--root", str(tmp_path), "state", "nobody", cwd=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith('level=error msg="container does not exist"\n')
    assert done.stderr.count("\n") == 1


def test_through_a_symlink(tmp_path: Path) -> None:
    """ARCH: /proc/self/exe tells where we are; the name we are called by is in the messages."""
    link = tmp_path / "runc"
    link.symlink_to(DOOR)
    done = call("state", path=link)
    assert done.returncode == 1
    assert f'{link}: \\"state\\" requires exactly 1 argument(s)' in done.stderr
    assert done.stdout.startswith("Incorrect Usage.\n\nNAME:\n   runc state - ")


def test_a_copy_says_what_is_wrong(tmp_path: Path) -> None:
    """ARCH: one sentence with what was looked for and what to do."""
    copy = tmp_path / "bin" / "pyrunc"
    copy.parent.mkdir()
    shutil.copy(DOOR, copy)
    done = call("state", "x", path=copy)
    assert done.returncode == 1
    assert done.stderr == (
        f"pyrunc: no Python 3.11 to 3.13 with the package pyrunc below {tmp_path}/lib: install "
        "with pip, and link to the executable instead of copying it\n")


@pytest.mark.parametrize("name", ["pyrunc", "runc"])
@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_both_faces_print_the_same_version(tmp_path: Path, name: str, flag: str) -> None:
    """DESIGN: the front door is a short cut, never a second behaviour."""
    link = tmp_path / name
    link.symlink_to(DOOR)
    short, long = call(flag, path=link), call(flag, path=link, env={"PYRUNC_DOOR": "off"})
    assert (short.stdout, short.stderr, short.returncode) == (long.stdout, "", 0)
    assert short.stdout.startswith(f"{name} version ")


def test_python_variables_do_not_reach_in(tmp_path: Path) -> None:
    """HARD: -I: no PYTHON* variable and no module of the current directory counts."""
    (tmp_path / "os.py").write_text("raise SystemExit(77)")
    env = {"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "os.py"),
           "PYTHONHOME": "/nonexistent"}
    done = call("--root", str(tmp_path / "r"), "list", "-q", env=env, cwd=str(tmp_path))
    assert done.returncode == 1
    assert "no such file or directory" in done.stderr


def test_arguments_arrive_as_they_are() -> None:
    """CLI 1.1: bytes that are no UTF-8, empty words and newlines reach Python unchanged."""
    done = subprocess.run([str(DOOR), "state", "", b"\xff"], env={}, capture_output=True)
    assert b"requires exactly 1 argument(s)" in done.stderr
    done = subprocess.run([str(DOOR), "state", b"\xff"], env={}, capture_output=True)
    assert b"invalid container ID format" in done.stderr


def test_stdout_that_is_closed() -> None:
    """ERR-1: a reader that went away is exit code 1, no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([str(DOOR), "features"], env={}, stdout=writer,
                              stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def first_open(tmp_path: Path, env: dict[str, str]) -> str:
    """The file that the executable itself opens last before it hands `state nobody` to Python."""
    log = tmp_path / "log"
    subprocess.run(["strace", "-qq", "-e", "trace=open,openat,execve", "-o", str(log), str(DOOR),
                    "state", "nobody"], env=env, capture_output=True)
    mine = log.read_text().split("execve(")[1].splitlines()
    return mine[-1].split('"')[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="the question arises for root only")
@pytest.mark.parametrize("user", [{}, {"USER": "root"}, {"USER": "other"}])
def test_the_root_of_the_machine_has_the_default_root(tmp_path: Path, user: dict[str, str]) -> None:
    """ENG 2.6: XDG_RUNTIME_DIR (all that podman passes) does not stop the door."""
    whole = Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
    found = first_open(tmp_path, {"XDG_RUNTIME_DIR": str(tmp_path), **user})
    served = whole or user == {"USER": "root"}
    assert found == ("/run/pyrunc/nobody" if served else "/proc/self/uid_map")
    assert first_open(tmp_path, user) == "/run/pyrunc/nobody"
