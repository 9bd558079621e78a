# SPDX-License-Identifier: Apache-2.0
"""--trace: the file tells where the time of a verb went, in the parent and in the init stage."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Result, departs
from .test_fds import numbers

pytestmark = [departs("runc", "it has no --trace"), departs("crun", "it has no --trace")]

ROUNDS = 12  # the machine may take the processor away between two phases: the best of these counts
Event = dict[str, Any]


def read(path: Path) -> list[Event]:
    """The events of a trace, with exact times."""
    document = json.loads(path.read_text(), parse_float=Decimal)
    assert document["displayTimeUnit"] == "ns"
    events: list[Event] = document["traceEvents"]
    assert {event["ph"] for event in events} == {"X", "M"}
    return events


def spans(events: list[Event]) -> list[Event]:
    """The events that have a time, each with its `end`."""
    return [{**e, "end": e["ts"] + e["dur"]} for e in events if e["ph"] == "X"]


def parent(events: list[Event]) -> int:
    """The pid of the verb's own process."""
    rows = {e["args"]["name"]: int(e["pid"]) for e in events if e["name"] == "process_name"}
    return rows["pyrunc"]


def covered(events: list[Event]) -> Decimal:
    """The part of the whole during which the verb's process was in a named phase.

    The verb itself, which spans nearly all, does not count.
    """
    found = spans(events)
    whole = max(e["end"] for e in found) - min(e["ts"] for e in found)
    reached = total = Decimal(0)
    mine = [e for e in found if e["pid"] == parent(events) and e["cat"] != "verb"]
    for event in sorted(mine, key=lambda e: e["ts"]):
        begin = max(event["ts"], reached)
        if event["end"] > begin:
            total += event["end"] - begin
            reached = event["end"]
    return total / whole


def check_form(events: list[Event]) -> None:
    """Every row is named; on each row events nest; none lies outside of the verb's own time."""
    found = spans(events)
    rows = {e["pid"] for e in found}
    assert {e["pid"] for e in events if e["name"] == "process_name"} == rows
    first = min(e["ts"] for e in found if e["pid"] == parent(events))
    last = max(e["end"] for e in found if e["pid"] == parent(events))
    for row in rows:
        around: list[Event] = []
        mine = [e for e in found if e["pid"] == row]
        for event in sorted(mine, key=lambda e: (e["ts"], -e["dur"])):
            assert event["tid"] == row and event["dur"] >= 0
            assert first <= event["ts"] and event["end"] <= last, event
            while around and around[-1]["end"] <= event["ts"]:
                around.pop()
            assert not around or event["end"] <= around[-1]["end"], (around[-1], event)
            around.append(event)


def ops(events: list[Event]) -> list[tuple[str, str]]:
    """What the init stage did, in the order of time: code and words of each op."""
    found = sorted((e for e in spans(events) if e["cat"] == "op"), key=lambda e: e["ts"])
    return [(e["name"], e.get("args", {}).get("what", "")) for e in found]


def plan(log: Path) -> list[tuple[str, str]]:
    """The last plan that --debug shows in a JSON log: code and words of each op."""
    lines = [json.loads(line)["msg"] for line in log.read_text().splitlines()]
    text = [line for line in lines if line.startswith("plan:\n")][-1]
    rows = [row.split(maxsplit=2) for row in text.splitlines()[1:]]
    return [(row[1].upper(), "".join(row[2:])) for row in rows]


