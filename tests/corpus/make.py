# SPDX-License-Identifier: Apache-2.0
"""Writes the corpus: good configs, and bad ones that differ from a good one in one place.

Run as `python -m tests.corpus` from the top of the checkout. A test asserts that the files
are what this writes; the expectations in index.json are written by hand in the rows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.corpus.bases import FRAGMENTS, SMALL

HERE = Path(__file__).parent
DROP = object()


class Row:
    """One bad config: a good one patched at `path` with `value` (DROP removes).

    `says` is what the first problem must say, at the path `at` (by default where the patch is);
    `ids` are requirements that the problem must name. The good one is the small config with the
    parts around the path `needs` (by default `path`), less the member `less`.
    """

    def __init__(self, ids: str, path: str, value: Any, says: str, at: str | None = None, *,
                 needs: str = "", less: str = "", name: str = "") -> None:
        self.ids = ids
        self.path = path
        self.value = value
        self.says = says
        self.at = path if at is None else at
        self.needs = needs or path
        self.less = less
        self._name = name

    def good(self) -> dict[str, Any]:
        """The good config that is patched."""
        config = good_for(self.needs)
        if self.less:
            patch(config, self.less, DROP)
        return config

    def name(self) -> str:
        """The file's name, from the patch."""
        value = "missing" if self.value is DROP else json.dumps(self.value)
        special = {"-1": "minus-1", '""': "empty", "[]": "array", "{}": "object"}
        what = self._name or (special.get(value) or slug(value) or "odd")[:40]
        return f"{slug(self.needs)}--{what}"


def clone(value: Any) -> Any:
    """A copy without shared parts."""
    return value if value is DROP else json.loads(json.dumps(value))


def shown_path(path: str) -> str:
    """`path` as problems show it: odd names are quoted."""
    found = ""
    for step in steps(path):
        plain = isinstance(step, str) and step.replace("_", "").isalnum()
        dot = "." if found else ""
        found += f"{dot}{step}" if plain else f"[{json.dumps(step)}]"
    return found


def steps(path: str) -> list[str | int]:
    """`linux.devices[0].path` as the steps to it; a name in brackets may hold dots."""
    found: list[str | int] = []
    for name, index, odd in re.findall(r"([^.\[\]]+)|\[(\d+)\]|\[([^\]]*)\]", path):
        found.append(int(index) if index else name or odd)
    return found


def patch(value: Any, path: str, new: Any) -> None:
    """Set or remove what stands at `path` of `value`."""
    *way, last = steps(path)
    for step in way:
        value = value[step]
    if new is DROP:
        del value[last]
    elif isinstance(value, list) and last == len(value):
        value.append(new)
    else:
        value[last] = new


def good_for(path: str) -> dict[str, Any]:
    """SMALL with the fragments that `path` stands in or that stand below it."""
    config = clone(SMALL)
    if path == "idmap":  # mapped by the container's own user namespace
        config["mounts"] = [{"destination": "/d", "source": "/d", "options": ["bind", "idmap"]}]
    for at, fragment in FRAGMENTS.items():
        if (path + ".").startswith((at + ".", at + "[")) or at.startswith(path + "."):
            patch(config, at, clone(fragment))
    if path.startswith("process.consoleSize"):
        config["process"]["terminal"] = True
    return config


def text(config: Any) -> str:
    """A config as the files hold it."""
    return json.dumps(config, indent=1, ensure_ascii=False) + "\n"


def slug(words: str) -> str:
    """A file name's part."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")


def bad_files() -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Each bad file with its bytes, and the index of what is expected of them."""
    from tests.corpus import rows_json, rows_rules, rows_types, rows_words

    files: dict[str, bytes] = {}
    index = []
    for row in (*rows_types.rows(), *rows_words.rows(), *rows_rules.rows()):
        config = row.good()
        patch(config, row.path, row.value)
        index.append(_add(files, row.name(), text(config).encode(), row.ids, row.at, row.says))
    for name, ids, data, says in rows_json.ROWS:
        index.append(_add(files, f"json-{name}", data, ids, "", says))
    return files, sorted(index, key=lambda entry: entry["file"])


def _add(files: dict[str, bytes], name: str, data: bytes, ids: str, at: str,
         says: str) -> dict[str, Any]:
    while f"{name}.json" in files:
        name += "-x"
    files[f"{name}.json"] = data
    return {"file": f"{name}.json", "ids": ids.split(), "path": shown_path(at), "message": says}


def good_files() -> dict[str, bytes]:
    """Each good file made here; the captured ones of engines stand beside them."""
    from tests.corpus import rows_good

    files = {"small.json": text(SMALL).encode()}
    for at, fragment in FRAGMENTS.items():
        config = clone(SMALL)
        patch(config, at, clone(fragment))
        files[f"with-{slug(at)}.json"] = text(config).encode()
    for name, _, data in rows_good.files():
        files[f"{name}.json"] = data
    return files


def index_text(index: list[dict[str, Any]]) -> str:
    """The index, one file a line."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in index)
    return f"[\n{lines}\n]\n"


def main() -> None:
    """Write all files, and remove those that no row makes any more."""
    files, index = bad_files()
    for old in (HERE / "bad").glob("*.json"):
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        (HERE / "bad" / name).write_bytes(data)
    (HERE / "index.json").write_text(index_text(index), "utf-8")
    for name, data in good_files().items():
        (HERE / "good" / name).write_bytes(data)

