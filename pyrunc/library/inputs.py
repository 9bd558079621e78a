# SPDX-License-Identifier: Apache-2.0
"""What callers hand over, made into what the runtime takes: documents, streams, contexts."""

from __future__ import annotations

import os
from fcntl import F_DUPFD_CLOEXEC, fcntl

from pyrunc import jsonio
from pyrunc.errors import ConfigError, UsageError, errno_text
from pyrunc.runtime.context import Context, check_root, default_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyrunc.library.types import Stream

# The values of subprocess, whose names may be used too.
STDOUT = -2
DEVNULL = -3

_NAMES = ("stdin", "stdout", "stderr")
_SCALARS = (str, int, float, bool, type(None))


def context(
    root: str | os.PathLike[str] | None,
    warn: Callable[[str], None] | None,
    *,
    cgroup_manager: str = "cgroupfs",
    rootless: bool | None = None,
) -> Context:
    """The context of one container. root: None = where the command line keeps containers."""
    if cgroup_manager not in ("cgroupfs", "systemd", "disabled"):
        raise UsageError(
            f'invalid value "{cgroup_manager}" for cgroup_manager: use cgroupfs, systemd or '
            "disabled"
        )
    path = default_root(os.environ) if root is None else check_root(os.fspath(root))
    return Context(
        path,
        systemd_cgroup=cgroup_manager == "systemd",
        cgroup_manager=cgroup_manager,
        rootless=rootless,
        warn=warn,
        environ={},
    )


def document(value: Mapping[str, object], name: str) -> bytes:
    """The mapping as JSON text; ConfigError when it holds what JSON has no word for.

    It is read again as a file would be: a caller's later edits change nothing, and what is
    accepted is the same wherever it comes from.
    """
    plain = dict(value)
    _check(plain, name, 0)
    try:
        return jsonio.dumps(plain).encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{name}: a string has half a surrogate pair") from None


def _check(value: object, where: str, depth: int) -> None:
    if depth > jsonio.MAX_DEPTH:
        raise ConfigError(f"{where}: nested deeper than {jsonio.MAX_DEPTH} levels")
    if type(value) in _SCALARS:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            if type(key) is not str:
                raise ConfigError(f"{where}: a member's name is {key!r}, not a string")
            _check(member, f"{where}: {key}" if not depth else f"{where}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]", depth + 1)
    else:
        raise ConfigError(f"{where}: a {type(value).__name__} cannot be written as JSON")


class Streams:
    """The program's three standard streams while it is started; `with` closes what was opened.

    `fds` is () when all are the caller's own, else three fds above 2, or -1 for the caller's own.
    UsageError for what is not open.
    """

    __slots__ = ("_opened", "fds")

    def __init__(self, stdin: Stream, stdout: Stream, stderr: Stream) -> None:
        self.fds: tuple[int, ...] = ()
        self._opened: list[int] = []
        try:
            self._take((stdin, stdout, stderr))
        except BaseException:
            self.__exit__()
            raise

    def _take(self, given: tuple[Stream, ...]) -> None:
        fds: list[int] = []
        for place, stream in enumerate(given):
            if stream is None:
                _check_open(place, _NAMES[place])
                fds.append(-1)
            elif stream == DEVNULL:
                fds.append(self._keep(os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)))
            elif stream == STDOUT and place == 2:
                fds.append(fds[1] if fds[1] >= 0 else self._above(1))
            else:
                number = stream if isinstance(stream, int) else stream.fileno()
                _check_open(number, _NAMES[place])
                fds.append(number if number > 2 else self._above(number))
        if any(stream is not None for stream in given):
            self.fds = tuple(fds)

    def _keep(self, fd: int) -> int:
        self._opened.append(fd)
        return fd

    def _above(self, fd: int) -> int:
        """A copy above the numbers that the program's own streams will have."""
        return self._keep(fcntl(fd, F_DUPFD_CLOEXEC, 3))

    def __enter__(self) -> tuple[int, ...]:
        return self.fds

    def __exit__(self, *_exc: object) -> None:
        while self._opened:
            os.close(self._opened.pop())


def _check_open(fd: int, name: str) -> None:
    try:
        os.fstat(fd)
    except (OSError, OverflowError) as error:
        text = errno_text(getattr(error, "errno", 0) or 9)
        hint = " (open it, on /dev/null if on nothing else)" if fd < 3 else ""
        raise UsageError(f"{name}: file descriptor {fd}: {text}{hint}") from None


def count(number: int, name: str) -> int:
    """The number; UsageError when it is negative."""
    if number < 0:
        raise UsageError(f"invalid value {number} for {name}: it cannot be negative")
    return number


def arguments(args: Sequence[str], process: object) -> list[str]:
    """The program and its arguments; UsageError unless there are some, or a whole process."""
    if isinstance(args, str):
        raise UsageError(f'args: give a list such as ["{args}"], a string is not split')
    if bool(args) == (process is not None):
        raise UsageError("args, process: give one of them")
    return list(args)
