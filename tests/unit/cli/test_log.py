# SPDX-License-Identifier: Apache-2.0
"""The error log: what engines parse."""

from __future__ import annotations

import json
import os
import pty
from datetime import datetime
from pathlib import Path

import pytest

from pyrunc.errors import UsageError
from pyrunc.log import Log, open_log


def test_json_line_is_one_object_with_an_rfc3339_time(tmp_path: Path) -> None:
    """LOG 1.3, 2.2, 2.6: containerd decodes the line and its time; podman reads one object."""
    path = tmp_path / "log"
    open_log(str(path), "json").write("error", 'a "b"\nc')
    entry = json.loads(path.read_text())
    assert list(entry) == ["level", "msg", "time"]
    assert (entry["level"], entry["msg"]) == ("error", 'a "b"\nc')
    assert datetime.fromisoformat(entry["time"]).tzinfo is not None
    assert path.read_text().count("\n") == 1


def test_text_line_of_a_file(tmp_path: Path) -> None:
    """LOG 1.3: time="..." level=error msg="..." where it is no terminal."""
    path = tmp_path / "log"
    open_log(str(path), "text").write("error", "container does not exist")
    assert path.read_text().endswith(' level=error msg="container does not exist"\n')
    assert path.read_text().startswith('time="2')


def test_text_line_stays_one_line(tmp_path: Path) -> None:
    """LOG 1.3: newlines, quotes and control characters are escaped."""
    path = tmp_path / "log"
    open_log(str(path), "text").write("error", 'a\n"b"\\\x1b')
    assert path.read_text().partition("msg=")[2] == '"a\\n\\"b\\"\\\\\\x1b"\n'


def test_text_line_of_one_word_is_bare(tmp_path: Path) -> None:
    """LOG 1.3: logrus quotes only what needs it."""
    path = tmp_path / "log"
    open_log(str(path), "text").write("error", "word")
    assert path.read_text().endswith("msg=word\n")


def test_text_line_on_a_terminal() -> None:
    """LOG 1.3: ERRO[0000] msg on a terminal."""
    master, slave = pty.openpty()
    try:
        Log(slave).write("error", "no such thing")
        assert os.read(master, 100) == b"ERRO[0000] no such thing\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_file_is_appended_to_with_mode_0644(tmp_path: Path) -> None:
    """LOG 1.3: O_CREAT|O_APPEND, 0644."""
    path = tmp_path / "log"
    old = os.umask(0)
    try:
        open_log(str(path), "json").write("error", "1")
    finally:
        os.umask(old)
    open_log(str(path), "json").write("error", "2")
    assert [json.loads(line)["msg"] for line in path.read_text().splitlines()] == ["1", "2"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_failure_with_a_file_is_on_stderr_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """LOG 1.3, 2.2: containerd matches words on stderr even when --log is given."""
    path = tmp_path / "log"
    open_log(str(path), "json").failure("container does not exist")
    assert capfd.readouterr().err == "container does not exist\n"
    assert json.loads(path.read_text())["msg"] == "container does not exist"


def test_failure_without_a_file_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """LOG 1.3: if the logger is stderr, that is all."""
    open_log("", "json").failure("x y")
    assert json.loads(capfd.readouterr().err)["msg"] == "x y"


def test_debug_lines_only_when_wanted(tmp_path: Path) -> None:
    """LOG 1.2: --debug."""
    path = tmp_path / "log"
    open_log(str(path), "json").debug("no")
    open_log(str(path), "json", debug=True).debug("yes")
    assert [json.loads(line)["msg"] for line in path.read_text().splitlines()] == ["yes"]


def test_unknown_format() -> None:
    """LOG 1.2: the exact words."""
    with pytest.raises(UsageError, match="^invalid log-format: xml$"):
        open_log("", "xml")


def test_unusable_file(tmp_path: Path) -> None:
    """LOG 1.3: the path and the reason in Go's spelling."""
    with pytest.raises(UsageError) as caught:
        open_log(str(tmp_path / "no" / "log"), "json")
    assert str(caught.value) == f"open {tmp_path}/no/log: no such file or directory"


def test_a_log_that_cannot_be_written_does_not_raise() -> None:
    """LOG 1.3: a full disk must not turn one failure into another."""
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        Log(fd).write("error", "x")
    finally:
        os.close(fd)
