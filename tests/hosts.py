# SPDX-License-Identifier: Apache-2.0
"""Which files of the black-box suite (tests/runtime) are run again on another kind of host.

Names without test_ and .py. A file that is in none of the tables is run where there is time: its
subject (mounts, seccomp, capabilities ...) depends on the kernel and not on cgroups.
"""

from __future__ import annotations

from pathlib import Path

SUITE = Path(__file__).resolve().parent / "runtime"

# About cgroups themselves.
CGROUPS = (
    *("cgroup_in_use", "cgroups", "device_rules", "events", "exec_cgroup", "limits", "pause"),
    *("ps", "refused_limits", "update", "update_devices", "update_members"),
)
# What makes, joins, finds or removes cgroups by the way.
LIFE = (
    *("conformance_lifecycle", "conformance_operations", "crash", "delete", "devices", "exec"),
    *("front_door", "kill", "lifecycle", "list", "namespaces", "run", "spec", "state"),
    "user_namespace",
)
# The same on every host: command line, texts, the runtime's own files and descriptors; the
# container's environment and limits of a process, which the kernel has had for twenty years; and
# "enosys", where a filter speaks for the kernel.
SAME_EVERYWHERE = (
    *("argv", "bad_input", "console", "enosys", "environment", "exec_process", "fds", "features"),
    *("foreground", "harness", "hooks", "intelrdt", "library", "log", "pidfile", "process"),
    *("rlimits", "root_directory", "sockets", "syscall_counts", "terminal", "trace", "views"),
)


def files(*names: str) -> list[str]:
    """The paths, from the checkout's top, of those of the named files that there are."""
    found = [SUITE / f"test_{name}.py" for name in names]
    return [str(path.relative_to(SUITE.parent.parent)) for path in found if path.exists()]


def everything_but(*names: str) -> list[str]:
    """The paths of all other files: those about cgroups first, then the lifecycle's, then the
    rest.
    """
    rest = sorted(path.stem.removeprefix("test_") for path in SUITE.glob("test_*.py"))
    order = dict.fromkeys((*CGROUPS, *LIFE, *rest))
    return files(*[name for name in order if name not in names])
