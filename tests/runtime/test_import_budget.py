# SPDX-License-Identifier: Apache-2.0
"""The import budget: how many modules each verb loads when it succeeds, and none that is dear.

The verbs run in a bare interpreter (`-I -S`), which loads what pyrunc's own has frozen in.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from functools import partial
from pathlib import Path

import pytest

from tests.unit.cli.test_imports import DEAR

from .harness import Container, departs, needs, probes

pytestmark = [departs("runc", "it imports nothing"), departs("crun", "it imports nothing")]

ROOT = Path(__file__).parents[2]
PROBE = """
import sys
before = set(sys.modules)
sys.path[:0] = {paths!r}
from pyrunc.cli.main import main
code = main(["pyrunc", *sys.argv[1:]])
with open({list!r}, "w") as file:
    file.write(" ".join(sorted(set(sys.modules) - before)))
sys.stdout.flush()
import os
os._exit(code)
"""

# The most modules of ours, and of the standard library (with cffi's backend), that a verb loads
# for the default bundle; v2 takes three more than v1 to create. More is to be justified, fewer is
# to be written down.
BUDGET = {
    "create": (74, 15),
    "run": (79, 15),
    "exec": (54, 13),
    "start": (37, 12),
    "state": (29, 12),
    "ps": (29, 12),
    "kill": (30, 12),
    "pause": (29, 12),
    "resume": (29, 12),
    "update": (43, 13),
    "events": (33, 12),
    "list": (29, 13),
    "delete": (32, 12),
    "validate": (39, 31),
    "spec": (19, 10),
    "features": (23, 10),
}
OTHER_PYTHON = 3  # Python 3.12 and 3.13 divide their library in another way
# Not on anybody's hot path: the schemas' patterns are regular expressions.
ALLOWED = {"validate": {"collections", "enum", "functools", "re"}}
NEEDS = {"update": [needs(partial(probes.controller, "pids"))]}


class Importing:
    """Takes a container of the default bundle through its life and keeps what each verb loaded."""

    def __init__(self, container: Container) -> None:
        self.container = container
        runtime = container.runtime
        self.file = runtime.home / "modules"
        paths = [str(ROOT), sysconfig.get_path("platlib"), "/usr/lib/python3/dist-packages"]
        code = PROBE.format(paths=paths, list=str(self.file))
        spec = runtime.home / "spec"
        spec.mkdir()
        runtime("spec", "--bundle", spec)
        config = json.loads((spec / "config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/sleep", "60"])
        config["linux"]["cgroupsPath"] = container.bundle.linux["cgroupsPath"]
        container.bundle.config = config
        container.bundle.write()
        self.command = [sys.executable, "-I", "-S", "-c", code]

    def loaded(self, *args: str | Path) -> set[str]:
        """What a verb that must succeed loads."""
        self.file.unlink(missing_ok=True)
        runtime = self.container.runtime
        before, runtime.command = runtime.command, self.command
        try:
            runtime(*args)
        finally:
            runtime.command = before
        return set(self.file.read_text().split())

    def verb(self, name: str) -> set[str]:
        """Brings the container to where the verb is possible, then looks at that verb."""
        container = self.container
        bundle, id = container.bundle.path, container.id
        if name == "run":
            container.bundle.args("/bin/true").write()
            return self.loaded("run", "--bundle", bundle, id)
        if name == "create":
            args = ("create", "--bundle", bundle, "--pid-file", container.pid_file, id)
            found = self.loaded(*args)
            container.pid = int(container.pid_file.read_text())
            return found
        container.create()
        if name != "start":
            container.start()
        if name == "resume":
            container.runtime("pause", id)
        flags: dict[str, tuple[str | Path, ...]] = {
            "exec": (id, "/bin/true"),
            "ps": ("--format", "json", id),
            "update": ("--pids-limit", "100", id),
            "events": ("--stats", id),
            "list": (),
            "delete": ("--force", id),
            "validate": (bundle,),
            "spec": ("--bundle", container.runtime.home),
            "features": (),
        }
        try:
            return self.loaded(name, *flags.get(name, (id,)))
        finally:
            container.deleted = name == "delete"
            if name == "pause":
                container.runtime("resume", id)


@needs(probes.freezer)
@pytest.mark.parametrize("verb", [pytest.param(v, marks=NEEDS.get(v, ())) for v in BUDGET])
def test_budget(container: Container, verb: str) -> None:
    """PERF: no more modules than the table says, and none that costs milliseconds."""
    found = Importing(container).verb(verb)
    ours = {name for name in found if name.partition(".")[0] == "pyrunc"}
    others = found - ours
    assert found & DEAR <= ALLOWED.get(verb, set())
    assert not {name for name in ours if name.startswith("pyrunc.trace")}
    most = BUDGET[verb]
    assert len(ours) <= most[0], sorted(ours)
    assert len(others) <= most[1] + OTHER_PYTHON, sorted(others)
