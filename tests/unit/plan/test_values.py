# SPDX-License-Identifier: Apache-2.0
"""The small pure functions: sysctl names, CPU and node lists, bit masks, order of joins, env."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrunc.errors import ConfigError
from pyrunc.plan.facts import Join
from pyrunc.plan.mounts import clean
from pyrunc.plan.namespaces import join_order
from pyrunc.plan.process import bit_mask, last_values, parse_list
from pyrunc.plan.rootfs import sysctl_path
from pyrunc.tables.namespaces import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eno2.100/rp_filter", "net/ipv4/conf/eno2.100/rp_filter"),
        ("net.ipv4.conf.eno2/100.rp_filter", "net/ipv4/conf/eno2.100/rp_filter"),
        ("simple", "simple"),
    ],
)
def test_sysctl_path(name: str, path: str) -> None:
    """SYS-3: the first separator of the name decides which of "." and "/" separates."""
    assert sysctl_path(name) == path


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("0", [0]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        ("7,0-1,1", [0, 1, 7]),
        (" 1 , 2 ", [1, 2]),
        ("65535", [65535]),
    ],
)
def test_parse_list(text: str, numbers: list[int]) -> None:
    """CPU-6: numbers and ranges, sorted, each once."""
    assert parse_list(text) == numbers


@pytest.mark.parametrize("text", ["a", "1-", "-1", "1--2", "0x3", "1-2-3", "1.5", "٣-x"])
def test_parse_list_refuses(text: str) -> None:
    """CPU-6: what is no list is refused with an example of one."""
    message = re.escape(f'"{text}" is not a list of numbers and ranges such as "0-3,7"')
    with pytest.raises(ConfigError, match=f"^{message}$"):
        parse_list(text)


@pytest.mark.parametrize(("text", "item"), [("3-1", "3-1"), ("0,65536", "65536")])
def test_parse_list_refuses_ranges(text: str, item: str) -> None:
    """CPU-6: a range that is empty, or too large for a mask, is refused by name."""
    message = re.escape(f'"{text}": the range {item} is empty or too large')
    with pytest.raises(ConfigError, match=f"^{message}$"):
        parse_list(text)


@pytest.mark.parametrize(
    ("numbers", "mask"),
    [
        ([0], "0100000000000000"),
        ([0, 63], "0100000000000080"),
        ([64], "00000000000000000100000000000000"),
        ([], "0000000000000000"),
    ],
)
def test_bit_mask(numbers: list[int], mask: str) -> None:
    """AFF-1: bits of whole 64-bit words, the lowest first."""
    assert bit_mask(numbers).hex() == mask


@given(st.sets(st.integers(0, 1023)))
def test_bit_mask_has_exactly_these_bits(numbers: set[int]) -> None:
    """AFF-1: the mask holds the numbers and no other."""
    mask = int.from_bytes(bit_mask(sorted(numbers)), "little")
    assert {bit for bit in range(1024) if mask >> bit & 1} == numbers


def test_last_values() -> None:
    """PRC-5: the last of a name's entries counts and takes the place of the first."""
    assert last_values(["A=1", "B=2", "A=3", "C", "A"]) == ["A", "B=2", "C"]


@pytest.mark.parametrize(
    "order", list(itertools.permutations((CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID)))
)
@pytest.mark.parametrize("privileged", [True, False])
def test_join_order(order: tuple[int, ...], privileged: bool) -> None:
    """NS-6: user last with privileges, first without; mount after the others; in any order."""
    joins = [Join(fd, flag, "") for fd, flag in enumerate(order)]
    found = [join.flag for join in join_order(joins, privileged=privileged)]
    if privileged:
        assert found == [CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWUSER]
    else:
        assert found == [CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS]


def test_join_order_keeps_the_rest() -> None:
    """NS-6: namespaces that do not depend on each other stay in the config's order."""
    joins = [Join(3, CLONE_NEWPID, ""), Join(4, CLONE_NEWNET, "")]
    assert join_order(joins, privileged=True) == joins


@pytest.mark.parametrize(
    ("destination", "target"),
    [
        ("/a/b", "/a/b"),
        ("a", "/a"),
        ("//a//b/", "/a/b"),
        ("/a/../../b", "/b"),
        ("../..", "/"),
        (".", "/"),
    ],
)
def test_clean(destination: str, target: str) -> None:
    """MNT-2: destinations are absolute inside the container and never climb above its root."""
    assert clean(destination) == target
