# SPDX-License-Identifier: Apache-2.0
"""Strict JSON: what is read, what is refused and where, what is written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrunc.jsonio import MAX_BYTES, MAX_DEPTH, JsonError, dumps, loads
from tests.corpus import rows_json

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70),
              st.floats(allow_nan=False, allow_infinity=False),
              st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))),
    lambda inner: st.one_of(st.lists(inner, max_size=4),
                            st.dictionaries(st.text(st.characters(
                                exclude_categories=("Cs",), exclude_characters="\0")),
                                inner, max_size=4)),
    max_leaves=20)


@pytest.mark.parametrize(("name", "data", "says"), [
    (name, data, says) for name, ids, data, says in rows_json.ROWS if "VAL-1" not in ids])
def test_refused_bytes(name, data, says):
    """JSN-1, JSN-2, PY-8, PY-9, PY-10: what json.loads would let through is refused."""
    with pytest.raises(JsonError) as caught:
        loads(data)
    assert says.endswith(caught.value.message)


@settings(deadline=None)
@given(VALUES)
def test_written_json_is_read_back(value):
    """JSN-1: what dumps writes, both loads and the standard library read back the same."""
    for indent in ("", "\t", "  "):
        text = dumps(value, indent)
        assert loads(text.encode()) == json.loads(text) == value


@settings(deadline=None)
@given(VALUES)
def test_layout_is_that_of_the_standard_library(value):
    """JSN-1: the two layouts are those of json.dumps, so that engines see what they know."""
    assert dumps(value) == json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert dumps(value, "  ") == json.dumps(value, indent=2, ensure_ascii=False)


@settings(deadline=None, max_examples=1000)
@given(st.one_of(st.binary(max_size=40), st.text('{}[]",:0123eE+-.\\ununulltruefalse \n',
                                                max_size=30).map(str.encode)))
def test_any_bytes_are_read_as_the_standard_library_or_refused(data):
    """JSN-1: for any bytes: JsonError, or exactly what json.loads reads."""
    try:
        value = loads(data)
    except JsonError:
        return
    assert value == json.loads(data)


def test_depth_limit_is_exact():
    """PY-10: MAX_DEPTH levels are read, one more is not; brackets in strings do not count."""
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert loads(b"[" * (MAX_DEPTH - 1) + b"1" + b"]" * (MAX_DEPTH - 1))
    assert loads(b'["' + b"[{" * 500 + b'"]') == ["[{" * 500]
    with pytest.raises(JsonError, match="nested deeper than 64 levels"):
        loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    with pytest.raises(JsonError, match="nested deeper than 64 levels"):
        loads(b"[" * 100_000 + b"]" * 100_000)


def test_size_limit_is_exact():
    """PY-10: MAX_BYTES are read, one more is not."""
    data = b'"' + b"x" * (MAX_BYTES - 2) + b'"'
    assert len(loads(data)) == MAX_BYTES - 2
    with pytest.raises(JsonError, match=f"{MAX_BYTES + 1} bytes are more than the {MAX_BYTES}"):
        loads(data + b" ")


def test_integers_keep_all_64_bits():
    """RLM-1, PY-11: 2^64-1 survives, and a fraction stays a fraction."""
    assert loads(b"[18446744073709551615, -9223372036854775808]") == [2**64 - 1, -(2**63)]
    assert type(loads(b"1.0")) is float
    assert type(loads(b"1e2")) is float


def test_surrogate_pairs_are_one_character():
    """PY-9: an escaped pair is a character and not refused."""
    assert loads(b'"\\ud83d\\ude00\\uD83D\\uDE00"') == "\U0001f600" * 2


def test_other_types_are_not_written():
    """JSN-1: dumps refuses what has no JSON."""
    with pytest.raises(TypeError, match="set is not JSON"):
        dumps([{1}])
