# SPDX-License-Identifier: Apache-2.0
"""The virtual machines as part of a test run: one run of the matrix, one test a flavour.

tests/run.sh starts the matrix in the background and names the process and its directory in
PYRUNC_VM_RUN (`PID:DIRECTORY`); these tests wait for it and judge. Without that they are left out
unless asked for by `-m vm`, and then boot the machines themselves: that needs root, a package
mirror the first time, and minutes. PYRUNC_VM_RUNTIME names another runtime (a path inside the
machine); PYRUNC_VM_RESULTS keeps logs, junit files and the consoles.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import matrix
from tests.vm import run

pytestmark = pytest.mark.vm

LATEST = 3600.0  # seconds: a run in the background bounds itself, and builds the image at first
TAIL = 60  # lines shown of a run or a step that brought no results


def running(pid: int) -> bool:
    """Say whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def tail(log: Path) -> str:
    """The last lines of a log."""
    text = log.read_text(errors="replace") if log.exists() else f"{log} was not written"
    return "\n".join(text.splitlines()[-TAIL:])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The directory with what the matrix brought; its progress is printed while it is awaited."""
    pid, _, directory = os.environ.get("PYRUNC_VM_RUN", "").partition(":")
    kept = directory or os.environ.get("PYRUNC_VM_RESULTS")
    out = Path(kept) if kept else tmp_path_factory.mktemp("vm")
    log = out / "progress.log"
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    started = None if pid else start(out)
    end = time.monotonic() + LATEST
    with log.open(errors="replace") as progress, capture.global_and_fixture_disabled():
        progress.seek(0, os.SEEK_END)
        while started.poll() is None if started else running(int(pid)):
            for line in progress:
                print(f"vm: {line}", end="", flush=True)
            assert time.monotonic() < end, f"the matrix did not end:\n{tail(log)}"
            time.sleep(1)
    return out


def start(out: Path) -> subprocess.Popen[bytes]:
    """Start the matrix; its output is out/progress.log."""
    runtime = os.environ.get("PYRUNC_VM_RUNTIME", run.PYRUNC)
    command = [sys.executable, str(run.HERE / "run.py"), "--results", str(out)]
    with (out / "progress.log").open("wb") as log:
        return subprocess.Popen([*command, "--runtime", runtime], stdout=log, stderr=log)


@pytest.mark.parametrize("flavour", run.FLAVOURS)
def test_flavour(results: Path, flavour: str) -> None:
    """All tests of one flavour pass inside the machine, and there were some."""
    junit, status = results / f"{flavour}.xml", results / f"{flavour}.exit"
    if not junit.exists() or not status.exists():
        logs = (f"{flavour}.log", "progress.log")
        text = "\n".join(f"--- {name}\n{tail(results / name)}" for name in logs)
        pytest.fail(f"no results of {flavour}\n{text}", pytrace=False)
    failed, code = matrix.failures(junit), int(status.read_text())
    if failed or code != 0:
        lines = [f"{len(failed)} failed, exit status {code}", *failed]
        lines += [] if failed else [tail(results / f"{flavour}.log")]
        pytest.fail("\n".join(lines), pytrace=False)
    assert matrix.read(junit)["passed", ""] > 0
