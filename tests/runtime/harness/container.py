# SPDX-License-Identifier: Apache-2.0
"""One container under test: the verbs on it, its output, its end."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from . import cgroupfs
from .bundle import Bundle
from .runtime import Result, Runtime
from .waiting import alive, exit_code, until


class Container:
    """A container id of `runtime` with the bundle it is made from; `pid` is known once created."""

    def __init__(self, runtime: Runtime, bundle: Bundle, id: str) -> None:
        self.runtime = runtime
        self.bundle = bundle
        self.id = id
        self.pid = 0
        self.pid_file = runtime.home / f"{id}.pid"
        self.stdio: Result | None = None
        self.deleted = False

    def _detached(
        self, verb: list[str], flags: tuple[str | Path, ...], how: dict[str, Any]
    ) -> Result:
        self.bundle.write()
        fixed = ["--bundle", str(self.bundle.path), "--pid-file", str(self.pid_file)]
        self.stdio = self.runtime(*verb, *fixed, *flags, self.id, **how)
        self.pid = int(self.pid_file.read_text())
        return self.stdio

    def create(self, *flags: str | Path, **how: Any) -> Result:
        """Create; must succeed in silence. The container's stdout and stderr are kept, see
        output().
        """
        return self._detached(["create"], flags, how)

    def start(self) -> Result:
        return self.runtime("start", self.id)

    def up(self, *flags: str | Path, **how: Any) -> Container:
        """Create and start."""
        self.create(*flags, **how)
        self.start()
        return self

    def run(self, *flags: str | Path, **how: Any) -> Result:
        """Run in the foreground to the end, with any outcome."""
        self.bundle.write()
        return self.runtime.run("run", "--bundle", str(self.bundle.path), *flags, self.id, **how)

    def run_detached(self, *flags: str | Path, **how: Any) -> Result:
        return self._detached(["run", "--detach"], flags, how)

    def fails(self, *flags: str | Path, verb: str = "create", **how: Any) -> str:
        """Try to create (or run) what must be refused, leaving nothing behind; return the
        message.
        """
        self.bundle.write()
        message = self.runtime.fails(
            verb, "--bundle", str(self.bundle.path), *flags, self.id, **how
        )
        self.absent()
        return message

    def absent(self) -> None:
        """Assert that there is neither a record nor a cgroup of this container."""
        assert not (self.runtime.root / self.id).exists(), "a state directory was left behind"
        path = self.bundle.linux.get("cgroupsPath", self.id)
        name = os.path.basename(cgroupfs.place(path))
        assert not cgroupfs.named(name), "a cgroup was left behind"

    def exec(self, *args: str | Path, **how: Any) -> Result:
        """Run exec with this program (what follows the id), with any outcome."""
        return self.runtime.run("exec", self.id, *args, **how)

    def exec_with(self, flags: list[str | Path], *args: str | Path, **how: Any) -> Result:
        """Run exec with flags before the id."""
        return self.runtime.run("exec", *flags, self.id, *args, **how)

    def kill(self, *signal: str) -> Result:
        return self.runtime("kill", self.id, *signal)

    def delete(self, *flags: str) -> Result:
        """Delete; must succeed in silence. From here on whatever is left of the container is a
        leak.
        """
        result = self.runtime("delete", *flags, self.id)
        self.deleted = True
        return result

    def state(self) -> dict[str, Any]:
        """What `state` prints."""
        return self.runtime("state", self.id).json()  # type: ignore[no-any-return]

    @property
    def status(self) -> str:
        return self.state()["status"]  # type: ignore[no-any-return]

    def wait(self, bound: float = 10.0) -> int:
        """Wait for the container's process, reap it (we are its subreaper); return its exit
        code.
        """
        return exit_code(self.pid, bound)

    def output(self) -> str:
        """What the container has written to stdout."""
        assert self.stdio, "not created"
        return self.stdio.out

    def errors(self) -> str:
        """What the container has written to stderr."""
        assert self.stdio, "not created"
        return self.stdio.err

    def says(self, text: str) -> None:
        """Wait until the container's stdout contains `text`."""
        until(lambda: text in self.output(), f"{text!r} on the container's stdout")

    def finish(self) -> tuple[int, str]:
        """Create, start, wait for the end, delete: the exit code and stdout."""
        self.up()
        code = self.wait()
        self.delete()
        return code, self.output()

    def report(self, *, code: int = 0) -> list[str]:
        """The lines on stdout of a run to the end that must exit with `code` (stderr in the
        message).
        """
        got, out = self.finish()
        assert got == code, f"exit code {got}: {out!r} {self.errors()!r}"
        return out.splitlines()

    def clean(self) -> None:
        """End what the test created and did not delete; what a failed create left is not
        touched: a leak.
        """
        if not self.pid or self.deleted:
            return
        self.runtime.run("delete", "--force", self.id)
        if self.pid and alive(self.pid):
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
