# SPDX-License-Identifier: Apache-2.0
"""--trace: when each phase of a verb began and ended, as a file for Perfetto (docs/tracing.md).

Nothing of this is loaded without the flag: the phases are functions that are wrapped as soon as
their module is there (trace_phases.py has the table), and the init stage notes the times of its ops
in memory that it shares with us.
"""

from __future__ import annotations

import builtins
import os
import stat
import sys
from time import monotonic_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Event = tuple[str, str, int, int, str]  # name, category, start, end (ns), detail

_OP_SIZE = 32  # struct pr_trace_op
_EVENTS: list[Event] = []
_STAGES: list[tuple[Any, int, int]] = []  # Stage, its memory (ours), when it was cloned
_import = builtins.__import__
_depth = 0
_pending: list[tuple[str, str, str, str, int]] = []
_file = -1
_warn: Callable[[str], None] | None = None


def begin() -> None:
    """Records from here on; what was before is the interpreter's start.

    The front door says by -X pyrunc_trace=NS when it began (CLOCK_MONOTONIC).
    """
    now = monotonic_ns()
    option = sys._xoptions.get("pyrunc_trace")
    if isinstance(option, str) and option.isdigit():
        _EVENTS.append(("interpreter start", "start", int(option), now, ""))
    from pyrunc.trace_phases import PHASES

    _pending.extend(PHASES)
    builtins.__import__ = _timed_import
    _wrap_new()
    _EVENTS.append(("set up the trace", "trace", now, monotonic_ns(), ""))


