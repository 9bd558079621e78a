# SPDX-License-Identifier: Apache-2.0
"""features: what this runtime knows, as the standard's features document."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.cli.tables import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "features",
    "show the enabled features",
    arguments="",
    description="Prints the features document of the OCI runtime specification as JSON.",
    least=0,
    most=0,
)


def run(call: Call) -> int:
    """Prints JSON indented by four blanks."""
    from pyrunc.cli.main import version_text
    from pyrunc.runtime import features

    document = features.document(parse_version(version_text("pyrunc")))
    call.print(jsonio.dumps(document, "    ") + "\n")
    return 0


def parse_version(text: str) -> dict[str, str]:
    """The lines of --version by their names."""
    first, *lines = text.splitlines()
    found = {"version": first.rpartition(" ")[2]}
    for line in lines:
        name, _, value = line.partition(": ")
        found[name] = value
    return found
