# SPDX-License-Identifier: Apache-2.0
"""Runs inside the machine as root: does the steps of job.json, writes results to the third disk.

Progress goes to stdout (the second serial line), one line at a time; each step's whole output is
kept as NAME.log, its exit status as NAME.exit, and the junit file that it wrote as NAME.xml.
"""

from __future__ import annotations

import json
import os
import pwd
import shlex
import signal
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

PAYLOAD = Path("/payload")
RESULTS = Path("/run/pyrunc-results")
RESULTS_DISK = "/dev/vdc"
USERS = {"root": "root", "user": "tester", "plain": "plain"}
SAY_EVERY = 5.0  # seconds between two progress lines of one step
LAST_WORDS = 60.0  # seconds that a step has to end when it is out of time
WRITE_BACK = {  # the disk ends with the machine: what is removed soon need not be written
    "dirty_ratio": "60",
    "dirty_background_ratio": "50",
    "dirty_expire_centisecs": "360000",
    "dirty_writeback_centisecs": "0",
}
QUIET = 30.0  # a step that says nothing is mentioned this often


def say(text: str) -> None:
    """Print one progress line with the seconds since boot."""
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    print(f"[{uptime:6.1f}] {text}", flush=True)


def environment(who: str, extra: dict[str, str]) -> dict[str, str]:
    """Return the environment of a step: a login's minimum, no more."""
    entry = pwd.getpwnam(USERS[who])
    found = {
        "PATH": "/opt/pyrunc/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": entry.pw_dir,
        "USER": entry.pw_name,
        "LOGNAME": entry.pw_name,
        "LANG": "C.UTF-8",
    }
    if who == "user":
        found["XDG_RUNTIME_DIR"] = f"/run/user/{entry.pw_uid}"
        found["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path=/run/user/{entry.pw_uid}/bus"
    return found | extra


def command(who: str, argv: list[str]) -> list[str]:
    """Return the command line that runs `argv` as that person.

    root and user get a scope of their own with delegated controllers, from the system's and
    from the user's systemd; plain gets neither a session nor a cgroup.
    """
    scope = ["systemd-run", "--quiet", "--scope", "--collect", "-p", "Delegate=yes"]
    drop = ["setpriv", f"--reuid={USERS[who]}", f"--regid={USERS[who]}", "--init-groups"]
    return {
        "root": [*scope, "--", *argv],
        "user": [*drop, *scope, "--user", "--", *argv],
        "plain": [*drop, *argv],
    }[who]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a step that is out of time: by SIGINT, on which pytest still tells what it knows."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(LAST_WORDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def follow(process: subprocess.Popen[bytes], log: Path, name: str, seconds: float) -> int:
    """Wait for a step, telling each failed test at once and its newest line now and then; kill
    its group when time is up.
    """
    end, said = time.monotonic() + seconds, time.monotonic()
    pending = newest = told = b""
    with log.open("rb") as output:
        while process.poll() is None:
            time.sleep(0.5)
            now = time.monotonic()
            if now >= end:
                stop(process)
                say(f"{name}: out of time after {seconds:.0f} s")
                return 124
            *lines, pending = (pending + output.read()).split(b"\n")
            for line in lines:
                if b" FAILED" in line or b" ERROR" in line:
                    say(f"{name}: {line.decode(errors='replace')}")
            newest = pending or (lines or [newest])[-1]
            if now - said >= (SAY_EVERY if newest != told else QUIET):
                say(f"{name}: {newest.decode(errors='replace')[-110:] or '(no output yet)'}")
                said, told = now, newest
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def run_step(step: dict[str, Any], seconds: float) -> int:
    """Run one step; return its exit status (124: out of time)."""
    name, who = step["name"], step["who"]
    log = RESULTS / f"{name}.log"
    junit = Path(f"/tmp/{name}.xml")
    environ = environment(who, step["env"]) | {"PYRUNC_VM_JUNIT": str(junit)}
    argv = [word.replace("{junit}", str(junit)) for word in step["argv"]]
    say(f"{name}: {shlex.join(argv)} (as {USERS[who]})")
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command(who, argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=step["cwd"],
            env=environ,
            start_new_session=True,
        )
        status = follow(process, log, name, seconds)
    if junit.exists():
        (RESULTS / f"{name}.xml").write_bytes(junit.read_bytes())
    (RESULTS / f"{name}.exit").write_text(f"{status}\n")
    say(f"{name}: exit status {status} after {time.monotonic() - started:.1f} s")
    return status


def bring_back() -> None:
    """Write all results so far to the third disk, so that a later crash loses nothing."""
    with tarfile.open(RESULTS_DISK, "w") as archive:
        for path in sorted(RESULTS.iterdir()):
            archive.add(path, arcname=path.name)
    os.sync()


def wait_for_session(seconds: float = 60) -> None:
    """Wait until the lingering user's systemd and message bus answer."""
    bus, end = Path("/run/user/1000/bus"), time.monotonic() + seconds
    while not bus.exists():
        if time.monotonic() > end:
            raise SystemExit("the user session of tester did not come up")
        time.sleep(0.2)


def main() -> None:
    """Do this machine's steps within the job's time; a failing install step ends the job."""
    job = json.loads((PAYLOAD / "job.json").read_text())
    words = Path("/proc/cmdline").read_text().split()
    name = next(word.partition("=")[2] for word in words if word.startswith("pyrunc.machine="))
    RESULTS.mkdir(mode=0o755)
    for file, value in WRITE_BACK.items():
        Path("/proc/sys/vm", file).write_text(value)
    say("the machine is up")
    for step in job["steps"][name]:
        left = job["until"] - time.time()
        if left <= 0:
            say(f"{step['name']}: no time left")
            break
        if step["who"] == "user":
            wait_for_session()
        status = run_step(step, min(left, step.get("seconds", left)))
        bring_back()
        if status and step.get("required"):
            break


if __name__ == "__main__":
    main()
