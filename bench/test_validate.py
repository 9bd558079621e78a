# SPDX-License-Identifier: Apache-2.0
"""Validation's speed: the accept path, its imports, and growth with mounts, env and seccomp rules.

Run with `pytest bench/test_validate.py`; the figures stand in the benchmark's extra info. Nothing
is asserted about time: the goals are 1.5 ms for a config of Docker's size once imported, 4 ms of
processor time for the imports, and growth in proportion. Minima are taken, since everything else
measures the machine.
"""

from __future__ import annotations

import compileall
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyrunc.config.validate import load_config

TOP = Path(__file__).parents[1]
ENGINES = TOP / "tests" / "corpus" / "good" / "engines"


def with_seccomp():
    """A captured config of docker's that has its full default profile."""
    for path in sorted(ENGINES.glob("docker-*.json")):
        config = json.loads(path.read_text("utf-8"))
        names = sum(len(rule["names"]) for rule in
                    config["linux"].get("seccomp", {}).get("syscalls", ()))
        if names > 300:
            return config
    raise AssertionError("no captured config has a full seccomp profile")


def sized(mounts=40, env=30, rules=None):
    """The captured config with that many mounts, env entries and, if given, seccomp rules."""
    config = with_seccomp()
    config["mounts"] += [
        {"destination": f"/data/{n}", "type": "bind", "source": f"/srv/{n}",
         "options": ["rbind", "rprivate", "ro"]} for n in range(mounts - len(config["mounts"]))]
    config["mounts"] = config["mounts"][:mounts]
    config["process"]["env"] = [f"NAME_{n}=value of {n}" for n in range(env)]
    if rules is not None:
        config["linux"]["seccomp"]["syscalls"] = [
            {"names": [f"call_{n}"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
             "args": [{"index": 0, "value": n, "op": "SCMP_CMP_EQ"}]} for n in range(rules)]
    return json.dumps(config).encode()


def best(data, rounds=40):
    """The least time one load_config takes, in seconds."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        load_config(data)
        found.append(time.perf_counter() - started)
    return min(found)


def test_docker_sized_config(benchmark):
    """PY-12: 40 mounts, a full seccomp profile, 30 env entries."""
    data = sized()
    benchmark.extra_info["bytes"] = len(data)
    assert benchmark(load_config, data)["mounts"]


@pytest.mark.parametrize("everything", [False, True], ids=["validate", "with-rules"])
def test_import(benchmark, everything):
    """PY-12: processor time of importing config.validate, compiled.

    The rules are imported for the parts that a config has; a docker config has most of them.
    """
    compileall.compile_dir(TOP / "pyrunc" / "config", quiet=1)
    compileall.compile_dir(TOP / "pyrunc" / "tables", quiet=1)
    data = ENGINES / "docker-1.json"
    code = ("import sys, time, os; sys.path.insert(0, sys.argv[1]); data = open(sys.argv[2], 'rb')"
            ".read(); start = time.process_time()\n"
            "import pyrunc.config.validate as v\n"
            + ("v.load_config(data)\n" if everything else "")
            + "first = time.process_time() - start\n"
            "start = time.process_time(); v.load_config(data)\n"
            "print(first - (time.process_time() - start) * " + str(int(everything)) + ")")

    def imported():
        return float(subprocess.run([sys.executable, "-I", "-S", "-c", code, TOP, data],
                                    capture_output=True, check=True, text=True).stdout)

    times = [imported() for _ in range(24)]
    times.append(benchmark.pedantic(imported, rounds=1))
    benchmark.extra_info["import_ms"] = round(min(times) * 1e3, 2)
    assert min(times) > 0


@pytest.mark.parametrize(("what", "few", "many"), [
    ("mounts", 10, 1000), ("env", 50, 5000), ("rules", 10, 400),
])
def test_growth(benchmark, what, few, many):
    """PY-12: what one more mount, env entry or seccomp rule costs as they grow (1 = linear).

    Measured between a quarter and the whole of `many`, after the fixed part is taken off.
    """
    base = best(sized(**{what: few}))
    quarter = best(sized(**{what: many // 4})) - base
    whole = best(sized(**{what: many})) - base
    ratio = (many - few) / (many // 4 - few)
    benchmark.extra_info["growth"] = round(whole / (quarter * ratio), 2)
    assert benchmark.pedantic(load_config, args=(sized(**{what: many}),), rounds=1)["ociVersion"]
