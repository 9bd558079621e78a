# SPDX-License-Identifier: Apache-2.0
"""One engine's command line as the tests use it: common to podman and docker."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

from .sandbox import Sandbox
from .terminal import Terminal

_numbers = itertools.count(1)


class Engine:
    """A command line (podman or docker) bound to its private storage and the runtime under test."""

    name = ""
    at_once: tuple[str, ...] = ()

    def __init__(self, sandbox: Sandbox, base: list[str], *, run_options: list[str],
                 env: dict[str, str] | None = None, log: Path | None = None) -> None:
        """base: argv before the subcommand; run_options: what every run and create gets."""
        self.sandbox, self.base, self.env = sandbox, base, env or {}
        self.run_options, self.log = run_options, log

    def __call__(self, *args: str, status: int | None = 0, stdin: str = "", timeout: float = 60,
                 env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `ENGINE args...` and return the result; fails unless it exits with status."""
        return self.sandbox.run([*self.base, *args], status=status, stdin=stdin, timeout=timeout,
                                env={**self.env, **(env or {})})

    def out(self, *args: str, **options: Any) -> str:
        """Standard output of `ENGINE args...`, without the last newline."""
        return self(*args, **options).stdout.rstrip("\n")

    def with_defaults(self, *args: str) -> list[str]:
        """The defaults of every container, except the ones that args set otherwise."""
        given = " ".join(args)
        options = list(self.run_options)
        for option in ("--network", "--pod"):
            if option in given:
                options = [word for word in options if not word.startswith("--network")]
        return [*options, *args]

    def run(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`run --rm` with the defaults."""
        return self("run", "--rm", *self.with_defaults(*args), **options)

    def run_out(self, *args: str, **options: Any) -> str:
        """Standard output of `run --rm`, without the last newline."""
        return self.run(*args, **options).stdout.rstrip("\n")

    def start(self, *args: str, **options: Any) -> Container:
        """`run --detach` under a new name; the caller removes the container."""
        name = f"t{next(_numbers)}"
        done = self("run", "-d", "--name", name, *self.with_defaults(*args), **options)
        return Container(self, name, done.stdout.strip())

    def create(self, *args: str) -> Container:
        """`create` under a new name; the caller removes the container."""
        name = f"t{next(_numbers)}"
        done = self("create", "--name", name, *self.with_defaults(*args))
        return Container(self, name, done.stdout.strip().splitlines()[-1])

    def terminal(self, *args: str, rows: int = 24, columns: int = 80) -> Terminal:
        """`ENGINE args...` on a real terminal."""
        return self.sandbox.terminal([*self.base, *args], rows=rows, columns=columns, env=self.env)

    def run_terminal(self, *args: str, rows: int = 24, columns: int = 80) -> Terminal:
        """`run -it --rm` on a real terminal."""
        return self.terminal("run", "-it", "--rm", *self.with_defaults(*args), rows=rows,
                             columns=columns)

    def remove(self, name: str) -> None:
        """`rm --force`, at once: no time for a polite end."""
        self("rm", "-f", *self.at_once, name, status=None)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the daemon's log."""
        if self.log is None or not self.log.exists():
            return ""
        return tail(self.log, lines)


def tail(log: Path, lines: int) -> str:
    """The last lines of a daemon's log, without what it says of its normal course."""
    every = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in every if "level=info" not in line][-lines:])


class Podman(Engine):
    """podman; no daemon: conmon holds each container."""

    name = "podman"
    at_once = ("-t", "0")


class Docker(Engine):
    """docker, talking to a private dockerd."""

    name = "docker"


class Container:
    """A container of an engine, removed by force when the block ends."""

    def __init__(self, engine: Engine, name: str, ident: str) -> None:
        self.engine, self.name, self.id = engine, name, ident

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.remove(self.name)

    def exec(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`exec NAME args...`."""
        return self.engine("exec", self.name, *args, **options)

    def out(self, *args: str, **options: Any) -> str:
        """Standard output of `exec NAME args...`, without the last newline."""
        return self.exec(*args, **options).stdout.rstrip("\n")

    def inspect(self) -> dict[str, Any]:
        """The whole of `inspect`."""
        found: dict[str, Any] = json.loads(self.engine.out("inspect", self.name))[0]
        return found

    def state(self) -> dict[str, Any]:
        """The State object of `inspect`."""
        state: dict[str, Any] = self.inspect()["State"]
        return state

    def pid(self) -> int:
        """Pid of the first process, as seen in the sandbox."""
        return int(self.state()["Pid"])
