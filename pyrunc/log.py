# SPDX-License-Identifier: Apache-2.0
"""The error log: text or JSON lines on stderr or in --log's file, in the shape engines parse."""

from __future__ import annotations

import os
import time

from pyrunc.errors import UsageError, errno_text
from pyrunc.jsonio import dumps

FORMATS = ("text", "json")
STDERR = 2

_TTY_WORD = {"error": "ERRO", "warning": "WARN", "info": "INFO", "debug": "DEBU"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_all(fd: int, data: bytes) -> None:
    """Writes all of `data` to `fd`; OSError as of write(2)."""
    while data:
        data = data[os.write(fd, data):]


def _quote(text: str) -> str:
    """`text` as logrus writes it: bare when that is unambiguous, else in quotes on one line."""
    if text and _PLAIN.issuperset(text):
        return text
    escaped = (_ESCAPES.get(c) or (c if c.isprintable() else f"\\x{ord(c):02x}") for c in text)
    return '"' + "".join(escaped) + '"'


class Log:
    """Where failures, warnings and debug lines go. Made once by `cli`; the rooms get its methods.

    A line that cannot be written (full disk, closed stderr) is lost: the exit code still tells.
    """

    def __init__(self, fd: int = STDERR, kind: str = "text", *, debug: bool = False) -> None:
        self.fd = fd
        self.kind = kind
        self.debug_wanted = debug

    def write(self, level: str, message: str) -> None:
        """Writes one line of `level` (error, warning, info, debug)."""
        try:
            write_all(self.fd, (self.line(level, message) + "\n").encode("utf-8", "replace"))
        except OSError:
            pass

    def line(self, level: str, message: str) -> str:
        """The line without its newline; the time is RFC 3339 in UTC."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self.kind == "json":
            return dumps({"level": level, "msg": message, "time": now})
        if os.isatty(self.fd):
            return f"{_TTY_WORD[level]}[0000] {message}"
        return f'time="{now}" level={level} msg={_quote(message)}'

    def debug(self, message: str) -> None:
        """A line for --debug only."""
        if self.debug_wanted:
            self.write("debug", message)

    def warning(self, message: str) -> None:
        """Something is wrong and the work goes on.

        On stderr only where a person sees it: engines take anything there for a failure, and in the
        foreground it is the program's own.
        """
        if self.fd != STDERR or self.debug_wanted or os.isatty(STDERR):
            self.write("warning", message)

    def notice(self, message: str) -> None:
        """A warning that belongs to the verb's own output, and is always shown."""
        self.write("warning", message)

    def failure(self, message: str) -> None:
        """The one line of a failed command; with --log FILE the bare message is on stderr too."""
        self.write("error", message)
        if self.fd != STDERR:
            try:
                write_all(STDERR, (message + "\n").encode("utf-8", "replace"))
            except OSError:
                pass


def open_log(path: str, kind: str, *, debug: bool = False) -> Log:
    """The log for --log `path` ("" = stderr) and --log-format `kind`; UsageError when unusable."""
    if kind not in FORMATS:
        raise UsageError(f"invalid log-format: {kind}")
    if not path:
        return Log(STDERR, kind, debug=debug)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_SYNC | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o644)
    except OSError as error:
        raise UsageError(f"open {path}: {errno_text(error.errno or 0)}") from None
    return Log(fd, kind, debug=debug)
