# SPDX-License-Identifier: Apache-2.0
"""Runs the runtime behind a filter that answers ENOSYS to groups of newer system calls."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("enosys.c")


@cache
def wrapper() -> Path:
    """Compile the wrapper, once in a session; the groups are in enosys.c."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "the suite needs a C compiler: Debian's gcc"
    home = Path(tempfile.mkdtemp(prefix="enosys"))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    flags = ["-Os", "-Wall", "-Wextra", "-Werror"]
    program = home / "enosys"
    subprocess.run([compiler, *flags, "-o", program, SOURCE], check=True, timeout=120)
    return program


def groups() -> str:
    """The groups that this whole run of the suite does without."""
    return os.environ.get("PYRUNC_ENOSYS", "")


def behind(missing: str, command: list[str]) -> list[str]:
    """The argv that runs `command` without these groups ("mount,pidfd"); "" changes nothing."""
    return [str(wrapper()), missing, *command] if missing else command
