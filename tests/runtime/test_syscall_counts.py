# SPDX-License-Identifier: Apache-2.0
"""How many system calls each verb makes for the default bundle, and how many page faults create
does: numbers written down, not times.

A number that is too high says that somebody opens, stats or reads what is known already: look with
`strace -ff`. When a change needs more calls, or makes fewer, write the new number down.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "csrc"))

import build_image

from .harness import Container, cgroupfs, departs, needs, probes, until
from .test_front_door import OPEN

pytestmark = [
    departs("runc", "the numbers are pyrunc's"),
    departs("crun", "the numbers are pyrunc's"),
    needs(probes.strace, probes.no_filter),
]

SLACK = 1.04  # the kernel and the C library decide some of them

# Each row: calls with cgroup v1 but for those that follow, calls for each hierarchy of v1, and
# calls with v2.
Row = tuple[int, int, int]

# From the first look at the bundle or the container's state to the end, in Python; and those of
# the init stage until it executes the program.
PYTHON: dict[str, tuple[Row, Row]] = {
    "create": ((220, 13, 217), (650, 28, 647)),
    "run": ((244, 19, 247), (516, 28, 513)),
    "exec": ((134, 4, 148), (86, 1, 86)),
}
# Before that look: the front door, the interpreter, imports: with the image of a started one in it
# (Python 3.11) and without.
START = {"create": 83, "run": 107, "exec": 82}
START_WITHOUT = 267

# Of a whole create, with an image: 1105 before what it touches was put together (image_room.c).
FAULTS = 800

# From the first instruction to the end, in the front door.
DOOR: dict[str, Row] = {
    "state": (26, 0, 29),
    "ps": (28, 0, 28),
    "start": (56, 0, 62),
    "pause": (40, 0, 51),
    "resume": (36, 0, 36),
    "kill": (29, 0, 32),
    "delete": (43, 6, 49),
}


def calls(path: Path) -> list[str]:
    """The system calls in one file of strace -ff; signals and exits are none."""
    return [line for line in path.read_text().splitlines() if line[:3] not in ("+++", "---")]


class Counting:
    """Runs verbs of a container of the default bundle under strace."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.logs = container.runtime.home / "strace"
        self.logs.mkdir()
        self.prefix = ("strace", "-ff", "-qq", "-o", str(self.logs / "log"))
        home = container.runtime.home / "spec"
        home.mkdir()
        container.runtime("spec", "--bundle", home)
        own = container.bundle.config
        config = json.loads((home / "config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/sleep", "60"])
        config["linux"]["cgroupsPath"] = own["linux"]["cgroupsPath"]
        container.bundle.config = config

    def seen(self) -> tuple[list[str], list[str]]:
        """The calls of the verb's own process, and of the init stage up to its execve."""
        files = {path: calls(path) for path in self.logs.iterdir()}
        [parent] = [lines for lines in files.values() if lines[0].startswith("execve(")]
        stages = [
            lines for lines in files.values() if any(x.startswith("execveat(") for x in lines)
        ]
        stage = stages[0] if stages else []
        ends = [n for n, line in enumerate(stage) if line.startswith("execve(")]
        return parent, stage[: ends[0] + 1] if ends else stage

    def verb(self, *args: str | Path) -> tuple[list[str], list[str]]:
        """Runs a verb that must succeed; what it called."""
        result = self.container.runtime.run(*args, prefix=self.prefix, env=OPEN)
        assert (result.code, result.err) == (0, "")
        return self.seen()

    def create(self) -> tuple[list[str], list[str]]:
        """strace stays as long as the stage, so create is looked at while the container lives."""
        container = self.container
        container.bundle.args("/bin/true").write()
        strace = container.runtime.spawn(
            "create", "--bundle", container.bundle.path, "--pid-file", container.pid_file,
            container.id, prefix=self.prefix, env=OPEN,
        )  # fmt: skip
        until(lambda: container.pid_file.exists(), "the pid file")
        container.pid = int(container.pid_file.read_text())
        container.start()
        assert strace.wait(10) == 0
        container.wait()
        return self.seen()


def check(what: str, count: int, row: Row) -> None:
    """The number is not above the one in the table."""
    fixed, each, v2 = row
    hierarchies = {path for name, path in cgroupfs.hierarchies().items() if name}
    most = v2 if cgroupfs.layout() == "v2" else fixed + each * len(hierarchies)
    assert count <= most * SLACK, f"{what}: {count} system calls, {most} in the table"


def check_python(verb: str, seen: tuple[list[str], list[str]], first: str) -> None:
    """Checks a verb that Python serves; `first` is the file that its work begins with."""
    parent, stage = seen
    interpreter = next(line for line in parent[1:] if line.startswith("execve("))
    if "/pyrunc/_python" not in interpreter:
        pytest.skip(f"not pyrunc's own interpreter, which imports in another way: {interpreter}")
    start = next(n for n, line in enumerate(parent) if first in line)
    most = START[verb] if build_image.possible() else START_WITHOUT
    check(f"{verb} until it begins", start, (most, 0, most))
    check(f"{verb}, parent", len(parent) - start, PYTHON[verb][0])
    check(f"{verb}, init stage", len(stage), PYTHON[verb][1])


@pytest.fixture
def counting(container: Container) -> Counting:
    return Counting(container)


def test_create(counting: Counting) -> None:
    """PERF: create of the default bundle."""
    check_python("create", counting.create(), '"config.json"')


@pytest.mark.skipif(not build_image.possible(), reason="no Python that images are made of")
def test_page_faults(counting: Counting) -> None:
    """PERF: create touches little memory: the image is arranged as the rehearsal says."""
    container = counting.container
    container.bundle.args("/bin/true").write()
    process = container.runtime.spawn(
        "create", "--bundle", container.bundle.path, "--pid-file", container.pid_file,
        container.id, env=OPEN,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    container.pid = int(container.pid_file.read_text())
    container.start()
    container.wait()
    assert used.ru_minflt <= FAULTS


def test_run(counting: Counting) -> None:
    """PERF: run of the default bundle in the foreground."""
    container = counting.container
    container.bundle.args("/bin/true").write()
    seen = counting.verb("run", "--bundle", container.bundle.path, container.id)
    check_python("run", seen, '"config.json"')


def test_exec(counting: Counting) -> None:
    """PERF: exec of a program in a container of the default bundle."""
    counting.container.up()
    seen = counting.verb("exec", counting.container.id, "/bin/true")
    check_python("exec", seen, '/state.json"')


@needs(probes.freezer)
@pytest.mark.parametrize("verb", DOOR)
def test_front_door(counting: Counting, verb: str) -> None:
    """PERF: what the front door serves takes a few dozen system calls and no second process."""
    container = counting.container
    container.create()
    if verb != "start":
        container.start()
    if verb == "resume":
        container.runtime("pause", container.id)
    if verb == "delete":
        container.kill("KILL")
        container.wait()
    flags = ("--format", "json") if verb == "ps" else ()
    seen = counting.verb(verb, *flags, container.id)
    if verb == "pause":
        container.runtime("resume", container.id)
    container.deleted = verb == "delete"
    assert len(list(counting.logs.iterdir())) == 1
    check(verb, len(seen[0]), DOOR[verb])
