# SPDX-License-Identifier: Apache-2.0
"""The corpus: every bad config is refused as its row says, every good one is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyrunc.config.validate import load_config, load_process
from pyrunc.errors import ConfigError
from tests.corpus import make, rows_json, rows_rules, rows_types, rows_words

CORPUS = Path(make.__file__).parent
INDEX = json.loads((CORPUS / "index.json").read_text("utf-8"))
GOOD = sorted(path.relative_to(CORPUS / "good").as_posix()
              for path in (CORPUS / "good").rglob("*.json"))


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_bad_config_is_refused_with_path_and_message(entry):
    """VAL-1: the first problem of a bad config is the one that was put there, at its path."""
    data = (CORPUS / "bad" / entry["file"]).read_bytes()
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    first = caught.value.problems[0]
    assert (first.where(), first.says) == (entry["path"], entry["message"])
    assert str(caught.value).startswith(f"config.json: {first.sentence()}")
    assert "\n" not in str(caught.value)
    spoken = {word for word in entry["ids"] if not word.startswith("PY-")} - {"MNT-10"}
    assert spoken <= set(first.ids)


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_problem_of_bad_config_has_a_place(entry):
    """VAL-1: every problem names a line and column inside the file."""
    data = (CORPUS / "bad" / entry["file"]).read_bytes()
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    lines = data.decode("utf-8", "replace").split("\n")
    for problem in caught.value.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@pytest.mark.parametrize("name", GOOD)
def test_good_config_is_accepted(name):
    """VAL-1: what the standard allows, and what engines write, is accepted."""
    config = load_config((CORPUS / "good" / name).read_bytes())
    assert config["ociVersion"].startswith("1.")


def test_bad_config_differs_from_a_good_one_in_one_place():
    """VAL-1: the good config that a row patches is accepted, so the patch is what is wrong."""
    for row in (*rows_types.rows(), *rows_words.rows(), *rows_rules.rows()):
        assert load_config(make.text(row.good()).encode())


def test_corpus_is_what_the_rows_make():
    """VAL-1: the files are those that `python -m tests.corpus` writes."""
    files, index = make.bad_files()
    found = {path.name: path.read_bytes() for path in (CORPUS / "bad").iterdir()}
    assert found == files
    assert (CORPUS / "index.json").read_text("utf-8") == make.index_text(index)
    for name, data in make.good_files().items():
        assert (CORPUS / "good" / name).read_bytes() == data


def test_corpus_is_large_enough():
    """VAL-1: at least 250 bad files and 40 good ones, some of them from real engines."""
    assert len(INDEX) >= 250
    assert len(GOOD) >= 40
    assert len({name.split("/")[1].split("-")[0] for name in GOOD if "/" in name}) >= 3


def test_every_row_kind_is_there():
    """VAL-1: each table of rows contributes."""
    assert min(len(rows) for rows in (rows_types.rows(), rows_words.rows(), rows_rules.rows(),
                                      rows_json.ROWS)) >= 25


@pytest.mark.parametrize("path", sorted((CORPUS / "process").glob("*.json")),
                         ids=lambda path: path.name)
def test_process_of_an_engine_is_accepted(path):
    """PRC-1: what engines hand to `exec --process` is accepted."""
    assert load_process(path.read_bytes())["args"]
