# SPDX-License-Identifier: Apache-2.0
"""validate: says all that is wrong with a bundle's config.json, without making a container."""

from __future__ import annotations

import os

from pyrunc.cli.tables import BOOL, Command, Option
from pyrunc.errors import ConfigError, PyruncError, errno_text
from pyrunc.tables.spec import CONFIG_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "validate",
    "check a bundle's config.json and explain what is wrong with it",
    arguments="[bundle]",
    description="""
Checks the config.json of the bundle (default: the current directory) and prints one line for each
problem. The exit code is 0 when the config is good.
""",
    options=(Option("strict", BOOL, "by the letter: refuse nulls and file type bits"),),
    least=0,
)


def run(call: Call) -> int:
    """Prints one line a problem on standard output and logs how many there are; 1 when any."""
    from pyrunc.config.validate import load_config

    path = os.path.join(call.args[0] if call.args else ".", CONFIG_NAME)
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read()
    except FileNotFoundError:
        raise PyruncError(f"JSON specification file {path} not found") from None
    except OSError as error:
        raise PyruncError(f"open {path}: {errno_text(error.errno or 0)}") from None
    try:
        load_config(data, strict=call.flag("strict"), name=path)
    except ConfigError as error:
        if not error.problems:
            raise
        call.print("".join(f"{problem.sentence()}\n" for problem in error.problems))
        count = len(error.problems)
        call.log.failure(f"{path}: {count} problem{'s' if count > 1 else ''}")
        return 1
    call.print(f"{path}: good\n")
    return 0
