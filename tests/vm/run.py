# SPDX-License-Identifier: Apache-2.0
"""Command line: run tests in the virtual machine and bring the results back.

python tests/vm/run.py                                the whole matrix, two machines
python tests/vm/run.py --as user --systemd            one flavour
python tests/vm/run.py --runtime /usr/sbin/runc -- pytest tests/vm/inside
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from tests import hosts  # noqa: E402
from tests.runtime.harness.bundle import compile_witness  # noqa: E402
from tests.vm import image, machine  # noqa: E402

CHECKOUT = image.CHECKOUT
INSIDE = "/payload/checkout"
PYRUNC = "/opt/pyrunc/bin/pyrunc"
BOUND = 25 * 60  # seconds for everything after the image is there
SYSTEMD = "--systemd-cgroup"
RESERVE = 75  # seconds of the bound for building, booting, and the results
PATIENCE = "5"  # factor of the suite's bounds: emulated, and others have the cores too
# Importing Hypothesis, which only tests/unit needs, takes seconds.
PYTEST = ["pytest", "-v", "--tb=short", "-p", "no:hypothesispytest"]
INSIDE_ONLY = [*PYTEST, "tests/vm/inside"]
WITHOUT_PODMAN = [*INSIDE_ONLY, "--ignore=tests/vm/inside/test_podman.py"]
# Emulation is slow: docs/vm.md says what is left out and why.
SELECTED = [*PYTEST, "-k", hosts.ASKS_THE_KERNEL]
SUITE = [*SELECTED, *hosts.files(*hosts.MACHINE)]
SUITE_SYSTEMD = [*SELECTED, *hosts.files(*hosts.MACHINE_SYSTEMD)]
# Without clone3 the new process is moved into its cgroup: on v2 with all controllers.
WITHOUT = ("cgroups", "delete", "kill", "pause")
SUITE_ENOSYS = ["env", "PYRUNC_ENOSYS=all", *SELECTED, *hosts.files(*WITHOUT)]
UNIT = ["pytest", "-v", "--tb=short", "tests/unit/cgroups"]

FLAVOURS = {  # name: (who, global flags of the runtime, what runs when no command is given)
    "root-cgroupfs": ("root", "", INSIDE_ONLY),
    "root-systemd": ("root", SYSTEMD, INSIDE_ONLY),
    "user-cgroupfs": ("user", "", WITHOUT_PODMAN),
    "user-systemd": ("user", SYSTEMD, INSIDE_ONLY),
    "plain": ("plain", "", INSIDE_ONLY),
    "cgroups": ("root", "", UNIT),
    "suite-systemd": ("root", SYSTEMD, SUITE_SYSTEMD),
    "suite-enosys": ("root", "", SUITE_ENOSYS),
    "suite": ("root", "", SUITE),
}
# The machines of the whole matrix, which run at the same time, and what each does in turn: about
# the same time each.
MACHINES = {
    "one": ("root-cgroupfs", "cgroups", "suite"),
    "two": (
        *("user-systemd", "plain", "user-cgroupfs", "root-systemd"),
        *("suite-systemd", "suite-enosys"),
    ),
}


def copy_checkout(target: Path) -> None:
    """Copy the checkout's files (tracked or new, not ignored) as they are now."""
    git = ["git", "-C", str(CHECKOUT), "-c", f"safe.directory={CHECKOUT}"]
    files = [*git, "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(files, check=True, capture_output=True).stdout
    for name in filter(None, os.fsdecode(listed).split("\0")):
        source, copy = CHECKOUT / name, target / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)


def build_wheel(checkout: Path, target: Path) -> None:
    """Build pyrunc's wheel (stable ABI, so any Python can) from the copied checkout."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(target), str(checkout)],
        check=True,
    )


def flavour_step(name: str, argv: list[str], runtime: str) -> dict[str, Any]:
    """Return the job's step that runs `argv` in one flavour."""
    who, flags, default = FLAVOURS[name]
    argv = argv or default
    if "pytest" in argv:
        argv = [*argv, "-p", "no:cacheprovider", "--junit-xml={junit}"]
    env = {
        "OCI_RUNTIME": f"{runtime} {flags}".rstrip(),
        "PYRUNC_VM": "1",
        "PYRUNC_PATIENCE": PATIENCE,
    }
    return {"name": name, "who": who, "argv": argv, "cwd": INSIDE, "env": env}


def make_job(flavours: list[str], argv: list[str], runtime: str, seconds: float) -> dict[str, Any]:
    """Return job.json: for each machine the install step when pyrunc is under test, then one step
    a flavour.
    """
    steps: dict[str, list[dict[str, Any]]] = {}
    for machine_name, its_flavours in MACHINES.items():
        mine = [name for name in its_flavours if name in flavours]
        if mine:
            install = [install_step(machine_name)] if runtime == PYRUNC else []
            steps[machine_name] = install + [flavour_step(name, argv, runtime) for name in mine]
    # The machine takes its time of day from this one, so the end may be told by the clock.
    return {"until": time.time() + seconds, "steps": steps}


