# SPDX-License-Identifier: Apache-2.0
"""The matrix of hosts: what is counted from junit files, and how it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import hosts, matrix

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.runtime.test_a" name="test_one"/>
<testcase classname="tests.runtime.test_a" name="test_two"><failure message="no"/></testcase>
<testcase classname="tests.runtime.test_a" name="test_two"><error message="left"/></testcase>
<testcase classname="tests.runtime.test_a" name="test_three"><skipped message="no v1"/></testcase>
<testcase classname="tests.unit.test_b" name="test_one"/>
</testsuite></testsuites>"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A directory with the junit file of one host."""
    (tmp_path / "host.xml").write_text(JUNIT)
    return tmp_path


def test_counts(results: Path) -> None:
    """HABIT: a test counts once, a failure of its clean-up is one, other suites do not count."""
    title = matrix.HOSTS["host"][0]
    assert matrix.collect(results) == [
        matrix.Row(title, "passed", 1, ""),
        matrix.Row(title, "skipped", 1, "no v1"),
        matrix.Row(title, "failed", 1, ""),
    ]


def test_failures_have_words(results: Path) -> None:
    """HABIT: each failure is told with its first words."""
    assert [line.partition(": ")[2] for line in matrix.failures(results / "host.xml")] == [
        "no", "left"
    ]  # fmt: skip


def test_table(results: Path) -> None:
    """HABIT: the table has a row for each host, and each reason of a skip with its count."""
    text = matrix.markdown(matrix.collect(results))
    assert f"| 1 | {matrix.HOSTS['host'][0]} | 1 | 1 | 1 |\n" in text
    assert "| no v1 | 1 on host 1 |\n" in text


def test_missing_results_are_an_error(tmp_path: Path) -> None:
    """HABIT: a directory without results gives no rows."""
    assert matrix.collect(tmp_path) == []


def test_tables_of_files_are_true() -> None:
    """HABIT: each file of the suite stands in one table, and each name of a table is a file."""
    names = [*hosts.CGROUPS, *hosts.LIFE, *hosts.KERNEL, *hosts.SAME_EVERYWHERE]
    assert sorted(names) == sorted(
        path.stem.removeprefix("test_") for path in hosts.SUITE.glob("test_*.py")
    )
