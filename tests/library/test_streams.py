# SPDX-License-Identifier: Apache-2.0
"""What a program started by the library reads and writes: streams, terminals, more descriptors."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import pyrunc
from pyrunc import DEVNULL, STDOUT
from tests.runtime.harness import Bundle

from .conftest import Make


def test_files(make: Make, bundle: Bundle, home: Path) -> None:
    """LIB: the streams are what create was given: files, or what has a descriptor."""
    bundle.sh("cat; echo told >&2")
    (home / "in").write_text("asked\n")
    with open(home / "in") as fin, open(home / "out", "w") as out, open(home / "err", "w") as err:
        container = make(stdin=fin, stdout=out.fileno(), stderr=err)
    container.start()
    assert container.wait() == 0
    assert (home / "out").read_text() == "asked\n"
    assert (home / "err").read_text() == "told\n"


def test_pipe(make: Make, bundle: Bundle) -> None:
    """LIB: of a pipe nothing stays open here: its end is seen when the program has ended."""
    bundle.sh("echo out; echo err >&2")
    reader, writer = os.pipe()
    container = make(stdout=writer, stderr=STDOUT)
    os.close(writer)
    container.start()
    with open(reader) as pipe:
        assert pipe.read() == "out\nerr\n"


def test_null(make: Make, bundle: Bundle, home: Path) -> None:
    """LIB: DEVNULL (subprocess's too) reads as empty and takes everything."""
    assert (DEVNULL, STDOUT) == (subprocess.DEVNULL, subprocess.STDOUT)
    bundle.sh("echo gone >&2; cat | wc -c")
    with open(home / "out", "w") as out:
        container = make(stdout=out)
    container.start()
    assert container.wait() == 0
    assert (home / "out").read_text().strip() == "0"


def test_inherited(make: Make, bundle: Bundle) -> None:
    """LIB: None is the caller's own stream."""
    bundle.sh("echo mine")
    with tempfile.TemporaryFile() as file, redirected(1, file.fileno()):
        container = make(stdout=None)
        container.start()
        container.wait()
        file.seek(0)
        assert file.read() == b"mine\n"


def test_crossed(make: Make, bundle: Bundle) -> None:
    """LIB: the caller's own 0, 1 and 2 may be given for each other."""
    bundle.sh("echo out; echo err >&2")
    with (
        tempfile.TemporaryFile() as first,
        tempfile.TemporaryFile() as second,
        redirected(1, first.fileno()),
        redirected(2, second.fileno()),
    ):
        container = make(stdout=2, stderr=1)
        container.start()
        container.wait()
        first.seek(0)
        second.seek(0)
        assert (first.read(), second.read()) == (b"err\n", b"out\n")


def test_closed(make: Make) -> None:
    """LIB: a descriptor that is not open is a UsageError that names the stream."""
    with pytest.raises(pyrunc.UsageError, match="stderr: file descriptor 1000: bad file"):
        make(stderr=1000)


def test_closed_of_the_caller(make: Make) -> None:
    """LIB: a caller without a stream is told so, before the place could be taken by another
    file."""
    with redirected(0, -1), pytest.raises(pyrunc.UsageError, match="stdin: .*/dev/null"):
        make(stdin=None)


def test_terminal(make: Make, bundle: Bundle) -> None:
    """LIB: process.terminal makes `console`, with the size the config says."""
    bundle.process.update(terminal=True, consoleSize={"height": 11, "width": 33})
    bundle.sh("read word; stty size; echo got $word")
    container = make()
    assert os.isatty(container.console)
    container.start()
    os.write(container.console, b"it\n")
    assert container.wait() == 0
    assert os.read(container.console, 1000) == b"it\r\n11 33\r\ngot it\r\n"
    container.delete()
    assert container.console == -1


def test_terminal_and_streams(make: Make, bundle: Bundle) -> None:
    """LIB: a terminal is all three streams; another for one of them is refused."""
    bundle.process["terminal"] = True
    with pytest.raises(pyrunc.UsageError, match="process.terminal"):
        make(stdin=DEVNULL)


def test_preserved(make: Make, bundle: Bundle, home: Path) -> None:
    """LIB: preserve_fds hands over descriptors from 3 on, and only those."""
    bundle.inside("fds")
    with tempfile.TemporaryFile() as file, redirected(3, file.fileno()):
        os.set_inheritable(3, True)
        with open(home / "out", "w") as out:
            container = make(stdout=out, preserve_fds=1)
        container.start()
        assert container.wait() == 0
    numbers = [line.split()[0] for line in (home / "out").read_text().splitlines()]
    assert numbers[:4] == ["0", "1", "2", "3"]
    assert not any(number.isdigit() and int(number) > 3 for number in numbers)


def test_exec_streams(make: Make) -> None:
    """LIB: exec has streams of its own."""
    container = make()
    container.start()
    reader, writer = os.pipe()
    with container.exec(["/bin/sh", "-c", "cat; echo $A"], env={"A": "1"}, stdin=DEVNULL,
                        stdout=writer) as process:  # fmt: skip
        os.close(writer)
        with open(reader) as pipe:
            assert pipe.read() == "1\n"
        assert process.wait() == 0


def test_exec_terminal(make: Make) -> None:
    """LIB: exec can have a terminal of its own, whose master is the process's `console`."""
    container = make()
    container.start()
    with container.exec(["/bin/sh", "-c", "read word; exit $word"], terminal=True) as process:
        os.write(process.console, b"9\n")
        assert process.wait() == 9
    assert process.console == -1


def test_nothing_is_said(make: Make, bundle: Bundle) -> None:
    """LIB: the library never prints; warnings go to `warn`."""
    bundle.process["capabilities"]["bounding"].append("CAP_NEVER_HEARD_OF")
    warnings: list[str] = []
    with tempfile.TemporaryFile() as file:
        with redirected(1, file.fileno()), redirected(2, file.fileno()):
            container = make(warn=warnings.append)
            container.start()
            container.delete(force=True)
        file.seek(0)
        assert file.read() == b""
    assert len(warnings) == 1
    assert "CAP_NEVER_HEARD_OF" in warnings[0]


def test_service_manager_is_the_callers(
    make: Make, bundle: Bundle, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIB: LISTEN_FDS and NOTIFY_SOCKET of this process are its own business: no container gets
    them, and start waits for nobody's readiness."""
    monkeypatch.setenv("LISTEN_FDS", "2")
    monkeypatch.setenv("NOTIFY_SOCKET", str(home / "notify"))
    bundle.sh("env")
    with open(home / "out", "w") as out:
        container = make(stdout=out)
    container.start()
    assert container.wait() == 0
    assert "LISTEN_FDS" not in (home / "out").read_text()
    assert "NOTIFY_SOCKET" not in (home / "out").read_text()


@contextmanager
def redirected(number: int, fd: int) -> Iterator[None]:
    """Descriptor `number` is another (-1: none) meanwhile."""
    sys.stdout.flush()
    try:
        before = os.dup(number)
    except OSError:
        before = -1
    restore: Callable[[], object]
    if before >= 0:
        restore = lambda: os.dup2(before, number, inheritable=number < 3)  # noqa: E731
    else:
        restore = lambda: os.close(number)  # noqa: E731
    try:
        os.close(number) if fd < 0 else os.dup2(fd, number)
        yield
    finally:
        restore()
        if before >= 0:
            os.close(before)
