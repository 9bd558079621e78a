# SPDX-License-Identifier: Apache-2.0
"""The small grammars of strings in a config, without `re`; the schemas say the same in patterns."""

from __future__ import annotations

MAX_LIST = 16384  # characters of a CPU or node list; longer ones are refused by the schema
MAX_LIST_DIGITS = 7  # of one number in a CPU or node list
_DIGITS = frozenset("0123456789")
_IDENTIFIER = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")


def is_number(text: str) -> bool:
    """One or more ASCII digits."""
    return bool(text) and _DIGITS.issuperset(text)


def _is_short_number(text: str) -> bool:
    return 0 < len(text) <= MAX_LIST_DIGITS and _DIGITS.issuperset(text)


def _is_numeric_identifier(text: str) -> bool:
    return is_number(text) and (text[0] != "0" or len(text) == 1)


def _is_identifier(text: str) -> bool:
    return bool(text) and _IDENTIFIER.issuperset(text)


def is_semver(text: str) -> bool:
    """SemVer 2.0.0: three numbers without leading zeros, `-pre.release`, `+build.data`."""
    text, plus, build = text.partition("+")
    if plus and not all(map(_is_identifier, build.split("."))):
        return False
    core, minus, pre = text.partition("-")
    if minus and not all(_is_numeric_identifier(part) if is_number(part) else _is_identifier(part)
                         for part in pre.split(".")):
        return False
    numbers = core.split(".")
    return len(numbers) == 3 and all(map(_is_numeric_identifier, numbers))


def is_page_size(text: str) -> bool:
    """A huge page size such as 2MB: digits, one of K M G, B (HUG-1)."""
    return (text[-2:] in ("KB", "MB", "GB") and text[:1] != "0"
            and _is_short_number(text[:-2]))


def is_list(text: str) -> bool:
    """A CPU or node list such as 0-3,7; blanks may surround a number; empty is a list of none."""
    if not text:
        return True
    return all(_is_short_number(bound.strip(" "))
               for item in text.split(",") for bound in _bounds(item))


def _bounds(item: str) -> list[str]:
    return item.split("-", 1)


def list_ranges(text: str) -> list[tuple[int, int]]:
    """The inclusive ranges of a list that `is_list` accepts, in the order written."""
    if len(text) > MAX_LIST:
        return []
    ranges = []
    for item in text.split(",") if text else ():
        bounds = _bounds(item)
        ranges.append((int(bounds[0]), int(bounds[-1])))
    return ranges


def is_access(text: str) -> bool:
    """Device access: r, w and m, at least one, in any composition (CGD-5)."""
    return bool(text) and not text.strip("rwm")


def is_mbps(text: str) -> bool:
    """A memory bandwidth line: `MB:` first, no newline (RDT-3)."""
    return text[:3] == "MB:" and "\n" not in text


def sysctl_path(name: str) -> str:
    """The path below /proc/sys of a sysctl (SYS-3): the first separator, `.` or `/`, decides.

    After it the other one belongs to a name: net/ipv4/conf/eno2.100/rp_filter is the same as
    net.ipv4.conf.eno2/100.rp_filter. The result may hold `..` and empty parts: refuse those.
    """
    dot, slash = name.find("."), name.find("/")
    if slash != -1 and (dot == -1 or slash < dot):
        return name
    return name.translate({ord("."): "/", ord("/"): "."})
