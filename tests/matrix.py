# SPDX-License-Identifier: Apache-2.0
"""Counts what the suites did on each kind of host, from the junit files of one test command.

`python -m tests.matrix build/results` prints the table and writes build/matrix.json;
`--keep` also writes tests/conformance/matrix.tsv, from which CONFORMANCE.md shows it.
"""

from __future__ import annotations

import argparse
import json
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "tests/conformance/matrix.tsv"
OUTCOMES = ("passed", "skipped", "failed")

# junit file: what kind of host it tells of, and which tests count ("" for all of them)
HOSTS = {
    "host": ("the machine of the test command", "tests.runtime."),
    "enosys": ("the same, newer system calls answer ENOSYS", "tests.runtime."),
    "view-v1": ("the same, seen as pure cgroup v1 (selection)", "tests.runtime."),
    "view-v2": ("the same, seen as pure cgroup v2 (selection)", "tests.runtime."),
    "suite": ("virtual machine, v2, cgroupfs driver (what depends on the host)", ""),
    "suite-systemd": ("virtual machine, v2, systemd driver (what is about cgroups)", ""),
    "suite-enosys": ("virtual machine, v2, newer system calls answer ENOSYS (selection)", ""),
    "cgroups": ("virtual machine, v2: tests/unit/cgroups", ""),
    "root-cgroupfs": ("virtual machine, root, cgroupfs driver: tests/vm/inside", ""),
    "root-systemd": ("virtual machine, root, systemd driver: tests/vm/inside", ""),
    "user-cgroupfs": ("virtual machine, rootless with a session: tests/vm/inside but podman", ""),
    "user-systemd": ("virtual machine, rootless, its own systemd: tests/vm/inside", ""),
    "plain": ("virtual machine, rootless without anything: tests/vm/inside", ""),
}


class Row(NamedTuple):
    """How many tests of one kind of host had one outcome, for one reason (of a skip)."""

    host: str
    outcome: str
    count: int
    reason: str


def outcome(case: ElementTree.Element) -> tuple[str, str]:
    """A test's outcome and, of a skip, its reason."""
    for word, element in (("failed", "failure"), ("failed", "error"), ("skipped", "skipped")):
        found = case.find(element)
        if found is not None:
            return word, found.get("message", "") if word == "skipped" else ""
    return "passed", ""


def read(junit: Path, prefix: str = "") -> Counter[tuple[str, str]]:
    """(outcome, reason) -> how many tests whose class name begins with `prefix`.

    A test that failed and whose fixtures failed too has two entries in the file: it counts once.
    """
    cases: dict[tuple[str, str], tuple[str, str]] = {}
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        name = (case.get("classname", ""), case.get("name", ""))
        if f"{name[0]}.".startswith(prefix) and cases.get(name, ("", ""))[0] != "failed":
            cases[name] = outcome(case)
    return Counter(cases.values())


def failures(junit: Path) -> list[str]:
    """The tests that failed, each with the first words of why."""
    return [
        f"{case.get('classname')}::{case.get('name')}: {trouble.get('message', '')[:300]}"
        for case in ElementTree.parse(junit).getroot().iter("testcase")
        for trouble in case
        if trouble.tag in ("failure", "error")
    ]


def collect(results: Path) -> list[Row]:
    """The rows of all hosts of which `results` has a junit file, in the order of HOSTS."""
    rows = []
    for name, (title, prefix) in HOSTS.items():
        if (results / f"{name}.xml").exists():
            counts = read(results / f"{name}.xml", prefix)
            rows += [
                Row(title, word, count, reason)
                for word in OUTCOMES
                for (found, reason), count in counts.most_common()
                if found == word
            ]
    return rows


def markdown(rows: list[Row]) -> str:
    """The table of counts, then the reasons of the skips with their counts."""
    hosts = list(dict.fromkeys(row.host for row in rows))
    lines = ["| | host | passed | skipped | failed |", "|---|---|---|---|---|"]
    for number, host in enumerate(hosts, 1):
        totals = Counter[str]()
        for row in rows:
            if row.host == host:
                totals[row.outcome] += row.count
        lines.append(
            f"| {number} | {host} | " + " | ".join(str(totals[word]) for word in OUTCOMES) + " |"
        )
    lines += ["", "| reason of skips | tests |", "|---|---|"]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.outcome == "skipped":
            number = hosts.index(row.host) + 1
            reasons.setdefault(row.reason, []).append(f"{row.count} on host {number}")
    for reason, places in reasons.items():
        text = reason.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {text} | {', '.join(places)} |")
    return "\n".join(lines) + "\n"


def kept() -> list[Row]:
    """The checked-in rows; none when there is no file."""
    if not KEPT.exists():
        return []
    lines = [line.split("\t") for line in KEPT.read_text("utf-8").splitlines()[1:]]
    return [Row(host, word, int(count), reason) for host, word, count, reason in lines]


def main() -> int:
    """Print the table and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the directory of the junit files")
    parser.add_argument("--keep", action="store_true", help="write tests/conformance/matrix.tsv")
    options = parser.parse_args()
    rows = collect(options.results)
    (ROOT / "build").mkdir(exist_ok=True)
    table = [row._asdict() for row in rows]
    (ROOT / "build/matrix.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    if options.keep:
        lines = ["\t".join(map(str, row)).replace("\n", " ") for row in [Row._fields, *rows]]
        KEPT.write_text("\n".join(lines) + "\n", "utf-8")
    print(markdown(rows), end="")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
