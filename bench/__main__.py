# SPDX-License-Identifier: Apache-2.0
"""All benchmarks in one command: `python -m bench`, as root, on a machine that does nothing else.

Measures both views of the host's cgroups, then writes bench/results (JSON, SVG) and the tables in
docs/benchmarks.md and README.md. `--quick` shows that all of it works, in less than a minute, and
writes to build/bench.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

from . import report
from .view import host_cgroups

TOP = Path(__file__).resolve().parent.parent
# What is measured in each view; the second is for the verbs, and to see that they are no slower.
SUITES = {
    "v1": ["lifecycle", "library", "memory", "cold", "scale", "growth"],
    "v2": ["lifecycle", "library", "memory"],
}
PAGES = {"docs/benchmarks.md": report.page, "README.md": report.readme}
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def main() -> int:
    """0 when all was measured and written, 1 when some runtime has no figure in some row."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument("--rounds", type=int, default=20, help="of each verb (default: 20)")
    parser.add_argument("--render", action="store_true", help="only write the pages again")
    given = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("containers beside crun and runc are made as root only")
    out = TOP / "build" / "bench" if given.quick else TOP / "bench" / "results"
    out.mkdir(parents=True, exist_ok=True)
    if given.render:
        results = json.loads((out / "results.json").read_text())
    else:
        results = _measure(out, given.quick, given.rounds)
        (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    _draw(results, out)
    for name, make in PAGES.items():
        text = between((TOP / name).read_text(), make(results))
        (out / Path(name).name if given.quick else TOP / name).write_text(text)
    print(f"written: {out}")
    failures = [
        f"{view}: {row}: {runtime}: {reason}"
        for view, found in results["views"].items()
        for row, reasons in found["failed"].items()
        for runtime, reason in reasons.items()
    ]
    print(*failures, sep="\n")
    return 1 if failures else 0


def _measure(out: Path, quick: bool, rounds: int) -> report.Results:
    results: report.Results = {
        "date": datetime.date.today().isoformat(),
        "machine": {
            "model": _model(),
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "load": f"{os.getloadavg()[0]:.1f}",
        },
        "views": {},
    }
    started = time.monotonic()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # With 1000 mounts crun has more than the usual 1024 descriptors open.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    for view in ("v2",) if host_cgroups() == "v2" else SUITES:
        file = out / f"{view}.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--benchmark-columns=min,median,max", "--benchmark-disable-gc"]
        command += [f"--bench-cgroups={view}", f"--bench-json={file}", f"--bench-rounds={rounds}"]
        command += ["--bench-quick"] if quick else []
        command += [f"bench/test_{suite}.py" for suite in SUITES[view]]
        done = subprocess.run(command, cwd=TOP, check=False)
        if not file.exists():
            sys.exit(
                f"bench: nothing was measured in the {view} view: pytest ended {done.returncode}"
            )
        found = json.loads(file.read_text())
        file.unlink()
        results["versions"] = found.pop("versions")
        results["views"][view] = found
    results["seconds"] = round(time.monotonic() - started)
    return results


def _model() -> str:
    """The processor as /proc/cpuinfo calls it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _draw(results: report.Results, out: Path) -> None:
    from .plots import draw

    try:
        draw(results, out)
    except ImportError as error:
        print(f"no plots: {error} (pip install matplotlib)")


def between(text: str, new: str) -> str:
    """The text with `new` between its markers; ValueError when they are not there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no {BEGIN} ... {END} to write between")
    return f"{head}{begin}\n{new}\n{end}{tail}"


if __name__ == "__main__":
    sys.exit(main())