def install_step(machine_name: str) -> dict[str, Any]:
    """Return the step that installs the wheel in a machine; without it nothing else is done."""
    pip = "/opt/pyrunc/bin/pip install -q --no-index --no-deps /payload/wheels/*.whl"
    step = {"name": f"install-{machine_name}", "who": "root", "argv": ["sh", "-c", pip]}
    return step | {"cwd": "/", "env": {}, "required": True}


def make_payload(work: Path, job: dict[str, Any], runtime: str) -> Path:
    """Write the second disk: checkout, wheel, job and the program that does the job."""
    tree, disk = work / "payload", work / "payload.disk"
    copy_checkout(tree / "checkout")
    if runtime == PYRUNC:
        build_wheel(tree / "checkout", tree / "wheels")
    shutil.copy(HERE / "guest.py", tree / "guest.py")
    compile_witness(tree / "inside")  # static; the emulated compiler takes half a minute
    (tree / "job.json").write_text(json.dumps(job))
    machine.make_disk(tree, disk)
    return disk


def run(
    flavours: list[str],
    argv: list[str],
    out: Path,
    *,
    runtime: str = PYRUNC,
    seconds: float = BOUND,
    rebuild: bool = False,
    say: machine.Say = lambda line: print(line, flush=True),
) -> dict[str, int]:
    """Run `argv` (empty: the flavour's own) once a flavour, in as many machines as MACHINES says.

    Returns {step: exit status}, 125 where it never ran. Logs, junit files and the consoles are
    left in `out`. Raises MachineError when a machine itself failed; its message holds the
    tail of the console.
    """
    machine.need_host()
    out.mkdir(parents=True, exist_ok=True)
    with image.image(say, rebuild=rebuild) as directory:
        end = time.monotonic() + seconds
        with tempfile.TemporaryDirectory(prefix="pyrunc-vm-", dir=image.cache_directory()) as name:
            work = Path(name)
            job = make_job(flavours, argv, runtime, seconds - RESERVE)
            payload = make_payload(work, job, runtime)
            say(f"booting {len(job['steps'])} of them")
            machines = [
                machine.Machine(one, directory, payload, work, out, say) for one in job["steps"]
            ]
            machine.follow(machines, end - time.monotonic())
    found = {}
    for step in itertools.chain(*job["steps"].values()):
        status = out / f"{step['name']}.exit"
        found[step["name"]] = int(status.read_text()) if status.exists() else 125
    return found


def show_failures(found: dict[str, int], out: Path) -> None:
    """Print the end of the log of each step that failed."""
    for name, status in found.items():
        log = out / f"{name}.log"
        if status and log.exists():
            tail = log.read_text(errors="replace").splitlines()[-60:]
            print(f"--- {name}: exit status {status} ---", *tail, sep="\n", flush=True)


def main() -> int:
    """Parse the command line, run, print a summary; return 0 when each step ended with 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as", dest="who", choices=("root", "user", "plain"), help="one flavour")
    parser.add_argument("--systemd", action="store_true", help="use the systemd cgroup driver")
    parser.add_argument("--flavour", action="append", choices=sorted(FLAVOURS), default=[])
    parser.add_argument("--runtime", default=PYRUNC, help="path inside the machine")
    parser.add_argument("--results", type=Path, help="directory for logs and junit files")
    parser.add_argument("--seconds", type=float, default=BOUND, help="bound for build, boot, tests")
    parser.add_argument("--rebuild", action="store_true", help="make the image anew")
    parser.add_argument("argv", nargs="*", metavar="command", help="default: the suites")
    options = parser.parse_args()
    flavours = options.flavour or list(FLAVOURS)
    if options.who or options.systemd:
        want = (options.who or "root", SYSTEMD if options.systemd else "")
        flavours = [name for name, have in FLAVOURS.items() if have[:2] == want][:1]
        if not flavours:
            parser.error("no such flavour: plain has no systemd")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    out = options.results or Path(tempfile.mkdtemp(prefix="pyrunc-vm-results-"))
    try:
        found = run(
            flavours, options.argv, out, runtime=options.runtime,
            seconds=options.seconds, rebuild=options.rebuild,
        )  # fmt: skip
    except (machine.MachineError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"tests/vm: {error}", file=sys.stderr)
        return 125
    show_failures(found, out)
    for name, status in found.items():
        print(f"{name}: exit status {status}")
    print(f"results: {out}")
    return max(found.values(), default=125)


if __name__ == "__main__":
    sys.exit(main())
