# SPDX-License-Identifier: Apache-2.0
"""The library leaves the process that uses it as it was, in many threads at once too."""

from __future__ import annotations

import ctypes
import gc
import locale
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyrunc import DEVNULL, Container
from tests.runtime.harness import Bundle

from .conftest import STREAMS, Make

THREADS = 8
EACH = 4
QUIET = dict.fromkeys(STREAMS, DEVNULL)
PR_GET_DUMPABLE, PR_GET_CHILD_SUBREAPER = 3, 37
libc = ctypes.CDLL(None)


def facts() -> dict[str, Any]:
    """What a process has but once."""
    umask = os.umask(0)
    os.umask(umask)
    subreaper = ctypes.c_int()
    libc.prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(subreaper), 0, 0, 0)
    return {
        "umask": umask,
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "locale": locale.setlocale(locale.LC_ALL),
        "handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "subreaper": subreaper.value,
        "dumpable": libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
        "affinity": os.sched_getaffinity(0),
        "threads": threading.active_count(),
        "hooks": (sys.excepthook, threading.excepthook),
        "cgroups": Path("/proc/self/cgroup").read_text(),
        "namespaces": [os.readlink(f"/proc/self/ns/{n}") for n in os.listdir("/proc/self/ns")],
        "descriptors": len(os.listdir("/proc/self/fd")),
    }


def life(make: Make, name: str, **how: Any) -> int:
    """One container from create to delete, with an exec on the way: the exec's status."""
    with make(name, **how) as container:
        container.start()
        status = container.exec(["/bin/sh", "-c", "exit 5"], **QUIET).wait(30)
        container.kill("KILL")
        assert container.wait(30) == 128 + signal.SIGKILL
        container.delete()
    return status


def test_nothing_of_the_process_changes(make: Make) -> None:
    """LIB: umask, signals, directory, environment, locale, subreaper, descriptors: as before."""
    libc.prctl(36, 0, 0, 0, 0)  # the suite is a subreaper; a program need not be
    try:
        life(make, "first")
        before = facts()
        life(make, "second")
        gc.collect()
        assert facts() == before
    finally:
        libc.prctl(36, 1, 0, 0, 0)


def test_threads(make: Make, bundle: Bundle) -> None:
    """LIB: containers are made, entered and deleted in eight threads at once; none is lost, mixed
    up or left."""
    names = [f"t{number}" for number in range(THREADS * EACH)]
    before = facts()
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(lambda name: life(make, name, config=at(bundle, name)), names)) == [
            5
        ] * len(names)
    gc.collect()
    assert facts() == before


def test_threads_compile_seccomp(make: Make, bundle: Bundle) -> None:
    """LIB: a seccomp profile that is not compiled yet is compiled by many threads at once."""
    bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat", "chmod"], "action": "SCMP_ACT_ERRNO"}],
    }
    barrier = threading.Barrier(THREADS)

    def one(name: str) -> int:
        barrier.wait()
        return life(make, name, config=at(bundle, name))

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(one, [f"s{n}" for n in range(THREADS)])) == [5] * THREADS


def test_one_container_in_many_threads(make: Make) -> None:
    """LIB: one object serves many threads: each wait returns the status, each exec its own."""
    with make() as container:
        container.start()

        def enter(number: int) -> int:
            return container.exec(["/bin/sh", "-c", f"exit {number}"], **QUIET).wait(30)

        with ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(enter, range(THREADS))) == list(range(THREADS))
            waits = [pool.submit(container.wait, 30) for _ in range(THREADS - 1)]
            container.kill("KILL")
            assert [each.result() for each in waits] == [137] * (THREADS - 1)


def test_others_run_meanwhile(make: Make, bundle: Bundle, home: Path) -> None:
    """LIB: while one thread is in the C core the others run: a hook of create waits for a file that
    another thread of this process writes."""
    flag = home / "flag"
    script = f"while ! test -e {flag}; do sleep 0.01; done"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", script], "timeout": 20}
    bundle.config["hooks"] = {"createRuntime": [hook]}
    timer = threading.Timer(0.05, flag.touch)
    timer.start()
    container: Container = make()
    timer.join()
    assert container.status == "created"


def at(bundle: Bundle, name: str) -> dict[str, Any]:
    """The bundle's config in a cgroup of its own."""
    path = f"{bundle.linux['cgroupsPath']}-{name}"
    return {**bundle.config, "linux": {**bundle.linux, "cgroupsPath": path}}
