# SPDX-License-Identifier: Apache-2.0
"""The terminal's way out: option checks, and descriptors sent to the caller's sockets."""

from __future__ import annotations

import os

from pyrunc import native
from pyrunc.errors import NativeError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.runtime.options import CreateOptions, ExecOptions


def check_options(*, terminal: bool, options: CreateOptions | ExecOptions) -> None:
    """UsageError unless terminal, detach and console socket fit together."""
    if terminal and options.stdio:
        raise UsageError("stdin, stdout, stderr: process.terminal makes the terminal all three")
    detached_terminal = terminal and options.detach
    if detached_terminal and not options.console_socket:
        raise UsageError("cannot allocate tty if pyrunc will detach without setting console socket")
    if options.console_socket and not detached_terminal:
        raise UsageError("cannot use console socket if pyrunc will not detach or allocate tty")


def hand_over(master: int, path: str) -> int:
    """Sends the pty master to the console socket at `path` and closes it; without one (foreground)
    gives it the caller's size. Returns the master that stays with the caller, or -1.
    """
    if not path:
        copy_size(master)
        return master
    try:
        send_master(path, master)
    finally:
        os.close(master)
    return -1


def copy_size(master: int) -> None:
    """Gives the new terminal the size of the caller's, when standard input is one. ioctl_tty(2)."""
    from fcntl import ioctl
    from termios import TIOCGWINSZ, TIOCSWINSZ

    try:
        ioctl(master, TIOCSWINSZ, ioctl(0, TIOCGWINSZ, b"\0" * 8))
    except OSError:
        pass  # not a terminal: consoleSize stays


def send_master(path: str, master: int) -> None:
    """Sends the pty master to the console socket in one message that carries its name."""
    name = os.readlink(f"/proc/self/fd/{master}").encode()
    _send(path, master, name, "console socket")


def send_pidfd(path: str, pidfd: int, kind: bytes) -> None:
    """Sends a pidfd to the pidfd socket; kind is b"standard" (create) or b"setns" (exec)."""
    _send(path, pidfd, kind, "pidfd socket")


def _send(path: str, fd: int, payload: bytes, what: str) -> None:
    try:
        native.send_to_path(path, payload, [fd])
    except native.Failure as failure:
        raise NativeError(f"send to {what} {path}", failure.errno or 0) from None
