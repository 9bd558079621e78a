# SPDX-License-Identifier: Apache-2.0
"""linux.resources.devices as an ordered list of rules, and as the lines that v1 takes."""

from __future__ import annotations

from pyrunc.errors import ConfigError

from .writes import Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

ANY = -1  # major or minor: all of them
FIELD = "linux.resources.devices"


class Rule:
    """One rule: `kind` is a (all devices, the rest does not matter), b or c; access of r, w, m."""

    __slots__ = ("access", "allow", "field", "kind", "major", "minor")

    def __init__(self, allow: bool, kind: str, major: int, minor: int, access: str,
                 field: str = FIELD) -> None:
        self.allow = allow
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
        self.field = field

    @property
    def is_default(self) -> bool:
        """True for a rule that the config did not ask for."""
        return self.field.endswith(")")

    def cuts(self, other: Rule) -> bool:
        """True when the two share devices and access without being for the very same devices."""
        same = (self.kind, self.major, self.minor) == (other.kind, other.major, other.minor)
        shared = all(ANY in pair or pair[0] == pair[1] for pair in
                     ((self.major, other.major), (self.minor, other.minor)))
        return (not same and shared and self.kind == other.kind
                and not set(self.access).isdisjoint(other.access))

    def line(self) -> str:
        """What devices.allow and devices.deny take."""
        if self.kind == "a":
            return "a"
        major, minor = ("*" if n == ANY else str(n) for n in (self.major, self.minor))
        return f"{self.kind} {major}:{minor} {self.access}"


# Appended behind the config's rules, as runc does (D8): nodes may be made (not opened), and the
# devices that every container gets (DEV-8), ptys and tun can be used.
DEFAULT_RULES = (
    ("c", ANY, ANY, "m"),
    ("b", ANY, ANY, "m"),
    ("c", 1, 3, "rwm"),     # null
    ("c", 1, 5, "rwm"),     # zero
    ("c", 1, 7, "rwm"),     # full
    ("c", 1, 8, "rwm"),     # random
    ("c", 1, 9, "rwm"),     # urandom
    ("c", 5, 0, "rwm"),     # tty
    ("c", 136, ANY, "rwm"),  # pts
    ("c", 5, 2, "rwm"),     # ptmx
    ("c", 10, 200, "rwm"),  # net/tun
)


def rules_of(config: Sequence[dict[str, Any]]) -> list[Rule]:
    """The rules in force, last match wins: deny all, the config's in order, the default (CGD-1).

    type absent = a (CGD-3); major, minor absent or -1 = all (CGD-4, CGD-6).
    """
    rules = [Rule(False, "a", ANY, ANY, "rwm")]
    for i, entry in enumerate(config):
        major, minor = (ANY if entry.get(name) is None else max(entry[name], ANY)
                        for name in ("major", "minor"))
        rules.append(Rule(entry["allow"], entry.get("type") or "a", major, minor,
                          entry.get("access") or "rwm", f"{FIELD}[{i}]"))
    rules += [Rule(True, kind, major, minor, access, f"{FIELD} (default rule)")
              for kind, major, minor, access in DEFAULT_RULES]
    return without_void(rules)


def without_void(rules: list[Rule]) -> list[Rule]:
    """The rules from the last one for all devices on: nothing before it has an effect."""
    last = max((i for i, rule in enumerate(rules) if rule.kind == "a"), default=0)
    return rules[last:]


def v1_writes(rules: Sequence[Rule]) -> list[Write]:
    """The rules as writes in their order (CGD-8). ConfigError for a rule that v1 would ignore.

    The kernel keeps exceptions from "all" or "nothing"; a later rule the other way takes away only
    an exception for the very same devices (devices.txt), and is silently without effect on others.
    """
    exceptions: list[Rule] = []
    for rule in rules[1:]:
        if rule.allow != rules[0].allow:
            exceptions.append(rule)
        elif rule.is_default:
            continue
        elif any(rule.cuts(other) for other in exceptions):
            raise ConfigError(f"{rule.field}: v1 cannot take {rule.line()} out of an earlier "
                              "rule for other devices: list the devices one by one")
    files = ("devices.deny", "devices.allow")
    return [Write(rule.field, "devices", files[rule.allow], rule.line()) for rule in rules]
