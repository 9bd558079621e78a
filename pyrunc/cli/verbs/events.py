# SPDX-License-Identifier: Apache-2.0
"""events: statistics and OOM notifications, one JSON object a line."""

from __future__ import annotations

from pyrunc import jsonio
from pyrunc.cli.tables import BOOL, TEXT, Command, Option
from pyrunc.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "events",
    "display container events: OOM notifications, cpu, memory and IO usage statistics",
    description="Prints one JSON object a line until the container has ended.",
    options=(
        Option("interval", TEXT, "time between statistics", default="5s", shown_default="5s"),
        Option("stats", BOOL, "print the statistics once and exit"),
    ),
)

# Go's units of time.Duration, in seconds; the longer name first where one is the other's start
_UNITS = (("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0),
          ("h", 3600.0))


def run(call: Call) -> int:
    """Returns 0 when the container has ended (or, with --stats, at once)."""
    from pyrunc.runtime import events

    interval = seconds(call.text("interval"))
    if interval <= 0:
        raise UsageError("duration interval must be greater than 0")
    if call.flag("stats"):
        call.print(jsonio.dumps(events.stats(call.context, call.args[0])) + "\n")
        return 0
    for event in events.follow(call.context, call.args[0], interval):
        call.print(jsonio.dumps(event) + "\n")
    return 0


def seconds(text: str) -> float:
    """Seconds of "5s", "1m30s", "500ms"; UsageError for anything else (time.ParseDuration)."""
    total, rest = 0.0, text
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        unit = next((unit for unit in _UNITS if rest.startswith(unit[0], digits)
                     and not rest[digits + len(unit[0]):digits + len(unit[0]) + 1].isalpha()), None)
        if digits == 0 or unit is None or rest[:digits].count(".") > 1 or rest[:digits] == ".":
            break
        total += float(rest[:digits]) * unit[1]
        rest = rest[digits + len(unit[0]):]
    if rest or not text:
        raise UsageError(f'invalid value "{text}" for flag -interval: use a time like 5s or 500ms')
    return total
