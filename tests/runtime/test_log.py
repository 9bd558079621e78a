# SPDX-License-Identifier: Apache-2.0
"""--log, --log-format, --debug: what is written where, line by line."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path

from .harness import Container, Runtime

TEXT = re.compile(r'time="[^"]+" level=error msg="container does not exist"')


def records(path: Path) -> list[dict[str, str]]:
    """The JSON lines of a log."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_text_on_stderr(runtime: Runtime) -> None:
    """ERR-1: without --log an error is one text line on stderr, with time and level."""
    assert TEXT.fullmatch(runtime.run("state", "nobody").err.rstrip("\n"))


def test_json_on_stderr(runtime: Runtime) -> None:
    """ERR-1: with --log-format json and no --log the line on stderr is JSON."""
    result = runtime.run("state", "nobody", top=["--log-format", "json"])
    record = json.loads(result.err)
    assert (record["level"], record["msg"]) == ("error", "container does not exist")


def test_json_file(runtime: Runtime) -> None:
    """ERR-1: one failure is one JSON line with level, msg and an RFC 3339 time."""
    log = runtime.home / "log.json"
    runtime.run("state", "nobody", top=["--log", log, "--log-format", "json"])
    [record] = records(log)
    assert set(record) == {"level", "msg", "time"}
    assert (record["level"], record["msg"]) == ("error", "container does not exist")
    assert datetime.fromisoformat(record["time"].replace("Z", "+00:00")).tzinfo


def test_bare_line_on_stderr(runtime: Runtime) -> None:
    """ERR-1: with --log the message also stands on stderr, bare."""
    log = runtime.home / "log"
    result = runtime.run("state", "nobody", top=["--log", log])
    assert (result.code, result.err) == (1, "container does not exist\n")


def test_text_file(runtime: Runtime) -> None:
    """ERR-1: --log alone writes the text form."""
    log = runtime.home / "log"
    runtime.run("state", "nobody", top=["--log", log])
    assert TEXT.fullmatch(log.read_text().rstrip("\n"))


def test_appends(runtime: Runtime) -> None:
    """ERR-1: a log that exists is appended to."""
    log = runtime.home / "log"
    log.write_text('{"level":"info","msg":"before","time":"2026-01-01T00:00:00Z"}\n')
    runtime.run("state", "nobody", top=["--log", log, "--log-format", "json"])
    assert [record["msg"] for record in records(log)] == ["before", "container does not exist"]


def test_mode(runtime: Runtime) -> None:
    """ERR-1: a new log has mode 0644 less the umask."""
    log = runtime.home / "log"
    runtime.run("state", "nobody", top=["--log", log])
    assert log.stat().st_mode & 0o777 == 0o644 & ~current_umask()


def current_umask() -> int:
    """This process' umask."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_nothing_on_success(container: Container) -> None:
    """ERR-1: a create that succeeds writes no log line (podman reads the file as one object)."""
    log = container.runtime.home / "log"
    container.create(top=["--log", log, "--log-format", "json"])
    assert not log.exists() or log.read_text() == ""


def test_failing_create_is_one_line(container: Container) -> None:
    """ERR-1: a create that fails writes exactly one line, the same message as on stderr."""
    log = container.runtime.home / "log"
    container.bundle.args("nothing-like-it")
    message = container.fails(top=["--log", log, "--log-format", "json"])
    [record] = records(log)
    assert record["msg"].rstrip("\n") == message
    assert record["level"] == "error"


def test_debug_is_valid_json(container: Container) -> None:
    """ERR-1: with --debug every line of the log is still a JSON object with a known level."""
    log = container.runtime.home / "log"
    container.bundle.args("/bin/true")
    container.create(top=["--debug", "--log", log, "--log-format", "json"])
    levels = {record["level"] for record in records(log)}
    assert levels <= {"debug", "info", "warning", "error"}


def test_log_through_a_descriptor(runtime: Runtime) -> None:
    """ERR-1: --log may be a path below /proc/PID/fd."""
    log = runtime.home / "log"
    with open(log, "wb") as file:
        path = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        runtime.run("state", "nobody", top=["--log", path, "--log-format", "json"])
    assert records(log)[0]["msg"] == "container does not exist"


def test_relative_log(runtime: Runtime) -> None:
    """ERR-1: a relative --log is taken from the caller's cwd, not from the bundle."""
    runtime.run("state", "nobody", top=["--log", "here.log"], cwd=runtime.home)
    assert (runtime.home / "here.log").exists()


def test_log_that_cannot_be_opened(runtime: Runtime) -> None:
    """ERR-1: a log that cannot be opened is an error that names it."""
    path = runtime.home / "no/such/log"
    result = runtime.run("state", "nobody", top=["--log", path])
    assert result.code == 1
    assert result.error == f"open {path}: no such file or directory"


def test_message_with_a_quote(runtime: Runtime) -> None:
    """ERR-1: quotes in a message are escaped in both forms."""
    log = runtime.home / "log"
    args = ["state", "a", "b"]
    message = f'{runtime.argv0}: "state" requires exactly 1 argument(s)'
    assert runtime.fails(*args) == message
    runtime.run(*args, top=["--log", log, "--log-format", "json"])
    assert records(log)[0]["msg"] == message
