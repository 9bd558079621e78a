# SPDX-License-Identifier: Apache-2.0
"""A private machine corner for the engines: own mounts, network, pids and hostname."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .terminal import Terminal

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class CommandError(AssertionError):
    """A command of a test ended otherwise than the test asked for."""


class Sandbox:
    """Namespaces held open by one process; commands are run inside with nsenter(1)."""

    def __init__(self, home: Path) -> None:
        """home: an existing private directory for HOME and TMPDIR of everything inside."""
        self.home = home
        (home / "tmp").mkdir(exist_ok=True)
        self.env = {"PATH": PATH, "HOME": str(home), "TMPDIR": str(home / "tmp"),
                    "LANG": "C.UTF-8", "TERM": "xterm"}
        self._unshare = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--",
             sys.executable, "-I", str(Path(__file__).with_name("sandbox_init.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env, text=True)
        assert self._unshare.stdout is not None
        words = self._unshare.stdout.readline().split()
        if len(words) != 2 or words[1] != "ready":
            raise RuntimeError("no sandbox: unshare of mount, net, pid and uts namespaces failed"
                               " (root is needed)")
        self.pid = words[0]

    def wrap(self, argv: Sequence[str]) -> list[str]:
        """The argv that runs `argv` inside."""
        return ["nsenter", "-t", self.pid, "-m", "-n", "-p", "-u", "--", *argv]

    def popen(self, argv: Sequence[str], **options: object) -> subprocess.Popen[str]:
        """Start a command inside; options as for subprocess.Popen, `env` adds to the sandbox's."""
        env = {**self.env, **(options.pop("env", None) or {})}  # type: ignore[dict-item]
        return subprocess.Popen(self.wrap(argv), env=env, text=True, **options)  # type: ignore[call-overload,no-any-return]

    def run(self, argv: Sequence[str], *, status: int | None = 0, stdin: str = "",
            env: dict[str, str] | None = None, timeout: float = 60,
            ) -> subprocess.CompletedProcess[str]:
        """Run inside and return the result with its output; status None accepts any exit code."""
        done = subprocess.run(self.wrap(argv), input=stdin, capture_output=True, text=True,
                              errors="replace", env={**self.env, **(env or {})}, timeout=timeout,
                              check=False)
        if status is not None and done.returncode != status:
            raise CommandError(f"{' '.join(argv)}\nexit status {done.returncode}, not {status}\n"
                                f"stdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def terminal(self, argv: Sequence[str], *, rows: int = 24, columns: int = 80,
                 env: dict[str, str] | None = None) -> Terminal:
        """Run inside on a new pseudo-terminal of that size."""
        return Terminal(self.wrap(argv), {**self.env, **(env or {})}, rows, columns)

    def close(self) -> None:
        """End the sandbox and everything in it."""
        if self._unshare.stdin:
            self._unshare.stdin.close()
        self._unshare.wait(timeout=180)  # an overlay unmounted with it syncs the disk below
        if self._unshare.stdout:
            self._unshare.stdout.close()


def wait_until(check: Callable[[], object], what: str, timeout: float = 20) -> object:
    """Call `check` until it returns something true and return that; fails naming `what`."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def stop_daemon(sandbox: Sandbox, daemon: subprocess.Popen[str], pidfile: Path | None) -> None:
    """SIGTERM a daemon (by its pid inside when it writes one) and wait; SIGKILL after 30 s."""
    if daemon.poll() is None:
        if pidfile and pidfile.exists():
            sandbox.run(["kill", "-TERM", pidfile.read_text().strip()], status=None)
        else:
            children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
            for pid in children:
                os.kill(int(pid), 15)
    try:
        daemon.wait(timeout=30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
