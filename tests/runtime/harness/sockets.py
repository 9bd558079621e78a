# SPDX-License-Identifier: Apache-2.0
"""The engine's side of the sockets: receives a console, a pidfd, readiness messages."""

from __future__ import annotations

import array
import os
import select
import socket
from pathlib import Path
from types import TracebackType

from . import waiting

BOUND = waiting.BOUND * waiting.PATIENCE


class Receiver:
    """A listening UNIX stream socket at `path` that takes one descriptor by SCM_RIGHTS."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        self.socket.listen(4)
        self.socket.settimeout(BOUND)
        self.fds: list[int] = []

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.socket.close()
        for fd in self.fds:
            os.close(fd)

    def take(self) -> tuple[bytes, list[int]]:
        """Accept one connection and one message; return its payload and descriptors (ours to
        use).
        """
        connection, _ = self.socket.accept()
        with connection:
            connection.settimeout(BOUND)
            data, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
        got = array.array("i")
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                got.frombytes(payload[: len(payload) - len(payload) % got.itemsize])
        self.fds += got
        return data, list(got)


class Terminal:
    """The engine's end of a container's terminal: read until a text appears, write, resize."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.seen = ""

    def read_until(self, text: str) -> str:
        """Read until `text` has been seen (or the other end is closed); return all that was
        read.
        """
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], BOUND)
            assert ready, f"no {text!r} on the terminal, only {self.seen!r}"
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"the terminal closed before {text!r}: {self.seen!r}")
            self.seen += data.decode()
        return self.seen

    def read_all(self) -> str:
        """Read until the other end is closed."""
        while True:
            ready, _, _ = select.select([self.fd], [], [], BOUND)
            assert ready, f"the terminal was never closed; seen {self.seen!r}"
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                return self.seen
            if not data:
                return self.seen
            self.seen += data.decode()

    def write(self, text: str) -> None:
        """Type `text`."""
        os.write(self.fd, text.encode())