def open_file(path: str, warn: Callable[[str], None]) -> None:
    """Opens the file that `finish` writes (0600 when new, no link, a regular file).

    UsageError when that cannot be. `warn` takes a line when it cannot be written at the end.
    """
    global _file, _warn
    from pyrunc.errors import UsageError, errno_text

    if builtins.__import__ is not _timed_import:  # called by another program than ours
        begin()
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        hint = " (it must not be a symbolic link)" if os.path.islink(path) else ""
        raise UsageError(f"--trace: open {path}: {errno_text(error.errno or 0)}{hint}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"--trace: {path} is not a regular file")
    _file, _warn = fd, warn
    sys._xoptions.pop("pyrunc_door", None)  # what the front door did in our place, nobody would see


def finish() -> None:
    """Writes the file, if one was asked for, and stops recording."""
    global _file
    builtins.__import__ = _import
    if _file >= 0:
        try:
            os.ftruncate(_file, 0)
            data = _document().encode("utf-8", "replace")
            while data:
                data = data[os.write(_file, data) :]
        except OSError as error:
            assert _warn
            _warn(f"--trace: write the file: {os.strerror(error.errno or 0)}")
        os.close(_file)
        _file = -1
    for _, fd, _ in _STAGES:
        os.close(fd)
    _STAGES.clear()


# -- recording -------------------------------------------------------------------------------------


def _timed_import(name: str, *args: Any, **how: Any) -> Any:
    """__import__, recorded when it loaded a module, whose phases are wrapped once it is there."""
    global _depth
    before = len(sys.modules)
    start = monotonic_ns()
    _depth += 1
    try:
        return _import(name, *args, **how)
    finally:
        _depth -= 1
        if len(sys.modules) != before:
            _EVENTS.append((_import_words(name, *args, **how), "import", start, monotonic_ns(), ""))
            if _depth == 0:
                _wrap_new()


def _import_words(
    name: str,
    globals: Any = None,
    locals: Any = None,
    fromlist: Sequence[str] | None = None,
    level: int = 0,
) -> str:
    """The import statement, its module by the whole name."""
    if level:
        name = ".".join((*globals["__package__"].split(".")[: 1 - level or None], name)).strip(".")
    return f"import {name}" + (f": {', '.join(fromlist)}" if fromlist else "")


def _wrap_new() -> None:
    """Wraps the phases whose modules were loaded, wherever a module of ours has taken the name."""
    start = monotonic_ns()
    wrapped: dict[int, Callable[..., Any]] = {}
    for row in list(_pending):
        module, path, *_ = row
        owner: Any = sys.modules.get(module)
        *classes, name = path.split(".")
        for part in classes:
            owner = getattr(owner, part, None)
        if owner is None:  # not loaded yet (and None has an __init__ too)
            continue
        function = getattr(owner, name, None)
        if function is None:
            continue
        _pending.remove(row)
        wrapper = _traced(function, row)
        setattr(owner, name, wrapper)
        if not classes:
            wrapped[id(function)] = wrapper
    if not wrapped:
        return
    for module, loaded in list(sys.modules.items()):
        if module.startswith("pyrunc."):
            names = vars(loaded)
            for name, value in list(names.items()):
                if id(value) in wrapped:
                    names[name] = wrapped[id(value)]
    _EVENTS.append(("wrap the phases", "trace", start, monotonic_ns(), ""))


def _traced(
    function: Callable[..., Any], row: tuple[str, str, str, str, int]
) -> Callable[..., Any]:
    """The function, recorded as the phase of the row."""
    _, path, phase, category, detail = row
    if path == "Stage.spawn":
        function = _with_memory(function)

    def traced(*args: Any, **how: Any) -> Any:
        start = monotonic_ns()
        try:
            return function(*args, **how)
        finally:
            what = str(args[detail]) if 0 <= detail < len(args) else ""
            _EVENTS.append((phase, category, start, monotonic_ns(), what))

    return traced


def _with_memory(spawn: Callable[..., Any]) -> Callable[..., Any]:
    """Stage.spawn with memory for the times of the plan's ops."""

    def wrapper(stage: Any, **how: Any) -> Any:
        plan = stage.plan
        fd = os.memfd_create("pyrunc:trace", os.MFD_CLOEXEC)
        os.ftruncate(fd, _OP_SIZE * len(plan.ops))
        plan.trace_fd = fd
        plan.keep_fds.append(fd)
        _STAGES.append((stage, fd, monotonic_ns()))
        return spawn(stage, **how)

    return wrapper


# -- the file --------------------------------------------------------------------------------------


def _document() -> str:
    """The trace in the JSON object format, one event a line, times in microseconds of
    CLOCK_MONOTONIC: the traces of several verbs fit together.
    """
    noted = [os.pread(fd, _OP_SIZE * len(stage.plan.ops), 0) for stage, fd, _ in _STAGES]
    end = monotonic_ns()
    pid = os.getpid()
    _EVENTS.append(("leave", "end", max(event[3] for event in _EVENTS), end, ""))
    lines = [_named("process_name", pid, "pyrunc"), _named("thread_name", pid, "parent")]
    lines += [_event(pid, *event) for event in _EVENTS]
    for (stage, _, cloned), notes in zip(_STAGES, noted, strict=True):
        lines += _stage_lines(stage, notes, cloned, end)
    return '{"displayTimeUnit":"ns","traceEvents":[\n' + ",\n".join(lines) + "\n]}\n"


def _stage_lines(stage: Any, notes: bytes, cloned: int, end: int) -> list[str]:
    """The ops of an init stage in the plan's order, as far as it came."""
    pid = stage.child.pid
    lines = [_named("process_name", pid, "init stage"), _named("thread_name", pid, "init stage")]
    executed = max((e for name, _, _, e, _ in _EVENTS if name == "wait for execve"), default=end)
    words = memoryview(notes).cast("Q")
    for index, op in enumerate(stage.plan.ops):
        began, wait, woken, ended = words[4 * index : 4 * index + 4]
        if not began:
            continue
        if index == 0:
            lines.append(_event(pid, "clone3 to the first op", "start", cloned, began, ""))
        if not ended:
            ended = executed if op.code == "EXEC" else end
        lines.append(_event(pid, op.code, "op", began, max(began, ended), op.words))
        if wait:
            lines.append(_event(pid, "wait for the parent", "wait", wait, woken or ended, ""))
    return lines


def _event(pid: int, name: str, category: str, start: int, end: int, detail: str) -> str:
    from pyrunc.jsonio import dumps

    head: dict[str, Any] = {"name": name, "cat": category, "ph": "X", "pid": pid, "tid": pid}
    if detail:
        head["args"] = {"what": detail}
    # Written by hand: a float would lose nanoseconds on a machine that is up for months.
    return f'{dumps(head)[:-1]},"ts":{_microseconds(start)},"dur":{_microseconds(end - start)}}}'


def _named(what: str, pid: int, name: str) -> str:
    from pyrunc.jsonio import dumps

    return dumps({"name": what, "ph": "M", "pid": pid, "tid": pid, "args": {"name": name}})


def _microseconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03}"
