# SPDX-License-Identifier: Apache-2.0
"""Fuzzing bytes -> validate -> report -> plan; `python -m tests.unit.config.fuzz` runs atheris.

Nothing but our own errors may come out, whatever the bytes are. What fuzzing found is kept in
tests/corpus/fuzz and replayed by test_fuzz.py.

    pip install atheris
    python -m tests.unit.config.fuzz -max_total_time=600 CORPUS_DIRECTORY tests/corpus/good
"""

from __future__ import annotations

import sys

from pyrunc.config.report import ERROR, find_problems, json_report, sarif_report, text_report
from pyrunc.config.validate import load_config, load_process, load_resources
from pyrunc.errors import PyruncError
from pyrunc.plan.build import container_plan
from pyrunc.plan.facts import Facts
from pyrunc.tables.spec import STATUSES


def check(data: bytes) -> None:
    """Take `data` all the way; raises nothing unless something of ours is wrong."""
    for load in (load_process, load_resources):
        try:
            load(data)
        except PyruncError as error:
            one_line(error)
    problems = find_problems(data)
    text_report(problems, data, "config.json", colour=True)
    json_report(problems, "config.json").encode()
    sarif_report(problems, "config.json").encode()
    bad = any(problem.level == ERROR for problem in problems)
    try:
        config = load_config(data)
    except PyruncError as error:
        one_line(error)
        assert bad, f"refused, but the report is good: {error}"
        return
    assert not bad, "accepted, but the report is bad"
    if "process" in config:
        plan(config)


def plan(config) -> None:
    """An accepted config becomes a plan, or an error that says why not."""
    facts = Facts(bundle="/b", rootfs="/b/rootfs", container_id="x")
    facts.state_before = dict.fromkeys(STATUSES, "{")
    facts.user_namespace = any(entry["type"] == "user"
                               for entry in config.get("linux", {}).get("namespaces", ()))
    try:
        container_plan(config, facts).encode()
    except PyruncError as error:
        one_line(error)


def one_line(error: PyruncError) -> None:
    """The message of an error is one printable line that can be written anywhere."""
    assert "\n" not in str(error), repr(str(error))
    str(error).encode()


def main() -> None:
    """Fuzz until libFuzzer's arguments say enough."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
