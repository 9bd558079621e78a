# SPDX-License-Identifier: Apache-2.0
"""Any bytes: refused with an error of ours or accepted and planned; never anything else."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyrunc.jsonio import MAX_BYTES
from tests.unit.config import fuzz
from tests.unit.config.mutations import GOOD, damaged

FOUND = sorted((GOOD.parent / "fuzz").glob("*"))
TEXTS = [path.read_bytes() for path in (GOOD / "everything.json", GOOD / "small.json")]
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_found_before(path):
    """VAL-1: what fuzzing once found stays mended."""
    fuzz.check(path.read_bytes())


@settings(SLOW, max_examples=500)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
def test_any_bytes(data):
    """VAL-1, JSN-1: arbitrary bytes raise nothing but our errors."""
    fuzz.check(data)


@settings(SLOW, max_examples=600)
@given(st.sampled_from(TEXTS), st.lists(st.tuples(
    st.floats(0, 1), st.integers(0, 6),
    st.one_of(st.binary(max_size=3),
              st.sampled_from([b"null", b'"', b"\\u0000", b"1e999", b"{", b"]", b"-1", b"\\ud800",
                               b"\xff", b",", b'""'])),
), min_size=1, max_size=3))
def test_damaged_text(data, cuts):
    """VAL-1, JSN-1: a good file with bytes cut and pasted raises nothing but our errors."""
    for place, length, new in cuts:
        start = int(place * len(data))
        data = data[:start] + new + data[start + length:]
    fuzz.check(data)


@settings(SLOW, max_examples=800)
@given(damaged())
def test_damaged_configs(config):
    """VAL-1, OPS-C5: a damaged config is refused, or accepted and made into a plan."""
    fuzz.check(json.dumps(config).encode())


BOMBS = {
    "arrays": b"[" * MAX_BYTES,
    "flat-array": b'{"mounts":[' + b"0," * (MAX_BYTES // 2 - 20) + b"0]}",
    "many-members": b'{"root":{' + b",".join(b'"%d":1' % n for n in range(MAX_BYTES // 12))
                    + b"}}",
    "many-nulls": b'{"root":{' + b",".join(b'"%d":null' % n for n in range(MAX_BYTES // 15))
                  + b"}}",
    "long-string": b'{"ociVersion":"' + b"1" * (MAX_BYTES - 40) + b'.0.0","root":{"path":"r"}}',
    "many-namespaces": b'{"ociVersion":"1.3.0","root":{"path":"r"},"linux":{"namespaces":['
                       + b'{"type":"pid"},' * (MAX_BYTES // 16 - 10) + b'{"type":"pid"}]}}',
    "long-list": b'{"ociVersion":"1.3.0","root":{"path":"r"},"linux":{"resources":{"cpu":{"cpus":"'
                 + b"3-1," * (MAX_BYTES // 4 - 40) + b'3-1"}}}}',
    "digits": b'{"x":' + b"9" * (MAX_BYTES - 20) + b"}",
    "escapes": b'{"x":"' + b"\\u0041" * (MAX_BYTES // 6 - 10) + b'"}',
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_bounded(name):
    """PY-10: the largest files that are read take bounded time and memory, and one line."""
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2);"
            "sys.path.insert(0, sys.argv[1])\n"
            "from pyrunc.config.validate import load_config\n"
            "from pyrunc.errors import ConfigError\n"
            "try: load_config(sys.stdin.buffer.read())\n"
            "except ConfigError as error: print(error)")
    top = Path(__file__).parents[3]
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([sys.executable, "-c", code, top, str(2 << 30)], input=BOMBS[name],
                          capture_output=True, timeout=120, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started
    assert done.stdout.startswith(b"config.json: ")
    assert done.stdout.count(b"\n") == 1
    assert len(done.stdout) < 600
    assert used < 30
