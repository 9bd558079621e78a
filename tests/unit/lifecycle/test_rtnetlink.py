# SPDX-License-Identifier: Apache-2.0
"""rtnetlink: what wrong lengths do to the parser."""

from __future__ import annotations

import struct

import pytest

from pyrunc.errors import PyruncError
from pyrunc.runtime import rtnetlink


def test_cut_off_message() -> None:
    """ND-2: a message shorter than its header is an error, not a guess."""
    with pytest.raises(PyruncError, match="cut off"):
        list(rtnetlink.messages(b"\x20\0\0\0"))


@pytest.mark.parametrize("length", [0, 15, 17, 1 << 31, (1 << 32) - 1])
def test_wrong_message_length(length: int) -> None:
    """ND-2: a length below the header's or beyond the data is an error."""
    with pytest.raises(PyruncError, match=f"{length} bytes"):
        list(rtnetlink.messages(struct.pack("=IHHII", length, 16, 0, 1, 0)))


@pytest.mark.parametrize("length", [0, 3, 9, 65535])
def test_wrong_attribute_length(length: int) -> None:
    """ND-2: attributes end where one is shorter than its header or longer than the data."""
    good = rtnetlink.attribute(3, b"eth0\0")
    bad = struct.pack("=HH", length, 4) + b"abcd"
    assert rtnetlink.attributes(good + bad) == {3: b"eth0\0"}


def test_attribute_roundtrip() -> None:
    """ND-2: values of every length are padded to four bytes."""
    for size in range(9):
        value = bytes(range(size))
        assert len(rtnetlink.attribute(1, value)) % 4 == 0
        assert rtnetlink.attributes(rtnetlink.attribute(1, value) * 2) == {1: value}
