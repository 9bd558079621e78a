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
import os
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


def refusal(program, home, path):
    """Seconds of wall and of processor time that `create` takes to refuse a config and say why."""
    (home / "config.json").write_bytes(path.read_bytes())
    command = [program, "--root", home / "root", "create", "--bundle", home, "refused"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1, path
    return wall, usage.ru_utime + usage.ru_stime


def test_refusal(benchmark, tmp_path):
    """A config that is refused costs no more than a good one: the goal is 250 ms with the
    explanation, for the worst of the corpus (every eighth file, the best of three each).
    """
    program = Path(sys.executable).parent / "pyrunc"
    (tmp_path / "rootfs").mkdir()
    files = sorted((TOP / "tests" / "corpus" / "bad").glob("*.json"))[::8]
    times = {path.name: [min(each) for each in zip(*(refusal(program, tmp_path, path)
                                                     for _ in range(3)), strict=True)]
             for path in files}
    worst = max(times, key=lambda name: times[name][0])
    middle = sorted(wall for wall, _ in times.values())[len(times) // 2]
    benchmark.extra_info["worst"] = worst
    benchmark.extra_info["worst_ms"] = round(times[worst][0] * 1e3, 1)
    benchmark.extra_info["median_ms"] = round(middle * 1e3, 1)
    benchmark.extra_info["worst_cpu_ms"] = round(max(cpu for _, cpu in times.values()) * 1e3, 1)
    benchmark.pedantic(refusal, (program, tmp_path, files[0]), rounds=3)
