# SPDX-License-Identifier: Apache-2.0
"""A real pseudo-terminal that a test drives: type, read until something appears, resize."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence


class Terminal:
    """One command on its own pseudo-terminal, as its controlling terminal."""

    def __init__(self, argv: Sequence[str], env: dict[str, str], rows: int, columns: int) -> None:
        """Start `argv` (found on PATH) in a session of its own on a terminal of that size."""
        self.master, slave = pty.openpty()
        self.seen = ""
        self.resize(rows, columns)
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def resize(self, rows: int, columns: int) -> None:
        """Set the window size; the kernel signals the foreground process group."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize_until(self, rows: int, columns: int, pattern: str, times: int = 10) -> None:
        """Set the window size, from another one, until the output matches: a client misses a change
        that comes before it listens for changes."""
        for left in reversed(range(times)):
            self.resize(rows - 1, columns)
            self.resize(rows, columns)
            try:
                self.expect(pattern, timeout=2)
            except AssertionError:
                if not left:
                    raise
            else:
                return

    def type(self, text: str) -> None:
        """Send keystrokes."""
        os.write(self.master, text.encode())

    def _read(self, timeout: float) -> bool:
        """Take in what is there within timeout seconds; False at the end of output."""
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the last user of the other side has closed it
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern: str, timeout: float = 20) -> re.Match[str]:
        """Wait for a match in the output not yet consumed, consume up to its end, return it."""
        end = time.monotonic() + timeout
        more = True
        while not (match := re.search(pattern, self.seen)):
            left = end - time.monotonic()
            if left <= 0 or not more:
                raise AssertionError(f"terminal: {pattern!r} not seen, only {self.seen!r}")
            more = self._read(left)
        self.seen = self.seen[match.end():]
        return match

    def wait(self, timeout: float = 20) -> int:
        """Read to the end of output and return the exit status."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self._read(0.2):
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        return self.process.wait(timeout=max(1.0, end - time.monotonic()))

    def close(self) -> None:
        """End the command if it still runs and close the terminal."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
