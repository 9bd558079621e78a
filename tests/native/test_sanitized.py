# SPDX-License-Identifier: Apache-2.0
"""The C core built for AddressSanitizer and UBSan, called with good and bad input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def runtime_library(name: str) -> str:
    """The sanitizer's library that has to be loaded before all others."""
    asked = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True)
    path = asked.stdout.strip()
    assert os.path.isabs(path), f"{name} is missing: apt-get install gcc libasan8 libubsan1"
    return path


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the package built for the sanitizers, in a copy of the checkout."""
    copy = tmp_path_factory.mktemp("sanitize") / "source"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(
        ".git", ".venv", "build", "tests", "_native*", "_door", "_version.txt"))
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build", "--build-base", "build/sanitize"],
        cwd=copy, env={**os.environ, "PYRUNC_SANITIZE": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: Path = next((copy / "build" / "sanitize").glob("lib*"))
    return found


def test_core_under_the_sanitizers(package: Path) -> None:
    """PLAN, HK-7, ERR-1: no overrun, no use after free, no undefined behaviour, with any input."""
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{package}:{sysconfig.get_path('platlib')}",
        "LD_PRELOAD": f"{runtime_library('libasan.so')} {runtime_library('libubsan.so')}",
        # CPython itself leaves memory at its end; the core allocates none that outlives a call.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    driver = str(ROOT / "tests" / "native" / "driver.py")
    done = subprocess.run([sys.executable, "-B", driver, "3000"],
                          env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "runtime error" not in done.stderr
    assert done.stdout.splitlines()[-1] == "done"
    assert "peer gone" in done.stdout


def test_this_directory_under_the_sanitizers(package: Path) -> None:
    """HABIT: no bad access and no undefined behaviour in any test beside this one."""
    env = {
        **os.environ,
        "LD_PRELOAD": f"{runtime_library('libasan.so')} {runtime_library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    here = Path(__file__)
    tests = ["-p", "no:cacheprovider", "-o", f"pythonpath={package}", "--ignore", here, here.parent]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *map(str, tests)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    assert "runtime error" not in output and "AddressSanitizer" not in output, output[-6000:]
