# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies that damage good configs in a few places."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

GOOD = Path(__file__).parents[2] / "corpus" / "good"
EVERYTHING = json.loads((GOOD / "everything.json").read_text("utf-8"))
SEEDS = [json.loads((GOOD / name).read_text("utf-8"))
         for name in ("everything.json", "small.json", "with-linux.seccomp.json",
                      "with-linux.resources.json", "with-mounts.json", "minimal.json")]

WORDS = st.sampled_from([
    "", "/", "/x", "x", "x\n", "1.0.0", "1.3.0-rc.1", "0-3,7", "rwm", "2MB", "MB:0=1", "A=b",
    "pid", "user", "time", "c", "p", "SCMP_ACT_NOTIFY", "SCMP_ACT_ERRNO", "SCHED_FIFO", "..",
    "bind", "idmap", "MPOL_LOCAL", "RLIMIT_NOFILE", "net.x", "\u00e9", "a/b",
])
NUMBERS = st.sampled_from([
    -(2**63) - 1, -(2**63), -2, -1, 0, 1, 5, 6, 10, 99, 100, 101, 511, 512, 1000, 1001, 4095,
    4096, 65535, 65536, 10**9, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64, 8630,
])
SCALARS = st.one_of(WORDS, NUMBERS, st.booleans(), st.none(), st.just(1.0),
                    st.text(max_size=4).filter(lambda text: "\0" not in text))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2),
                   st.dictionaries(WORDS, SCALARS, max_size=2))


def places(value, path=()):
    """The path of every value inside `value`."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for step, member in items:
        found += places(member, (*path, step))
    return found


@st.composite
def damaged(draw):
    """A good config with one to three values replaced, removed, or added."""
    config = json.loads(json.dumps(draw(st.sampled_from(SEEDS))))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(config) or [("x",)]))
        holder = config
        for step in path[:-1]:
            holder = holder[step]
        action = draw(st.sampled_from(("replace", "replace", "remove", "add")))
        if action == "remove" and path[-1] in (holder if isinstance(holder, dict) else ()):
            del holder[path[-1]]
        elif action == "add" and isinstance(holder, dict):
            holder[draw(WORDS)] = draw(VALUES)
        elif action == "add" and isinstance(holder, list):
            holder.append(draw(st.one_of(VALUES, st.just(holder[0]) if holder else VALUES)))
        else:
            holder[path[-1]] = draw(VALUES)
    return config
