# SPDX-License-Identifier: Apache-2.0
"""The virtual machine as part of the test command: one boot, then one test a flavour.

Off unless asked for (`pytest -m vm tests/vm`, or `-m` with an expression that has `vm` in it): it
needs root, a package mirror the first time, and minutes. PYRUNC_VM_RUNTIME names another runtime
(a path inside the machine); PYRUNC_VM_RESULTS keeps logs, junit files and the console.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.vm import run

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def machine_run(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> tuple[Path, dict[str, int]]:
    """Run the whole matrix once; give the results' directory and each step's exit status."""
    kept = os.environ.get("PYRUNC_VM_RESULTS")
    out = Path(kept) if kept else tmp_path_factory.mktemp("vm")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"vm: {line}", flush=True)

    runtime = os.environ.get("PYRUNC_VM_RUNTIME", run.PYRUNC)
    return out, run.run(list(run.FLAVOURS), [], out, runtime=runtime, say=say)


def failures(junit: Path) -> tuple[int, list[str]]:
    """Return how many tests a junit file tells of, and the failed ones with their first line."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    count, failed = 0, []
    for case in cases:
        count += 1
        failed += [
            f"{case.get('classname')}::{case.get('name')}: {trouble.get('message', '')[:300]}"
            for trouble in case
            if trouble.tag in ("failure", "error")
        ]
    return count, failed


@pytest.mark.parametrize("flavour", run.FLAVOURS)
def test_flavour(machine_run: tuple[Path, dict[str, int]], flavour: str) -> None:
    """All tests of one flavour pass inside the machine, and there were some."""
    out, statuses = machine_run
    if statuses.get("install"):
        pytest.fail("pyrunc did not install:\n" + (out / "install.log").read_text(), pytrace=False)
    junit = out / f"{flavour}.xml"
    if not junit.exists():
        log = out / f"{flavour}.log"
        tail = log.read_text(errors="replace").splitlines()[-40:] if log.exists() else []
        text = "\n".join([f"no results, exit status {statuses[flavour]}", *tail])
        pytest.fail(text, pytrace=False)
    count, failed = failures(junit)
    if failed or statuses[flavour] != 0:
        lines = [f"{len(failed)} of {count} failed, exit status {statuses[flavour]}", *failed]
        pytest.fail("\n".join(lines), pytrace=False)
    assert count > 0
