# SPDX-License-Identifier: Apache-2.0
"""ps: the processes of a container, as pids or through the host's ps."""

from __future__ import annotations

import os

from pyrunc import jsonio
from pyrunc.cli.tables import TEXT, Command, Option
from pyrunc.errors import PyruncError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "ps",
    "display the processes running inside a container",
    arguments="<container-id> [ps options]",
    description="Runs the host's ps (-ef or the given options); shows the container's lines.",
    options=(
        Option("format", TEXT, "table or json", short="f", default="table", shown_default="table"),
    ),
    most=None,
    stop_early=True,
)


def run(call: Call) -> int:
    """Prints a JSON array of pids (null when empty), or ps's lines of them."""
    from pyrunc.runtime import lists

    kind = call.text("format")
    pids = lists.pids(call.context, call.args[0])
    if kind == "json":
        call.print(jsonio.dumps(pids or None) + "\n")
    elif kind == "table":
        call.print(select(_ps(call.args[1:] or ["-ef"]), pids))
    else:
        raise UsageError("invalid format option")
    return 0


def _ps(options: list[str]) -> str:
    """What the host's ps prints."""
    reader, writer = os.pipe()
    try:
        pid = os.posix_spawnp("ps", ["ps", *options], os.environ,
                              file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    except FileNotFoundError:
        raise PyruncError('exec: "ps": executable file not found in $PATH '
                          "(apt-get install procps)") from None
    finally:
        os.close(writer)
    with open(reader, "rb") as pipe:
        output = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise PyruncError(f"ps {' '.join(options)}: exit status {status}")
    return output.decode("utf-8", "surrogateescape")


def select(output: str, pids: list[int]) -> str:
    """The heading and those lines of ps's output whose PID column holds one of `pids`."""
    lines = output.splitlines()
    heading = lines[0].split() if lines else []
    if "PID" not in heading:
        raise PyruncError("couldn't find PID field in ps output")
    column = heading.index("PID")
    wanted = {str(pid) for pid in pids}
    kept = [line for line in lines[1:] if line.split()[column:column + 1][:1] and
            line.split()[column] in wanted]
    return "".join(f"{line}\n" for line in (lines[0], *kept))
