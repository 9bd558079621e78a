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

from tests import hosts

from .harness import cgroupfs, needs, probes
from .harness.runtime import Runtime
from .harness.runtime import command as command_of_the_runtime

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# view: what makes it, in a mount namespace of its own, of a hybrid host; and what is run there
VIEWS = {
    "v1": ("umount /sys/fs/cgroup/unified", hosts.CGROUPS),
    "v2": ("umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup",
           hosts.CGROUPS + hosts.LIFE),
}  # fmt: skip
MINUTES = 15  # a slow machine's; 2 on one that is not
FEWEST = 30  # tests that pass, else something else than a test failed


@pytest.mark.bound(MINUTES * 60)
# In a user namespace the host's hierarchies cannot be unmounted, only mounted over.
@pytest.mark.parametrize("view", ["v1", pytest.param("v2", marks=needs(probes.host_root))])
def test_view(view: str, runtime: Runtime) -> None:
    """CGP-1, CGP-3, CGP-6, OPS-D3: cgroups work on a host with pure v1 and with pure v2 alike.

    PYRUNC_RESULTS names a directory in which the run's junit file is kept.
    """
    if cgroupfs.layout() != "hybrid":
        pytest.skip(f"/proc/self/mountinfo shows a {cgroupfs.layout()} host: it has one view only")
    setting, names = VIEWS[view]
    results = Path(os.environ.get("PYRUNC_RESULTS") or runtime.home)
    junit = f"--junit-xml={results / f'view-{view}.xml'}"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    log = runtime.home / "log"
    with log.open("wb") as output:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", f'{setting} && exec "$@"', "sh",
             *command, junit, *hosts.files(*names)],
            stdout=output, stderr=subprocess.STDOUT, check=False, cwd=CHECKOUT,
            env={**os.environ, "OCI_RUNTIME": " ".join(command_of_the_runtime())},
        )  # fmt: skip
    text = log.read_text(errors="replace")
    assert done.returncode == 0, text[-6000:]
    passed = re.search(r"(\d+) passed", text)
    assert passed and int(passed[1]) >= FEWEST, text[-500:]
