# SPDX-License-Identifier: Apache-2.0
"""The argv parser: the corners of urfave/cli that engines rely on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrunc.cli.parser import Parsed, check_count, parse
from pyrunc.cli.tables import BOOL, INT, LIST, TEXT, Option, by_name
from pyrunc.errors import UsageError

OPTIONS = (
    Option("bundle", TEXT, "", short="b"),
    Option("detach", BOOL, "", short="d"),
    Option("preserve-fds", INT, ""),
    Option("env", LIST, "", short="e"),
    Option("no-subreaper", BOOL, ""),
)
TABLE = by_name(OPTIONS)


def read(*args: str, stop_early: bool = False) -> Parsed:
    return parse(args, TABLE, stop_early=stop_early)


@pytest.mark.parametrize("args", [
    ("--bundle", "x"), ("--bundle=x",), ("-bundle", "x"), ("-bundle=x",), ("-b", "x"), ("-b=x",),
    ("--b", "x"),
])
def test_every_spelling_of_a_value_is_read(args: tuple[str, ...]) -> None:
    """CLI 1.1: --opt val, --opt=val, and the same with a single dash or the short name."""
    assert read(*args).values == {"bundle": "x"}


def test_single_dash_long_bool_is_not_a_row_of_short_ones() -> None:
    """CLI 1.1: go-runc sends -no-subreaper."""
    assert read("-no-subreaper").values == {"no-subreaper": True}


@pytest.mark.parametrize(("word", "value"), [
    ("--detach", True), ("--detach=true", True), ("--detach=1", True), ("-d=T", True),
    ("--detach=false", False), ("--detach=0", False), ("--detach=F", False),
])
def test_bools_take_an_optional_value(word: str, value: bool) -> None:
    """CLI 1.1: --flag, --flag=true, --flag=false in Go's spellings."""
    assert read(word).values == {"detach": value}


def test_bool_does_not_eat_the_next_word() -> None:
    """CLI 1.1: the word after a bool is a positional argument."""
    parsed = read("--detach", "false")
    assert parsed.values == {"detach": True}
    assert parsed.rest == ["false"]


def test_bool_with_nonsense_is_refused() -> None:
    """CLI 1.1: --detach=maybe."""
    with pytest.raises(UsageError, match=r'^invalid value "maybe" for flag -detach: '):
        read("--detach=maybe")


def test_options_and_positionals_mix() -> None:
    """CLI 1.1: create ID --bundle B works as create --bundle B ID."""
    parsed = read("id", "--bundle", "x", "more", "-d")
    assert parsed.rest == ["id", "more"]
    assert parsed.values == {"bundle": "x", "detach": True}


def test_stop_early_hands_the_rest_over_untouched() -> None:
    """CLI 1.1: exec, kill and ps stop at the first positional."""
    parsed = read("-d", "id", "ls", "-d", "--bundle", "--", stop_early=True)
    assert parsed.rest == ["id", "ls", "-d", "--bundle", "--"]
    assert parsed.values == {"detach": True}


@pytest.mark.parametrize("stop_early", [False, True])
def test_double_dash_ends_the_options(stop_early: bool) -> None:
    """CLI 1.1: what follows -- is positional."""
    assert read("-d", "--", "-b", "x", stop_early=stop_early).rest == ["-b", "x"]


def test_lists_collect_and_do_not_split() -> None:
    """CLI 1.1: list options are not split on commas."""
    assert read("-e", "A=1,2", "--env=B=3").values == {"env": ["A=1,2", "B=3"]}


def test_last_value_wins() -> None:
    """CLI 1.1: a repeated option."""
    assert read("-b", "x", "--bundle=y").values == {"bundle": "y"}


def test_value_may_start_with_a_dash() -> None:
    """CLI 1.1: --bundle takes the next word whatever it looks like."""
    assert read("--bundle", "-d").values == {"bundle": "-d"}


def test_empty_value_is_a_value() -> None:
    """CLI 1.1: --bundle= gives the empty text."""
    assert read("--bundle=").values == {"bundle": ""}


@pytest.mark.parametrize("word", ["--bogus", "-bogus", "--bogus=1"])
def test_unknown_option(word: str) -> None:
    """CLI 1.1: the exact words."""
    with pytest.raises(UsageError) as caught:
        read(word)
    assert str(caught.value) == "flag provided but not defined: -bogus"


@pytest.mark.parametrize("word", ["--bundle", "-b"])
def test_missing_value(word: str) -> None:
    """CLI 1.1, 2.6: podman greps `flag needs an argument: --lsm-mount-context`."""
    with pytest.raises(UsageError) as caught:
        read("id", word)
    assert str(caught.value) == f"flag needs an argument: {word}"


@pytest.mark.parametrize("value", ["x", "", "1.5", "0x3", "٣", "1" * 20, "--1"])
def test_int_that_is_none(value: str) -> None:
    """CLI 1.4: --preserve-fds wants a whole number."""
    with pytest.raises(UsageError, match="for flag -preserve-fds: use a whole number"):
        read(f"--preserve-fds={value}")


def test_int_may_be_negative() -> None:
    """CLI 1.4: checkpoint --status-fd -1."""
    assert read("--preserve-fds", "-1").values == {"preserve-fds": -1}


def test_a_lone_dash_is_positional() -> None:
    """CLI 1.4: update --resources - ; a dash by itself is no option."""
    assert read("-").rest == ["-"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    """CLI 1.1: no argv whatever raises anything but UsageError."""
    try:
        parsed = read(*words)
    except UsageError:
        return
    assert len(parsed.rest) <= len(words)


@pytest.mark.parametrize(("count", "least", "most", "message"), [
    (0, 1, 1, 'p: "v" requires exactly 1 argument(s)'),
    (2, 1, 1, 'p: "v" requires exactly 1 argument(s)'),
    (0, 1, None, 'p: "v" requires a minimum of 1 argument(s)'),
    (3, 1, 2, 'p: "v" requires a maximum of 2 argument(s)'),
])
def test_wrong_number_of_arguments(count: int, least: int, most: int | None, message: str) -> None:
    """CLI 1.1: runc's words for it."""
    with pytest.raises(UsageError) as caught:
        check_count("p", "v", count, least, most)
    assert str(caught.value) == message


def test_right_number_of_arguments() -> None:
    """CLI 1.1: the bounds are inclusive."""
    check_count("p", "v", 1, 1, 1)
    check_count("p", "v", 9, 1, None)
    check_count("p", "v", 2, 1, 2)
