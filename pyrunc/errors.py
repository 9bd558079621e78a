# SPDX-License-Identifier: Apache-2.0
"""The tree of exceptions: every failure pyrunc reports is one of these, and only `cli` prints
it.
"""

from __future__ import annotations

import errno as _errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Problem(Protocol):
        """One thing wrong with a config; `config.problems.Problem` is the class behind it."""

        def sentence(self) -> str: ...


# Engines match on Go's spelling of errno texts, which is glibc's in lower case but for these.
_GO_TEXT = {
    _errno.ENOTSUP: "operation not supported",
    _errno.ENOTBLK: "block device required",
    _errno.EILSEQ: "invalid or incomplete multibyte or wide character",
}


def errno_text(number: int) -> str:
    """The text of errno `number` as Go's runtime spells it ("no such file or directory")."""
    text = _GO_TEXT.get(number)
    if text is None:
        text = os.strerror(number)
        if len(text) > 1 and not text[1].isupper():
            text = text[0].lower() + text[1:]
    return text


class PyruncError(Exception):
    """Base of all; `str()` is the one line a person reads."""


class UsageError(PyruncError, ValueError):
    """The command line, or an argument of the library, makes no sense."""


class ConfigError(PyruncError, ValueError):
    """config.json (or a process.json, or resources) is refused; `problems` holds every reason."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class StateError(PyruncError):
    """The container is not in a state in which the operation is allowed."""


class NotFoundError(StateError, LookupError):
    """There is no container of that id."""

    def __init__(self, message: str = "container does not exist") -> None:
        super().__init__(message)


class ExistsError(StateError):
    """The id is in use."""

    def __init__(self, message: str = "container with given ID already exists") -> None:
        super().__init__(message)


class NativeError(PyruncError, OSError):
    """A system call failed: `errno` says how, the message what was tried on what.

    `hint` (may be empty) says what to do about it and is already part of the message.
    """

    def __init__(self, tried: str, number: int, hint: str = "") -> None:
        message = f"{tried}: {errno_text(number)}" + (f" ({hint})" if hint else "")
        OSError.__init__(self, number, message)
        self.tried = tried
        self.hint = hint
        self.message = message

    def __str__(self) -> str:
        return self.message


class WaitTimeoutError(PyruncError, TimeoutError):
    """The library's wait: the process has not ended within the time given."""


class HookError(PyruncError):
    """A hook failed; the message names its kind and number."""
