# SPDX-License-Identifier: Apache-2.0
"""validate: says all that is wrong with a config, without making a container."""

from __future__ import annotations

import os

from pyrunc.cli.tables import BOOL, TEXT, Command, Option
from pyrunc.errors import PyruncError, UsageError, errno_text
from pyrunc.tables.spec import CONFIG_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

STDIN = "-"
FORMATS = ("text", "json", "sarif")
UNREADABLE = 2

COMMAND = Command(
    "validate",
    "check a bundle's config.json and explain what is wrong with it",
    arguments="[bundle | file | -]",
    description="""
Checks the config.json of the bundle (default: the current directory), a file, or standard input,
and reports every problem with its place, and hints about what could be better. The exit code is 0
when the config is good, hints or not; 1 when it is bad; 2 when it cannot be read.
""",
    options=(
        Option("strict", BOOL, "by the letter: refuse nulls, file type bits and the like"),
        Option("allow-newer", BOOL, "accept an ociVersion 1.x above the known ones"),
        Option("kind", TEXT, "what it is: config, process (for exec) or resources (for update)",
               default="config"),
        Option("format", TEXT, "text, json or sarif", short="f", default="text"),
    ),
    least=0,
    failure=UNREADABLE,
)


def run(call: Call) -> int:
    """Prints the report on standard output and logs how many errors there are; 1 when any."""
    from pyrunc.config import report
    from pyrunc.config.problems import ERROR

    form, kind = call.text("format"), call.text("kind")
    if form not in FORMATS:
        raise UsageError(f"invalid format option {form!r}: not {', '.join(FORMATS)}")
    if kind not in report.KINDS:
        raise UsageError(f"invalid kind {kind!r}: not {', '.join(report.KINDS)}")
    name, data = _read(call.args[0] if call.args else ".")
    problems = report.find_problems(data, kind=kind, strict=call.flag("strict"),
                                    allow_newer=call.flag("allow-newer"))
    if form == "json":
        call.print(report.json_report(problems, name))
    elif form == "sarif":
        call.print(report.sarif_report(problems, name))
    else:
        call.print(report.text_report(problems, data, name, colour=_colour()))
    code = report.exit_code(problems)
    if code:
        errors = sum(problem.level == ERROR for problem in problems)
        call.log.failure(f"{name}: {errors} error{'' if errors == 1 else 's'}")
    return code


def _read(place: str) -> tuple[str, bytes]:
    """The name and the bytes of the bundle's config, the file, or standard input (`-`)."""
    from pyrunc.config.bundle import read_bytes, read_limited

    if place == STDIN:
        return "<stdin>", read_bytes(0, "<stdin>")
    name = os.path.join(place, CONFIG_NAME) if os.path.isdir(place) else place
    name = os.path.normpath(name)
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise PyruncError(f"JSON specification file {name} not found") from None
    except OSError as error:
        raise PyruncError(f"open {name}: {errno_text(error.errno or 0)}") from None
    try:
        return name, read_limited(fd, name)
    finally:
        os.close(fd)


def _colour() -> bool:
    """Colours on a terminal that can show them, unless NO_COLOR says otherwise."""
    return (os.isatty(1) and "NO_COLOR" not in os.environ
            and os.environ.get("TERM", "dumb") != "dumb")
