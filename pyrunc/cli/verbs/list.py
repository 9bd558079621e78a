# SPDX-License-Identifier: Apache-2.0
"""list: the containers below the root."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.cli.tables import BOOL, TEXT, Command, Option
from pyrunc.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.cli.call import Call

COMMAND = Command(
    "list",
    "list containers started by pyrunc with the given root",
    arguments="",
    description="Lists the containers below the directory of the global option --root.",
    options=(
        Option("format", TEXT, "table or json", short="f", default="table", shown_default="table"),
        Option("quiet", BOOL, "only the containers' ids", short="q"),
    ),
    least=0,
    most=0,
)

_COLUMNS = ("id", "pid", "status", "bundle", "created", "owner")
_WIDTH, _GAP = 12, 3


def run(call: Call) -> int:
    """Prints ids, a table or one line of JSON (null when there is none)."""
    from pyrunc.runtime import lists

    found = lists.containers(
        call.context, must_exist="root" in call.given, warn=call.log.notice
    )
    kind = call.text("format")
    if call.flag("quiet"):
        call.print("".join(f"{item['id']}\n" for item in found))
    elif kind == "table":
        call.print(table([[name.upper() for name in _COLUMNS], *map(_row, found)]))
    elif kind == "json":
        call.print(jsonio.dumps(found or None) + "\n")
    else:
        raise UsageError("invalid format option")
    return 0


def _row(item: dict[str, Any]) -> list[str]:
    return [str(item[name]) for name in _COLUMNS]


def table(rows: list[list[str]]) -> str:
    """The rows in columns of at least 12 characters, 3 blanks between: Go's tabwriter."""
    columns = range(len(rows[0]) - 1)  # the last cell is not padded
    widths = [max(_WIDTH, *(len(row[i]) + _GAP for row in rows)) for i in columns]
    return "".join(
        "".join(f"{row[i]:<{widths[i]}}" for i in columns) + row[-1] + "\n" for row in rows)