class Traced:
    """Calls verbs of a container with --trace and reads what they wrote."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.file = container.runtime.home / "trace.json"
        self.log = container.runtime.home / "log"
        self.top = ("--trace", self.file, "--debug", "--log", self.log, "--log-format", "json")

    def life(self, verb: str) -> list[Event]:
        """Takes a container through its life; the trace of that verb."""
        container = self.container
        container.bundle.args("/bin/sleep", "60")
        calls: dict[str, tuple[str | Path, ...]] = {
            "create": ("create", "--bundle", container.bundle.path, container.id),
            "start": ("start", container.id),
            "exec": ("exec", container.id, "/bin/true"),
            "state": ("state", container.id),
            "kill": ("kill", container.id, "KILL"),
            "delete": ("delete", "--force", container.id),
        }
        container.bundle.write()
        for name, call in calls.items():
            container.runtime(*call, top=self.top if name == verb else ())
        return read(self.file)

    def run(self) -> list[Event]:
        """The trace of `run` of a program that ends at once."""
        result = self.container.run(top=self.top)
        assert (result.code, result.err) == (0, "")
        return read(self.file)


@pytest.fixture
def traced(container: Container) -> Traced:
    container.bundle.args("/bin/true")
    return Traced(container)


def best(traced: Traced, verb: str) -> list[Event]:
    """The trace of the verb that explains most of its time, of a few."""
    traces = []
    for _ in range(ROUNDS):
        traces.append(traced.run() if verb == "run" else traced.life(verb))
        check_form(traces[-1])
        if covered(traces[-1]) >= Decimal("0.95"):
            break
    return max(traces, key=covered)


@pytest.mark.parametrize("verb", ["run", "create", "start", "exec", "state", "kill", "delete"])
def test_trace_explains_the_time(traced: Traced, verb: str) -> None:
    """PERF: named phases that nest cover 95 % of the time from the front door's first instruction
    to the end, whichever face serves the verb without --trace."""
    assert covered(best(traced, verb)) >= Decimal("0.95")


def test_ops_of_run(traced: Traced) -> None:
    """PERF: every op of the plan is there with its words, in the plan's order, and the stage's
    waits for the parent are told apart from its own work."""
    events = traced.run()
    assert ops(events) == plan(traced.log)
    waits = [e for e in spans(events) if e["name"] == "wait for the parent"]
    asked = [code for code, _ in ops(events) if code in ("SYNC", "READY")]
    assert len(waits) == len(asked) and {e["pid"] for e in waits}.isdisjoint({parent(events)})


def test_ops_of_create(traced: Traced) -> None:
    """PERF: create shows the ops up to READY, after which the stage is on its own."""
    found, wanted = ops(traced.life("create")), plan(traced.log)
    assert found == wanted[: len(found)]
    assert "READY" in [code for code, _ in found]


def test_ops_of_exec(traced: Traced) -> None:
    """PERF: the stage of exec is traced as well."""
    events = traced.life("exec")
    assert ops(events) == plan(traced.log)
    assert ops(events)[0][0] == "JOIN"


def test_ops_with_a_user_namespace(traced: Traced) -> None:
    """PERF: where the stage goes on as another process its ops stay on one row, in order."""
    ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    traced.container.bundle.linux.update(uidMappings=ids, gidMappings=ids)
    traced.container.bundle.namespace("user")
    os.chmod(traced.container.runtime.home, 0o755)
    events = traced.run()
    assert ops(events) == plan(traced.log)
    assert "FORK" in [code for code, _ in ops(events)]
    check_form(events)


def test_phases_of_run(traced: Traced) -> None:
    """PERF: the border of each room is a phase of its own."""
    limit = {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}
    traced.container.bundle.process["rlimits"] = [limit]
    names = {e["name"] for e in spans(traced.run())}
    assert names >= {
        "interpreter start", "import _json: encode_basestring, make_scanner", "read the bundle",
        "validate", "plan", "state directory", "make the cgroups", "clone3 until exec",
        "wait for the stage", "READY", "SYNC limits", "write state.json", "GO", "wait for execve",
        "wait for the program", "delete", "leave",
    }  # fmt: skip


def test_flag_after_the_verb(traced: Traced) -> None:
    """CLI 1.1: like every global flag it may follow the verb; the file is the caller's alone."""
    container = traced.container
    result = container.run("--trace", traced.file)
    assert (result.code, result.err) == (0, "")
    check_form(read(traced.file))
    assert traced.file.stat().st_mode & 0o7777 == 0o600


def test_words_of_the_program_are_its_own(traced: Traced) -> None:
    """CLI 1.1: what follows exec's container id is for the program, --trace too."""
    container = traced.container
    container.bundle.args("/bin/sleep", "60")
    container.up()
    result = container.exec("/bin/echo", "--trace", traced.file)
    assert result.out == f"--trace {traced.file}\n"
    assert not traced.file.exists()


def test_longer_file_is_replaced(traced: Traced) -> None:
    """PERF: nothing of an older, longer trace is left."""
    traced.file.write_text("x" * 1_000_000)
    check_form(traced.run())


def test_failure_is_traced(traced: Traced) -> None:
    """PERF: a verb that fails says what it did until then, and fails as it does without."""
    container = traced.container
    container.bundle.args("/missing")
    container.bundle.write()
    result = container.run("--trace", traced.file)
    assert result.code == 1
    assert "no such file or directory" in result.error
    container.absent()
    names = [code for code, _ in ops(read(traced.file))]
    assert names[-1] == "LOOKUP"


@pytest.mark.parametrize("kind", ["no directory", "a directory", "a link", "a fifo", "no name"])
def test_unusable_file_is_refused(traced: Traced, kind: str) -> None:
    """ERR-1: a file that cannot be written is refused in one line before anything is done."""
    path: Path | str = traced.file
    match kind:
        case "no directory":
            path = traced.file / "below"
        case "a directory":
            traced.file.mkdir()
        case "a link":
            traced.file.symlink_to(traced.log)
        case "a fifo":
            os.mkfifo(traced.file)
        case "no name":
            path = ""
    message = traced.container.fails("--trace", path)
    assert message.startswith("--trace: ")
    assert not traced.log.exists()


def test_nothing_of_it_enters_the_container(traced: Traced) -> None:
    """FD-1: the memory that the stage shares with us is not the program's."""
    container = traced.container
    container.bundle.inside("fds")
    result: Result = container.run("--trace", traced.file)
    assert result.code == 0
    assert numbers(result.lines) == [0, 1, 2]
