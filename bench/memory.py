# SPDX-License-Identifier: Apache-2.0
"""How much memory a runtime takes: while it works, while it waits, and within what limit."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .runtimes import Runtime

LIMITS_KIB = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
_TRIES = 3
_BOUND_S = 20.0


def memory(runtime: Runtime, *, limits: bool) -> dict[str, int]:
    """KiB by what was looked at; the smallest limit only where cgroups limit memory."""
    found = _create(runtime)
    found["foreground run"] = _foreground(runtime)
    if limits:
        found["smallest limit"] = _smallest(runtime)
    return found


def _create(runtime: Runtime) -> dict[str, int]:
    """Resident memory of a created container's waiting init, peak of the create call."""
    file = runtime.home / "peak"
    prefix = (str(runtime.bundles.small), "peak", str(file))
    container, pid, _ = runtime.create(runtime.bundles.true, prefix=prefix)
    found = {"waiting init": resident(pid), "peak of create": int(file.read_text())}
    runtime.kill(container)
    runtime.delete(container)
    return found


def _foreground(runtime: Runtime) -> int:
    """Resident memory of the runtime while it waits for a program in the foreground."""
    container, file = runtime.new_id(), runtime.home / "foreground"
    file.unlink(missing_ok=True)
    pid = runtime.spawn(
        "run", "--bundle", runtime.bundles.pause, "--pid-file", file, container
    )  # fmt: skip
    end = time.monotonic() + _BOUND_S
    inside = 0
    try:
        while not inside or _program(inside) != "small":
            assert time.monotonic() < end, f"{runtime.name} run: the program did not start"
            time.sleep(0.02)
            inside = int(file.read_text() or 0) if file.exists() else 0
        last = -1
        while (now := resident(pid)) != last:  # until it has settled
            last = now
            time.sleep(0.1)
        return now
    finally:
        if inside:
            os.kill(inside, signal.SIGKILL)
        os.waitpid(pid, 0)


def _program(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _smallest(runtime: Runtime) -> int:
    """The smallest limit under which `true` runs, several times in a row."""
    for kib in LIMITS_KIB:
        bundle = runtime.bundles.limited(kib)
        if all(_runs(runtime, bundle) for _ in range(_TRIES)):
            return kib
    raise AssertionError(f"{runtime.name} runs nothing within {LIMITS_KIB[-1]} KiB")


def _runs(runtime: Runtime, bundle: Path) -> bool:
    container = runtime.new_id()
    pid = runtime.spawn("run", "--bundle", bundle, container)
    end = time.monotonic() + _BOUND_S
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.002)
    if done[0] and done[1] == 0:
        return True
    os.waitpid(runtime.spawn("delete", "--force", container), 0)
    return False


def resident(pid: int) -> int:
    """VmRSS in KiB. proc_pid_status(5)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no VmRSS: it has ended")
