# SPDX-License-Identifier: Apache-2.0
"""From argv to an exit code: picks the verb, makes the context, prints what went wrong."""

from __future__ import annotations

import os
import sys

import pyrunc
from pyrunc.cli.call import Call
from pyrunc.cli.commands import VERBS
from pyrunc.cli.parser import check_count, parse
from pyrunc.cli.tables import GLOBALS, HELP, VERSION, by_name
from pyrunc.errors import PyruncError, UsageError, errno_text
from pyrunc.log import Log, open_log, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from pyrunc.cli.parser import Parsed
    from pyrunc.cli.tables import Command

UNKNOWN_COMMAND = 3


def main(argv: list[str]) -> int:
    """Runs the command line `argv` (argv[0] is the program's name); returns the exit code."""
    program = str(sys._xoptions.get("pyrunc") or argv[0])
    try:
        return _dispatch(program, argv[1:])
    except BrokenPipeError:
        return 1
    finally:
        if "pyrunc.trace" in sys.modules:
            from pyrunc import trace

            trace.finish()


def _dispatch(program: str, args: list[str]) -> int:
    try:
        first = parse(args, by_name(GLOBALS, (VERSION,)), stop_early=True)
    except UsageError as error:
        return _incorrect(Log(), str(error), _root_help(program))
    if first.values.get("version"):
        return _print(version_text(program))
    if not first.rest or first.rest[0] in ("help", "h"):
        return _help(program, first.rest[1:])
    verb = first.rest[0]
    if verb not in VERBS:
        return _unknown(verb, first)
    if first.values.get("help"):
        return _print(_root_help(program))
    return _run(program, _load(verb), first)


def _run(program: str, module: ModuleType, first: Parsed) -> int:
    command: Command = module.COMMAND
    try:
        parsed = parse(first.rest[1:], by_name(command.options, GLOBALS, (HELP,)),
                       stop_early=command.stop_early)
    except UsageError as error:
        return _incorrect(_log_of(first), str(error), _command_help(program, command))
    own = {option.name for option in command.options}  # of spec, one has the name of a global
    for name, value in parsed.values.items():
        if name not in own:
            first.values[name] = value
    parsed.given |= first.given
    if first.values.get("help"):
        return _print(_command_help(program, command))
    try:
        log = _log_of(first)
        if "trace" in parsed.given:
            _open_trace(str(first.values["trace"]), log)
    except UsageError as error:
        Log().failure(str(error))
        return 1
    try:
        check_count(program, command.name, len(parsed.rest), command.least, command.most)
    except UsageError as error:
        return _incorrect(log, str(error), _command_help(program, command), "Incorrect Usage.")
    return _perform(Call(program, command.options, parsed, log), module, first)


def _perform(call: Call, module: ModuleType, first: Parsed) -> int:
    """Runs the verb and turns whatever it raises into one logged line."""
    command: Command = module.COMMAND
    log = call.log
    try:
        from pyrunc.cli.globals import make_context

        call.context = make_context(first.values, log)
        code: int = module.run(call)
        return code
    except PyruncError as error:
        message = str(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        name = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        message = f"{name}{errno_text(error.errno or 0)}"
        _trace(log)
    except KeyboardInterrupt:
        message = "interrupted"
    except MemoryError:
        message = "cannot allocate memory"
    except Exception as error:  # a mistake of ours: still one line, with the place it came from
        message = f"internal error: {type(error).__name__}: {error} ({_place(error)})"
        _trace(log)
    log.failure(command.prefix + message)
    return command.failure


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def _trace(log: Log) -> None:
    if log.debug_wanted:
        import traceback

        for line in traceback.format_exc().splitlines():
            log.debug(line)


def _log_of(parsed: Parsed) -> Log:
    values = parsed.values
    return open_log(str(values.get("log") or ""), str(values.get("log-format") or "text"),
                    debug=values.get("debug") is True)


def _open_trace(path: str, log: Log) -> None:
    from pyrunc import trace

    trace.open_file(path, log.notice)


def _load(verb: str) -> ModuleType:
    return __import__(f"pyrunc.cli.verbs.{verb}", fromlist=("COMMAND",))


def _print(text: str) -> int:
    write_all(1, text.encode())
    return 0


def _incorrect(log: Log, message: str, text: str, headline: str = "") -> int:
    """A command line that makes no sense: help on stdout, the reason on stderr and in the log."""
    if headline:
        _print(headline + "\n\n" + text)
    else:
        _print(text)
        write_all(2, f"Incorrect Usage: {message}\n\n".encode())
    log.failure(message)
    return 1


def _help(program: str, words: list[str]) -> int:
    if not words:
        return _print(_root_help(program))
    if words[0] in VERBS:
        return _print(_command_help(program, _load(words[0]).COMMAND))
    return _unknown(words[0], None)


def _unknown(verb: str, first: Parsed | None) -> int:
    asked_for_help = first is not None and (
        first.values.get("help") or bool({"-h", "--help"} & set(first.rest)))
    Log().failure(f"No help topic for '{verb}'")
    return 1 if asked_for_help else UNKNOWN_COMMAND


def _command_help(program: str, command: Command) -> str:
    from pyrunc.cli.help import command_help

    return command_help(os.path.basename(program), command)


def _root_help(program: str) -> str:
    from pyrunc.cli.help import root_help

    return root_help(os.path.basename(program), VERBS, version_text(program))


def version_text(program: str) -> str:
    """The text the build wrote for --version; the front door prints the same.

    Engines want the first line of a runtime named runc to begin with "runc version".
    """
    text = _version_text()
    return text.removeprefix("py") if os.path.basename(program) == "runc" else text


def _version_text() -> str:
    path = os.path.join(pyrunc.__path__[0], "_version.txt")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:  # run from a checkout that was not built
        from pyrunc.tables.spec import OCI_VERSION

        return f"pyrunc version {pyrunc.__version__}\nspec: {OCI_VERSION}\n"
