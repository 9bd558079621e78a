# SPDX-License-Identifier: Apache-2.0
"""Calls the runtime under test with a private --root and keeps what it said."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import enosys
from .waiting import PATIENCE, ended

TIMEOUT = 30.0
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
if "PYRUNC_DOOR" in os.environ:  # "off": Python serves what the front door would
    ENVIRONMENT["PYRUNC_DOOR"] = os.environ["PYRUNC_DOOR"]
TEXT_LINE = re.compile(
    r'^time="(?P<time>[^"]+)" level=(?P<level>\w+) msg=(?P<msg>"(?:[^"\\]|\\.)*"|\S+)$'
)


def command() -> list[str]:
    """Return the runtime's argv prefix: $OCI_RUNTIME, else pyrunc beside this Python, else on
    PATH.
    """
    chosen = os.environ.get("OCI_RUNTIME")
    if chosen:
        return shlex.split(chosen)
    beside = Path(sys.executable).parent / "pyrunc"
    return [str(beside) if beside.exists() else shutil.which("pyrunc") or "pyrunc"]


def is_program() -> bool:
    """Say whether the runtime is one program, with global flags or none ("runc --systemd-cgroup"
    is, "python3 -m pyrunc" is not).
    """
    return all(word.startswith("--") for word in command()[1:])


@cache
def name() -> str:
    """Return the name the runtime gives itself, for the texts that contain it ("runc create
    failed").
    """
    return Path(command()[0]).name if is_program() else "pyrunc"


def driver() -> str:
    """Return the cgroup driver that the runtime is told to use: "systemd" or "cgroupfs"."""
    return "systemd" if "--systemd-cgroup" in command() else "cgroupfs"


def cgroups_path(session: str, name: str) -> str:
    """Return the linux.cgroupsPath of a container, in the driver's form: all of a session are
    below one cgroup that carries its name.
    """
    return f"{session}.slice:prt:{name}" if driver() == "systemd" else f"/{session}/{name}"


@dataclass(frozen=True)
class Result:
    """What one call of the runtime gave: its exit code (128+N for signal N), and where its
    output is.
    """

    argv: list[str]
    code: int
    stdout: Path
    stderr: Path

    @property
    def out(self) -> str:
        """All of stdout so far (a detached container may still be writing there)."""
        return self.stdout.read_text(errors="surrogateescape")

    @property
    def err(self) -> str:
        """All of stderr so far."""
        return self.stderr.read_text(errors="surrogateescape")

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> Any:
        """Decode stdout and stderr taken together, as engines that merge the two do."""
        return json.loads(self.out + self.err)

    @property
    def error(self) -> str:
        """The message of the one line on stderr, freed from the text log's form when it has
        that form.
        """
        lines = self.err.splitlines()
        assert len(lines) == 1, f"{self.argv}: not exactly one line on stderr: {lines}"
        match = TEXT_LINE.match(lines[0])
        if not match:
            return lines[0]
        assert match["level"] == "error", lines[0]
        message = match["msg"]
        return str(json.loads(message)) if message.startswith('"') else message


class Runtime:
    """The runtime under test with its own root directory below `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "root"
        self.io = home / "io"
        self.io.mkdir()
        self.command = command()
        self.name = name()
        self.argv0 = self.command[0] if is_program() else self.name
        self.without(enosys.groups())
        self._count = itertools.count()

    def without(self, groups: str) -> None:
        """From now on the runtime runs on a kernel that lacks these groups of system calls."""
        self.command = enosys.behind(groups, self.command)

    def argv(
        self, *args: str | Path, top: Iterable[str | Path] = (), root: bool = True
    ) -> list[str]:
        """Build the full argv: runtime, --root (unless root=False), global flags `top`, then
        `args`.
        """
        rooted = ["--root", str(self.root)] if root else []
        return [*self.command, *rooted, *map(str, top), *map(str, args)]

    def spawn(
        self,
        *args: str | Path,
        top: Iterable[str | Path] = (),
        root: bool = True,
        env: Mapping[str, str] | None = None,
        prefix: Iterable[str] = (),
        **popen: Any,
    ) -> subprocess.Popen[bytes]:
        """Start the runtime and return the process; stdin is empty and the rest discarded
        unless given.
        """
        for stream in ("stdin", "stdout", "stderr"):
            popen.setdefault(stream, subprocess.DEVNULL)
        environment = dict(ENVIRONMENT if env is None else env)
        return subprocess.Popen(
            [*prefix, *self.argv(*args, top=top, root=root)], env=environment, **popen
        )

    def run(
        self, *args: str | Path, stdin: str | int = "", timeout: float = TIMEOUT, **how: Any
    ) -> Result:
        """Run to the end with any outcome. Output goes to files, so a container may keep them
        open.
        """
        number = next(self._count)
        stdout, stderr = self.io / f"{number}.out", self.io / f"{number}.err"
        source = self.io / f"{number}.in"
        source.write_text(stdin if isinstance(stdin, str) else "")
        with open(source, "rb") as fin, open(stdout, "wb") as fout, open(stderr, "wb") as ferr:
            process = self.spawn(
                *args,
                **{
                    "stdin": fin if isinstance(stdin, str) else stdin,
                    "stdout": fout,
                    "stderr": ferr,
                    **how,
                },
            )
            late = not ended(process.pid, timeout)  # wait(timeout) would poll, and sleep between
            if late:
                process.kill()
            code = process.wait()
            assert not late, f"{process.args} still ran after {timeout * PATIENCE:g} s"
        return Result(list(process.args), code if code >= 0 else 128 - code, stdout, stderr)

    def __call__(self, *args: str | Path, **how: Any) -> Result:
        """Run what must succeed: exit code 0 and not a byte on stderr."""
        result = self.run(*args, **how)
        assert (result.code, result.err) == (0, ""), f"{result.argv}: {result.code} {result.err!r}"
        return result

    def fails(self, *args: str | Path, code: int = 1, **how: Any) -> str:
        """Run what must fail with `code` and one line on stderr; return that line's message."""
        result = self.run(*args, **how)
        assert result.code == code, f"{result.argv}: exit code {result.code}, {result.err!r}"
        return result.error
