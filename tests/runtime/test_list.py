# SPDX-License-Identifier: Apache-2.0
"""list: table, JSON and quiet forms, and what it does about broken entries."""

from __future__ import annotations

from collections.abc import Callable

from .harness import Container, Runtime, departs


def test_table(container: Container) -> None:
    """STA-7: the table's columns, and one row a container."""
    container.up()
    head, row = container.runtime("list").lines
    assert head.split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    created = container.state()["created"]
    bundle = str(container.bundle.path)
    assert row.split() == [container.id, str(container.pid), "running", bundle, created, "root"]


def test_table_alignment(container: Container) -> None:
    """STA-7: columns are at least 12 wide and 3 blanks apart."""
    container.up()
    head, row = container.runtime("list").lines
    assert (
        head.index("PID") == row.index(f" {container.pid} ") + 1 == max(12, len(container.id) + 3)
    )
    assert head.index("STATUS") == head.index("PID") + 12


def test_empty_table(runtime: Runtime) -> None:
    """STA-7: with no container the table is its head."""
    runtime.root.mkdir()
    [head] = runtime("list").lines
    assert head.split()[0] == "ID"


def test_json(container: Container) -> None:
    """STA-7: --format json is one compact line with the states and the owner's name."""
    container.up()
    result = container.runtime("list", "--format", "json")
    [entry] = result.json()
    assert len(result.lines) == 1
    assert entry == {**container.state(), "owner": "root"}


def test_empty_json(runtime: Runtime) -> None:
    """STA-7: with no container the JSON form is null."""
    runtime.root.mkdir()
    assert runtime("list", "-f", "json").out.strip() == "null"


def test_quiet(make_container: Callable[..., Container]) -> None:
    """STA-7: -q prints the ids, one a line, sorted."""
    containers = [make_container(name) for name in ("b", "a")]
    for container in containers:
        container.create()
    lines = containers[0].runtime("list", "-q").lines
    assert lines == sorted(container.id for container in containers)


def test_stopped(container: Container) -> None:
    """STA-8: a stopped container is listed with pid 0."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    [entry] = container.runtime("list", "--format=json").json()
    assert (entry["status"], entry["pid"]) == ("stopped", 0)


def test_bad_format(runtime: Runtime) -> None:
    """OPS-0: another format is refused."""
    runtime.root.mkdir()
    assert runtime.fails("list", "--format", "xml") == "invalid format option"


@departs("runc", "1.1 shows an empty list")
def test_missing_root(runtime: Runtime) -> None:
    """OPS-0: an explicit --root that is not there is an error."""
    message = runtime.fails("list")
    assert message == f"open {runtime.root}: no such file or directory"


def test_broken_entry(container: Container) -> None:
    """OPS-0: a broken entry is skipped with a word on stderr; the others are listed."""
    container.create()
    broken = container.runtime.root / "broken"
    broken.mkdir()
    result = container.runtime.run("list", "-q")
    broken.rmdir()
    assert (result.code, result.lines) == (0, [container.id])
    assert "broken" in result.err


def test_file_in_root(container: Container) -> None:
    """OPS-0: a plain file in the root directory is not taken for a container."""
    container.create()
    stray = container.runtime.root / "stray"
    stray.write_text("")
    result = container.runtime.run("list", "-q")
    stray.unlink()
    assert result.lines == [container.id]
