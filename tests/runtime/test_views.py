# SPDX-License-Identifier: Apache-2.0
"""The cgroup layouts that this host can be made to look like: part of this suite again, in a mount
namespace that shows pure v1 or pure v2."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .harness import cgroupfs
from .harness.runtime import Runtime

HERE = Path(__file__).parent
FILES = ("test_cgroups.py", "test_pause.py", "test_ps.py")

# view: what makes it, in a mount namespace of its own, of a hybrid host
VIEWS = {
    "v1": "umount /sys/fs/cgroup/unified",
    "v2": "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup",
}


@pytest.mark.parametrize("view", VIEWS)
def test_view(view: str, runtime: Runtime) -> None:
    """CGP-1, CGP-3, CGP-6, OPS-D3: cgroups work on a host with pure v1 and with pure v2 alike."""
    if cgroupfs.layout() != "hybrid":
        pytest.skip(f"/proc/self/mountinfo shows a {cgroupfs.layout()} host: it has one view only")
    tests = [str(HERE / name) for name in FILES]
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{VIEWS[view]} && exec "$@"', "sh", *pytest_command],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
        env={**os.environ, "OCI_RUNTIME": " ".join(runtime.command)},
    )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 30, done.stdout[-500:]
